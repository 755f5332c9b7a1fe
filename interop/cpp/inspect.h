// Whether the last message of a call arrived compressed. The names of the classes are those that grpcpp's contexts have
// as friends; the function is one of libgrpc's that no header declares.
#pragma once

#include <grpcpp/grpcpp.h>

uint32_t grpc_call_test_only_get_message_flags(grpc_call* call);

namespace grpc::testing {

// GRPC_WRITE_INTERNAL_TEST_ONLY_WAS_COMPRESSED of libgrpc.
inline bool was_compressed(grpc_call* call) {
  return (grpc_call_test_only_get_message_flags(call) & 0x40000000u) != 0;
}

class InteropClientContextInspector {
 public:
  static bool compressed(const ::grpc::ClientContext& context) { return was_compressed(context.call_); }
};

class InteropServerContextInspector {
 public:
  static bool compressed(const ::grpc::ServerContextBase& context) { return was_compressed(context.call_.call); }
};

}  // namespace grpc::testing
