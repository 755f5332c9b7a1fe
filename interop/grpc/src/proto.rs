//! What is generated from `interop/proto/grpc_testing.proto`.

threadwire::include_proto!("grpc.testing");
