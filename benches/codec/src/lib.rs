//! What the programs of the cells `protobuf-…` share: the values, and how time and memory are measured.
//!
//! - `values`, `generate`: the payloads, the same for all; `text`: what serde has to be told of them;
//! - `library`: what a contender is; `times`, `memory`: the two programs of each.
//!
//! Time and memory have a program each, since an allocator that counts takes time.

mod generate;
mod library;
mod memory;
#[cfg(feature = "serde")]
mod text;
mod times;
pub mod values;

pub use library::{Codec, Error, Library, Task, run};
pub use memory::Memory;
pub use threadwire_test_host::Counting;
pub use times::Times;
