// What the cases of the client have in common: a channel, comparing, and requests of a size.
#pragma once

#include <memory>
#include <sstream>

#include "server.h"

namespace interop {

// A call that does not end by itself fails its case instead of holding the run.
constexpr std::chrono::seconds kPatience(30);

template <typename Came, typename Expected>
void same(const std::string& what, const Came& came, const Expected& expected) {
  if (came == expected) return;
  std::ostringstream text;
  text << what << ": expected " << expected << ", came " << came;
  throw std::runtime_error(text.str());
}

inline void ok(const Status& status) {
  if (!status.ok()) {
    throw std::runtime_error("expected OK, came " + std::to_string(status.error_code()) + " " + status.error_message());
  }
}

inline void failed(const Status& status, grpc::StatusCode code) {
  same("code (" + status.error_message() + ")", int(status.error_code()), int(code));
}

inline std::shared_ptr<grpc::Channel> connect(const Flags& flags) {
  grpc::ChannelArguments arguments;
  if (!flags.text("server_host_override").empty()) {
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, flags.text("server_host_override"));
  }
  arguments.SetMaxReceiveMessageSize(kMaxMessage);
  // A channel each, not a connection that channels with the same arguments share.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const std::string target = flags.text("server_host") + ":" + flags.text("server_port");
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

// A context of its own for each call, which must end in time.
struct Context : grpc::ClientContext {
  Context() { set_deadline(std::chrono::system_clock::now() + kPatience); }
};

struct Client {
  explicit Client(const Flags& flags) : flags(flags), channel(connect(flags)), stub(TestService::NewStub(channel)) {}
  const Flags& flags;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<TestService::Stub> stub;
};

inline SimpleRequest request_of(int payload, int response) {
  SimpleRequest request;
  request.set_response_size(response);
  *request.mutable_payload() = payload_of(payload);
  return request;
}

inline StreamingOutputCallRequest output_request(int payload, std::initializer_list<int> sizes) {
  StreamingOutputCallRequest request;
  for (int size : sizes) request.add_response_parameters()->set_size(size);
  if (payload > 0) *request.mutable_payload() = payload_of(payload);
  return request;
}

// `size` zeros.
inline void is_payload(const Payload& payload, int size) {
  same("length of the payload", payload.body().size(), size_t(size));
  same("the payload is zeros", payload.body() == std::string(size, '\0'), true);
}

inline void large_unary(Client& client, int payload = 271828, int response_size = 314159) {
  Context context;
  SimpleResponse response;
  ok(client.stub->UnaryCall(&context, request_of(payload, response_size), &response));
  is_payload(response.payload(), response_size);
}

}  // namespace interop
