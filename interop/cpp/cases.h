// The cases of the client by their names, as gRPC's interop test descriptions define them.
#pragma once

#include <functional>

#include "compression.h"
#include "many.h"

namespace interop {

constexpr int kSent[] = {27182, 8, 1828, 45904};
constexpr int kAnswered[] = {31415, 9, 2653, 58979};

inline void empty_unary(Client& client) {
  Context context;
  Empty response;
  ok(client.stub->EmptyCall(&context, Empty(), &response));
  same("length", response.ByteSizeLong(), size_t(0));
}

inline void client_streaming(Client& client) {
  Context context;
  StreamingInputCallResponse response;
  const auto stream = client.stub->StreamingInputCall(&context, &response);
  for (int size : kSent) {
    StreamingInputCallRequest request;
    *request.mutable_payload() = payload_of(size);
    same("write", stream->Write(request), true);
  }
  stream->WritesDone();
  ok(stream->Finish());
  same("sum", response.aggregated_payload_size(), 74922);
}

inline void server_streaming(Client& client) {
  Context context;
  const auto stream = client.stub->StreamingOutputCall(&context, output_request(0, {31415, 9, 2653, 58979}));
  StreamingOutputCallResponse response;
  for (int size : kAnswered) {
    same("read", stream->Read(&response), true);
    is_payload(response.payload(), size);
  }
  same("one more message", stream->Read(&response), false);
  ok(stream->Finish());
}

inline void ping_pong(Client& client) {
  Context context;
  const auto stream = client.stub->FullDuplexCall(&context);
  StreamingOutputCallResponse response;
  for (int at = 0; at < 4; ++at) {
    same("write", stream->Write(output_request(kSent[at], {kAnswered[at]})), true);
    same("read", stream->Read(&response), true);
    is_payload(response.payload(), kAnswered[at]);
  }
  stream->WritesDone();
  same("one more message", stream->Read(&response), false);
  ok(stream->Finish());
}

inline void empty_stream(Client& client) {
  Context context;
  const auto stream = client.stub->FullDuplexCall(&context);
  stream->WritesDone();
  StreamingOutputCallResponse response;
  same("a message", stream->Read(&response), false);
  ok(stream->Finish());
}

inline void is_echoed(const grpc::ClientContext& context) {
  const auto value = [](const auto& metadata, const char* key) {
    const auto at = metadata.find(key);
    return at == metadata.end() ? "(none)" : std::string(at->second.begin(), at->second.end());
  };
  same("initial metadata", value(context.GetServerInitialMetadata(), kEchoInitial), "test_initial_metadata_value");
  same("trailing metadata", value(context.GetServerTrailingMetadata(), kEchoTrailing), "\xab\xab\xab");
}

inline void custom_metadata(Client& client) {
  const auto add = [](grpc::ClientContext& context) {
    context.AddMetadata(kEchoInitial, "test_initial_metadata_value");
    context.AddMetadata(kEchoTrailing, "\xab\xab\xab");
  };
  Context unary;
  add(unary);
  SimpleResponse response;
  ok(client.stub->UnaryCall(&unary, request_of(271828, 314159), &response));
  is_payload(response.payload(), 314159);
  is_echoed(unary);

  Context duplex;
  add(duplex);
  const auto stream = client.stub->FullDuplexCall(&duplex);
  StreamingOutputCallResponse answer;
  same("write", stream->Write(output_request(271828, {314159})), true);
  same("read", stream->Read(&answer), true);
  is_payload(answer.payload(), 314159);
  stream->WritesDone();
  same("one more message", stream->Read(&answer), false);
  ok(stream->Finish());
  is_echoed(duplex);
}

inline void status(Client& client, const std::string& message, bool duplex_too) {
  EchoStatus asked;
  asked.set_code(2);
  asked.set_message(message);
  const auto check = [&](const Status& came) {
    failed(came, grpc::StatusCode::UNKNOWN);
    same("message", came.error_message(), message);
  };
  Context unary;
  SimpleRequest request;
  *request.mutable_response_status() = asked;
  SimpleResponse response;
  check(client.stub->UnaryCall(&unary, request, &response));
  if (!duplex_too) return;
  Context duplex;
  const auto stream = client.stub->FullDuplexCall(&duplex);
  StreamingOutputCallRequest output;
  *output.mutable_response_status() = asked;
  stream->Write(output);
  stream->WritesDone();
  StreamingOutputCallResponse answer;
  same("a message", stream->Read(&answer), false);
  check(stream->Finish());
}

inline void unimplemented_method(Client& client) {
  Context context;
  Empty response;
  failed(client.stub->UnimplementedCall(&context, Empty(), &response), grpc::StatusCode::UNIMPLEMENTED);
}

inline void unimplemented_service(Client& client) {
  Context context;
  Empty response;
  const auto stub = UnimplementedService::NewStub(client.channel);
  failed(stub->UnimplementedCall(&context, Empty(), &response), grpc::StatusCode::UNIMPLEMENTED);
}

inline void cancel_after_begin(Client& client) {
  Context context;
  StreamingInputCallResponse response;
  const auto stream = client.stub->StreamingInputCall(&context, &response);
  context.TryCancel();
  failed(stream->Finish(), grpc::StatusCode::CANCELLED);
}

inline void cancel_after_first_response(Client& client) {
  Context context;
  const auto stream = client.stub->FullDuplexCall(&context);
  StreamingOutputCallResponse response;
  same("write", stream->Write(output_request(27182, {31415})), true);
  same("read", stream->Read(&response), true);
  is_payload(response.payload(), 31415);
  context.TryCancel();
  failed(stream->Finish(), grpc::StatusCode::CANCELLED);
}

inline void timeout_on_sleeping_server(Client& client) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(1));
  const auto stream = client.stub->FullDuplexCall(&context);
  stream->Write(output_request(27182, {}));
  failed(stream->Finish(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

constexpr char kSpecial[] = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

inline const std::map<std::string, std::function<void(Client&)>> kCases = {
    {"empty_unary", empty_unary},
    {"large_unary", [](Client& client) { large_unary(client); }},
    {"client_compressed_unary", client_compressed_unary},
    {"server_compressed_unary", server_compressed_unary},
    {"client_streaming", client_streaming},
    {"client_compressed_streaming", client_compressed_streaming},
    {"server_streaming", server_streaming},
    {"server_compressed_streaming", server_compressed_streaming},
    {"ping_pong", ping_pong},
    {"empty_stream", empty_stream},
    {"custom_metadata", custom_metadata},
    {"status_code_and_message", [](Client& client) { status(client, "test status message", true); }},
    {"special_status_message", [](Client& client) { status(client, kSpecial, false); }},
    {"unimplemented_method", unimplemented_method},
    {"unimplemented_service", unimplemented_service},
    {"cancel_after_begin", cancel_after_begin},
    {"cancel_after_first_response", cancel_after_first_response},
    {"timeout_on_sleeping_server", timeout_on_sleeping_server},
    {"very_large_request", [](Client& client) { large_unary(client, 10 << 20, 10); }},
    {"pick_first_unary", pick_first_unary},
    {"rpc_soak", [](Client& client) { soak(client, false); }},
    {"channel_soak", [](Client& client) { soak(client, true); }},
    {"long_lived_channel", long_lived_channel},
    {"concurrent_large_unary", concurrent_large_unary},
};

inline int run(int count, char** arguments) {
  const Flags flags(count, arguments,
                    {{"server_host", "localhost"},
                     {"server_port", "8080"},
                     {"server_host_override", ""},
                     {"test_case", "large_unary"},
                     {"use_tls", "false"},
                     {"use_test_ca", "false"},
                     {"soak_iterations", "10"},
                     {"soak_max_failures", "0"},
                     {"soak_per_iteration_max_acceptable_latency_ms", "1000"},
                     {"soak_min_time_ms_between_rpcs", "0"},
                     {"soak_overall_timeout_seconds", "10"},
                     {"soak_request_size", "271828"},
                     {"soak_response_size", "314159"},
                     {"soak_num_threads", "1"},
                     {"iteration_interval", "10"}});
  const auto found = kCases.find(flags.text("test_case"));
  if (found == kCases.end()) throw Usage("no case " + flags.text("test_case"));
  Client client(flags);
  found->second(client);
  return 0;
}

}  // namespace interop
