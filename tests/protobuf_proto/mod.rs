//! The messages of tests/proto, in modules that nest as their packages do.

#![allow(dead_code, reason = "no test uses them all")]
#![deny(nonstandard_style, reason = "what is emitted compiles without warnings, whatever the names are")]

pub mod threadwire {
    pub mod legacy {
        threadwire::include_proto!("threadwire.legacy");
    }
    pub mod test {
        threadwire::include_proto!("threadwire.test");
        pub mod other {
            threadwire::include_proto!("threadwire.test.other");
        }
    }
}
pub mod second {
    threadwire::include_proto!("second");
}
pub mod example {
    threadwire::include_proto!("person");
}

#[allow(unused_imports, reason = "no test uses both")]
pub use self::threadwire::legacy;
#[allow(unused_imports, reason = "no test uses both")]
pub use self::threadwire::test::*;

/// Bytes from hexadecimal digits; spaces are for the reader.
pub fn hex(digits: &str) -> Vec<u8> {
    let digits = digits.bytes().filter(|digit| *digit != b' ').collect::<Vec<_>>();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    assert!(digits.len().is_multiple_of(2), "half a byte");
    digits.chunks(2).map(byte).collect()
}
