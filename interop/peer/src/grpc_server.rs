//! The server of `Interop` and `Greeter`.

use crate::cases::Failure;
use crate::proto::helloworld::{Greeter, GreeterServer, HelloReply, HelloRequest};
use crate::proto::interop::{EchoReply, EchoRequest, Interop, InteropServer};
use std::time::Duration;
use threadwire::grpc::{
    Code, Encoding, InvalidMetadata, Metadata, MetadataValue, Request, Response, Server, ServerHandle, Status,
};

struct Echo;

impl Interop for Echo {
    fn echo(&self, request: Request<EchoRequest>) -> Result<Response<EchoReply>, Status> {
        let echoed = echoed(request.metadata())?;
        let compress = request.metadata().get("x-compress-reply").map(str::to_owned);
        let came = request.was_compressed();
        // A call that was given up needs no sleep to its end.
        request.cancellation().wait_timeout(Duration::from_millis(request.message().sleep_ms.into()));
        let EchoRequest { text, payload, fail_code, fail_message, reply_bytes, .. } = request.into_message();
        if fail_code != 0 {
            return Err(Status::new(Code::from(fail_code), fail_message).with_metadata(echoed));
        }
        let payload = if reply_bytes == 0 { payload } else { vec![0; reply_bytes as usize] };
        let mut response = Response::new(EchoReply { text, payload, ..Default::default() });
        *response.metadata_mut() = echoed.clone();
        *response.trailers_mut() = echoed;
        response.trailers_mut().append("x-came-compressed", if came { "true" } else { "false" })?;
        let encoding = Encoding::ALL.iter().find(|encoding| Some(encoding.name()) == compress.as_deref());
        Ok(response.with_encoding(encoding.copied().unwrap_or_default()))
    }
}

/// The entries that go back.
fn echoed(metadata: &Metadata) -> Result<Metadata, InvalidMetadata> {
    let mut echoed = Metadata::new();
    for (key, value) in metadata.iter().filter(|(key, _)| key.starts_with("x-echo-")) {
        match value {
            MetadataValue::Text(text) => echoed.append(key, text)?,
            MetadataValue::Binary(bytes) => echoed.append_bin(key, bytes.clone())?,
        }
    }
    Ok(echoed)
}

struct Greetings;

impl Greeter for Greetings {
    fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let message = format!("Hello, {}!", request.message().name);
        Ok(HelloReply { message, ..Default::default() }.into())
    }
}

/// Serves on `address`; answers the port.
pub(crate) fn serve(address: &str) -> Result<(ServerHandle, u16), Failure> {
    let server = Server::builder()
        .workers(20)
        .add_service(InteropServer::new(Echo))
        .add_service(GreeterServer::new(Greetings))
        .bind(address)?;
    let port = server.local_addresses().first().ok_or("it listens nowhere")?.port();
    Ok((server.spawn()?, port))
}
