//! What is generated from the .proto files.

pub(crate) mod interop {
    threadwire::include_proto!("threadwire.interop");
}

pub(crate) mod helloworld {
    threadwire::include_proto!("helloworld");
}
