// The server of grpc.testing: sizes, compression, status and metadata as the request asks for.
#pragma once

#include <unistd.h>

#include <chrono>
#include <iostream>
#include <thread>
#include <vector>

#include "flags.h"
#include "inspect.h"

namespace interop {

using namespace grpc::testing;
using grpc::Status;

constexpr int kMaxMessage = 16 << 20;
constexpr char kEchoInitial[] = "x-grpc-test-echo-initial";
constexpr char kEchoTrailing[] = "x-grpc-test-echo-trailing-bin";

inline Payload payload_of(int size) {
  Payload payload;
  payload.set_body(std::string(size, '\0'));
  return payload;
}

class TestServer final : public TestService::Service {
 public:
  Status EmptyCall(grpc::ServerContext* context, const Empty*, Empty*) override {
    echo_metadata(context);
    return Status::OK;
  }

  Status UnaryCall(grpc::ServerContext* context, const SimpleRequest* request, SimpleResponse* response) override {
    echo_metadata(context);
    if (!as_expected(*context, *request)) return unexpected();
    if (request->has_response_status()) return status_of(request->response_status());
    if (request->response_compressed().value()) compress(context);
    if (request->response_size() > 0) *response->mutable_payload() = payload_of(request->response_size());
    if (request->fill_server_id()) response->set_server_id("cpp " + std::to_string(getpid()));
    return Status::OK;
  }

  Status StreamingOutputCall(grpc::ServerContext* context, const StreamingOutputCallRequest* request,
                             grpc::ServerWriter<StreamingOutputCallResponse>* stream) override {
    echo_metadata(context);
    return answer(context, *request, stream);
  }

  Status StreamingInputCall(grpc::ServerContext* context, grpc::ServerReader<StreamingInputCallRequest>* stream,
                            StreamingInputCallResponse* response) override {
    echo_metadata(context);
    StreamingInputCallRequest request;
    int sum = 0;
    while (stream->Read(&request)) {
      if (!as_expected(*context, request)) return unexpected();
      sum += request.payload().body().size();
    }
    response->set_aggregated_payload_size(sum);
    return Status::OK;
  }

  Status FullDuplexCall(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<StreamingOutputCallResponse, StreamingOutputCallRequest>* stream) override {
    echo_metadata(context);
    StreamingOutputCallRequest request;
    while (stream->Read(&request)) {
      const Status status = answer(context, request, stream);
      if (!status.ok()) return status;
    }
    return Status::OK;
  }

  Status HalfDuplexCall(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<StreamingOutputCallResponse, StreamingOutputCallRequest>* stream) override {
    echo_metadata(context);
    std::vector<StreamingOutputCallRequest> requests;
    StreamingOutputCallRequest request;
    while (stream->Read(&request)) requests.push_back(request);
    for (const auto& each : requests) {
      const Status status = answer(context, each, stream);
      if (!status.ok()) return status;
    }
    return Status::OK;
  }

 private:
  static void echo_metadata(grpc::ServerContext* context) {
    const auto& sent = context->client_metadata();
    const auto value = [](grpc::string_ref text) { return std::string(text.begin(), text.end()); };
    if (auto at = sent.find(kEchoInitial); at != sent.end()) {
      context->AddInitialMetadata(kEchoInitial, value(at->second));
    }
    if (auto at = sent.find(kEchoTrailing); at != sent.end()) {
      context->AddTrailingMetadata(kEchoTrailing, value(at->second));
    }
  }

  template <typename Request>
  static bool as_expected(const grpc::ServerContext& context, const Request& request) {
    return !request.has_expect_compressed() ||
           request.expect_compressed().value() == InteropServerContextInspector::compressed(context);
  }

  static Status unexpected() {
    return Status(grpc::StatusCode::INVALID_ARGUMENT, "the request is not compressed as it says");
  }

  static Status status_of(const EchoStatus& asked) {
    return Status(static_cast<grpc::StatusCode>(asked.code()), asked.message());
  }

  static void compress(grpc::ServerContext* context) { context->set_compression_algorithm(GRPC_COMPRESS_GZIP); }

  // One message for each of the request's parameters, then the status that it asks for.
  template <typename Stream>
  static Status answer(grpc::ServerContext* context, const StreamingOutputCallRequest& request, Stream* stream) {
    for (const auto& parameters : request.response_parameters()) {
      // The call's encoding is settled with its first message.
      if (parameters.compressed().value()) compress(context);
      if (parameters.interval_us() > 0) {
        std::this_thread::sleep_for(std::chrono::microseconds(parameters.interval_us()));
      }
      grpc::WriteOptions options;
      if (!parameters.compressed().value()) options.set_no_compression();
      StreamingOutputCallResponse response;
      *response.mutable_payload() = payload_of(parameters.size());
      if (parameters.fill_peer_socket_address()) response.set_peer_socket_address(context->peer());
      if (!stream->Write(response, options)) return Status::CANCELLED;
    }
    return request.has_response_status() ? status_of(request.response_status()) : Status::OK;
  }
};

inline int serve(int count, char** arguments) {
  const Flags flags(count, arguments, {{"port", "0"}, {"use_tls", "false"}});
  TestServer service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("[::]:" + flags.text("port"), grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  builder.SetMaxReceiveMessageSize(kMaxMessage);
  const auto server = builder.BuildAndStart();
  if (!server || port == 0) throw std::runtime_error("cannot listen on port " + flags.text("port"));
  std::cout << "port " << port << std::endl;
  server->Wait();
  return 0;
}

}  // namespace interop
