//! Bytes that may be anything, as messages of proto/; the first byte chooses which.
//!
//! What is decoded is encoded to as many bytes as was said, and decoded again to the same; two parts that are merged
//! are the whole; and nothing panics, hangs (libFuzzer's time limit) or takes memory out of proportion to the input.

#![no_main]

use libfuzzer_sys::fuzz_target;
use threadwire::protobuf::{Bytes, Message};
use threadwire_test_host::Counting;

use proto::everything::{Lists, Maps, Scalars, Tree};
use proto::legacy::{Legacy, Strict};

mod proto {
    pub mod everything {
        threadwire::include_proto!("everything");
    }
    pub mod legacy {
        threadwire::include_proto!("legacy");
    }
}

#[global_allocator]
static MEMORY: Counting = Counting::new();

/// Two bytes of input are enough for an element of a list, whose largest structure takes 500 bytes; a list that grows
/// takes three times its elements for a moment. A length of which only the first byte came would take far more.
const MEMORY_PER_BYTE: usize = 2048;
const MEMORY_BESIDE: usize = 1 << 16;

fuzz_target!(|input: &[u8]| {
    let [choice, split, bytes @ ..] = input else { return };
    let split = usize::from(*split).min(bytes.len());
    match choice % 6 {
        0 => check::<Scalars>(bytes, split),
        1 => check::<Lists>(bytes, split),
        2 => check::<Maps>(bytes, split),
        3 => check::<Legacy>(bytes, split),
        4 => check::<Strict>(bytes, split),
        _ => check::<Tree>(bytes, split),
    }
});

fn check<M: Message>(bytes: &[u8], split: usize) {
    let before = MEMORY.now();
    MEMORY.forget();
    let decoded = M::decode(bytes);
    let taken = MEMORY.most() - before;
    assert!(taken <= MEMORY_BESIDE + MEMORY_PER_BYTE * bytes.len(), "{taken} bytes for {}", bytes.len());

    let shared = M::decode_shared(&Bytes::copy_from_slice(bytes));
    assert_eq!(shared.is_ok(), decoded.is_ok());
    merge_in_parts::<M>(bytes.split_at(split), decoded.as_ref().ok());
    let message = match decoded {
        Ok(message) => message,
        Err(error) => {
            assert!(error.offset() <= bytes.len(), "{error}");
            return;
        }
    };
    let encoded = message.encode_to_vec().expect("what came in a few bytes can be encoded");
    assert_eq!(message.encoded_len(), encoded.len());
    let again = M::decode(&encoded).expect("what was encoded can be decoded");
    assert_same(&again, &message);
}

/// Decoding one part on top of the other is decoding both, if both are messages.
fn merge_in_parts<M: Message>((first, second): (&[u8], &[u8]), whole: Option<&M>) {
    let Ok(mut message) = M::decode(first) else { return };
    if message.merge(second).is_ok() {
        assert_same(&message, whole.expect("two messages behind each other are one"));
    }
}

fn assert_same<M: Message>(one: &M, other: &M) {
    assert_eq!(one.encode_to_vec(), other.encode_to_vec());
    assert_eq!(one.to_text(), other.to_text());
    // A message with a NaN is not equal to itself.
    assert!(one == other || other != other);
}
