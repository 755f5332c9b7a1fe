//! The program `threadwire`: see `threadwire --help`.

fn main() {}
