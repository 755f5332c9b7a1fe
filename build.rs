//! Compiles the program's .proto files; without the feature `program` there is nothing to do.

fn main() {}
