//! What the server does that no case of the other languages' clients asks for.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use threadwire::grpc::{Channel, Code, Request};
use threadwire_interop_grpc::proto::{
    ResponseParameters, SimpleRequest, StreamingOutputCallRequest, TestServiceClient,
};

/// The program, ended with the test.
struct Server {
    process: Child,
    client: TestServiceClient,
}

impl Server {
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_interop-server")).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().unwrap();
        let client = TestServiceClient::new(Channel::connect(&format!("127.0.0.1:{port}")).unwrap());
        Self { process, client }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn one_response(size: i32) -> StreamingOutputCallRequest {
    let parameters = ResponseParameters { size, fill_peer_socket_address: true, ..Default::default() };
    StreamingOutputCallRequest { response_parameters: vec![parameters], ..Default::default() }
}

#[test]
fn a_half_duplex_call_is_answered_when_all_requests_have_come() {
    let server = Server::start();
    let (mut requests, responses) = server.client.half_duplex_call(Request::new(())).unwrap();
    for size in [1, 2, 3] {
        requests.send(one_response(size)).unwrap();
    }
    requests.finish().unwrap();
    let responses: Vec<_> = responses.map(Result::unwrap).collect();
    let sizes: Vec<usize> = responses.iter().map(|response| response.payload.as_ref().unwrap().body.len()).collect();
    assert_eq!(sizes, [1, 2, 3]);
    // All calls of a channel come from one socket.
    assert!(responses[0].peer_socket_address.contains("127.0.0.1"), "{:?}", responses[0]);
    assert_eq!(responses[0].peer_socket_address, responses[2].peer_socket_address);
}

#[test]
fn sizes_that_no_response_can_have_are_refused() {
    let server = Server::start();
    for (response_size, code) in [(-1, Code::InvalidArgument), (i32::MAX, Code::ResourceExhausted)] {
        let refused = server.client.unary_call(SimpleRequest { response_size, ..Default::default() });
        assert_eq!(refused.unwrap_err().code(), code);
    }
}

#[test]
fn a_server_has_one_name() {
    let server = Server::start();
    let name = || {
        let request = SimpleRequest { fill_server_id: true, ..Default::default() };
        server.client.unary_call(request).unwrap().into_message().server_id
    };
    assert!(name().starts_with("threadwire-"));
    assert_eq!(name(), name());
}
