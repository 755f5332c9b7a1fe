//! Text that may be anything, as JSON and as the text form of messages of proto/; the first byte chooses which.
//!
//! What is parsed can be printed, and parsed again to the same; and nothing panics or hangs (libFuzzer's time limit).

#![no_main]

use libfuzzer_sys::fuzz_target;
use threadwire::protobuf::Message;

use proto::everything::{Lists, Maps, Scalars, Tree};
use proto::legacy::{Legacy, Strict};
use threadwire::protobuf::well_known::{Any, Duration, FieldMask, Struct, Timestamp, Value};

mod proto {
    pub mod everything {
        threadwire::include_proto!("everything");
    }
    pub mod legacy {
        threadwire::include_proto!("legacy");
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((choice, text)) = input.split_first() else { return };
    let Ok(text) = str::from_utf8(text) else { return };
    match choice % 12 {
        0 => check::<Scalars>(text),
        1 => check::<Lists>(text),
        2 => check::<Maps>(text),
        3 => check::<Legacy>(text),
        4 => check::<Strict>(text),
        5 => check::<Tree>(text),
        6 => check::<Any>(text),
        7 => check::<Duration>(text),
        8 => check::<FieldMask>(text),
        9 => check::<Struct>(text),
        10 => check::<Timestamp>(text),
        _ => check::<Value>(text),
    }
});

fn check<M: Message>(text: &str) {
    if let Ok(message) = M::from_json(text) {
        let json = message.to_json().expect("what was parsed can be printed");
        assert_same(&M::from_json(&json).expect("what was printed can be parsed"), &message);
    }
    if let Ok(message) = M::from_text(text) {
        let printed = message.to_text();
        assert_same(&M::from_text(&printed).expect("what was printed can be parsed"), &message);
        // The text form takes more than JSON has a form for: times out of range, an Any of any type.
        let _ = message.to_json();
    }
}

fn assert_same<M: Message>(one: &M, other: &M) {
    // A NaN is printed without its bits, and is not equal to itself.
    assert_eq!(one.to_text(), other.to_text());
    assert!(one == other || other != other);
}
