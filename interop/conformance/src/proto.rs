//! What is generated from the runner's .proto files, in modules that nest as the packages do.

pub(crate) mod conformance {
    threadwire::include_proto!("conformance");
}

pub(crate) mod protobuf_test_messages {
    pub(crate) mod proto2 {
        threadwire::include_proto!("protobuf_test_messages.proto2");
    }

    pub(crate) mod proto3 {
        threadwire::include_proto!("protobuf_test_messages.proto3");
    }
}

/// The same messages, which share the buffer that they are read from.
pub(crate) mod shared {
    pub(crate) mod protobuf_test_messages {
        pub(crate) mod proto2 {
            threadwire::include_proto!("shared/protobuf_test_messages.proto2");
        }

        pub(crate) mod proto3 {
            threadwire::include_proto!("shared/protobuf_test_messages.proto3");
        }
    }
}
