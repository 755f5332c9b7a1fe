//! What the tests of threadwire need of the system that has no safe form: an allocator that counts, a fork, signals as
//! a C program has them. Each piece is a safe function around a few calls; no other package here has unsafe code.

mod allocator;
mod signals;

pub use allocator::Counting;
pub use signals::{fork, interrupt_every_millisecond, interruptions, restore_sigpipe};
