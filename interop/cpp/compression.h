// The cases of compressed messages, each way. Whether a message came compressed is asked of gRPC itself (inspect.h).
#pragma once

#include "client.h"

namespace interop {

inline void compressed_unary(Client& client, bool expected, bool compressed, grpc::StatusCode code) {
  Context context;
  if (compressed) context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  SimpleRequest request = request_of(271828, 314159);
  request.mutable_expect_compressed()->set_value(expected);
  SimpleResponse response;
  failed(client.stub->UnaryCall(&context, request, &response), code);
  if (code == grpc::StatusCode::OK) is_payload(response.payload(), 314159);
}

inline void client_compressed_unary(Client& client) {
  // Whether the server looks at all: it must refuse what is not as it says.
  compressed_unary(client, true, false, grpc::StatusCode::INVALID_ARGUMENT);
  compressed_unary(client, true, true, grpc::StatusCode::OK);
  compressed_unary(client, false, false, grpc::StatusCode::OK);
}

inline bool write_input(grpc::ClientWriter<StreamingInputCallRequest>& stream, int size, bool expected,
                        bool compressed) {
  StreamingInputCallRequest request;
  *request.mutable_payload() = payload_of(size);
  request.mutable_expect_compressed()->set_value(expected);
  grpc::WriteOptions options;
  if (!compressed) options.set_no_compression();
  return stream.Write(request, options);
}

inline void client_compressed_streaming(Client& client) {
  Context probe;
  StreamingInputCallResponse response;
  auto stream = client.stub->StreamingInputCall(&probe, &response);
  write_input(*stream, 27182, true, false);
  stream->WritesDone();
  failed(stream->Finish(), grpc::StatusCode::INVALID_ARGUMENT);

  Context context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  stream = client.stub->StreamingInputCall(&context, &response);
  same("write", write_input(*stream, 27182, true, true), true);
  same("write", write_input(*stream, 45904, false, false), true);
  stream->WritesDone();
  ok(stream->Finish());
  same("sum", response.aggregated_payload_size(), 73086);
}

inline void server_compressed_unary(Client& client) {
  for (bool compressed : {true, false}) {
    Context context;
    SimpleRequest request = request_of(271828, 314159);
    request.mutable_response_compressed()->set_value(compressed);
    SimpleResponse response;
    ok(client.stub->UnaryCall(&context, request, &response));
    is_payload(response.payload(), 314159);
    same("compressed", InteropClientContextInspector::compressed(context), compressed);
  }
}

inline void server_compressed_streaming(Client& client) {
  Context context;
  auto request = output_request(0, {31415, 92653});
  request.mutable_response_parameters(0)->mutable_compressed()->set_value(true);
  request.mutable_response_parameters(1)->mutable_compressed()->set_value(false);
  const auto stream = client.stub->StreamingOutputCall(&context, request);
  StreamingOutputCallResponse response;
  for (const auto& parameters : request.response_parameters()) {
    same("read", stream->Read(&response), true);
    is_payload(response.payload(), parameters.size());
    same("compressed", InteropClientContextInspector::compressed(context), parameters.compressed().value());
  }
  same("one more message", stream->Read(&response), false);
  ok(stream->Finish());
}

}  // namespace interop
