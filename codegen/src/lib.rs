//! Compiles .proto files for threadwire: messages, codec and services.
