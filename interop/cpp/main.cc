// The C++ interop client and server of grpc.testing, with the standard flags, in one program. One translation unit, the
// generated code too: gRPC's headers take longer than all else to compile.
//
//     interop client --server_host=HOST --server_port=PORT --test_case=NAME [--soak_…]
//                                   exits 0 if the case passed
//     interop server --port=PORT    prints `port PORT`, serves until it is killed

#include "grpc_testing.pb.cc"
#include "grpc_testing.grpc.pb.cc"

#include "cases.h"
#include "server.h"

int main(int count, char** arguments) {
  const std::string command = count > 1 ? arguments[1] : "";
  try {
    if (command == "client") return interop::run(count - 2, arguments + 2);
    if (command == "server") return interop::serve(count - 2, arguments + 2);
    throw interop::Usage("interop client|server FLAG…");
  } catch (const interop::Usage& usage) {
    std::cerr << "usage: " << usage.what() << std::endl;
    return 2;
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
}
