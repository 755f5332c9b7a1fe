//! Messages to bytes and back, beside other libraries for the same format and for two text formats.

use super::{Cell, Contender, Load, Measure, OURS};

const BYTES: Measure = Measure { key: "bytes", title: "bytes" };
const ENCODE_NS: Measure = Measure { key: "encode_ns", title: "encode ns" };
const DECODE_NS: Measure = Measure { key: "decode_ns", title: "decode ns" };
const ENCODE_US: Measure = Measure { key: "encode_us", title: "encode µs" };
const DECODE_US: Measure = Measure { key: "decode_us", title: "decode µs" };
const PEAK: Measure = Measure { key: "peak", title: "most bytes allocated by a decode" };
const HELD: Measure = Measure { key: "held", title: "bytes held by the message" };

/// Of the threadwire that is compared with the others, messages are owned.
const SHARED: &str = "threadwire, shared";
const PROST: &str = "prost";

pub(super) fn all() -> Vec<Cell> {
    vec![
        cell(
            "person",
            "encode and decode Person { name: \"John Doe\", id: 123, email: \"johndoe@example.com\" }",
            &[BYTES, ENCODE_NS, DECODE_NS, PEAK, HELD],
            vec![
                alone(OURS, &["threadwire-codec person", "threadwire-codec-memory person"]),
                alone(SHARED, &["threadwire-codec person@shared", "threadwire-codec-memory person@shared"]),
                alone(PROST, &["prost-codec person", "prost-codec-memory person"]),
                alone("serde_json", &["serde-json-codec person", "serde-json-codec-memory person"]),
                alone("quick-xml", &["quick-xml-codec person", "quick-xml-codec-memory person"]),
            ],
        ),
        cell(
            "1mb",
            "encode and decode a directory of employees with everything a message can have, 1 MB",
            &[BYTES, ENCODE_US, DECODE_US, PEAK, HELD],
            vec![
                alone(OURS, &["threadwire-codec 1mb", "threadwire-codec-memory 1mb"]),
                alone(SHARED, &["threadwire-codec 1mb@shared", "threadwire-codec-memory 1mb@shared"]),
                alone(PROST, &["prost-codec 1mb", "prost-codec-memory 1mb"]),
                alone("serde_json", &["serde-json-codec 1mb", "serde-json-codec-memory 1mb"]),
                alone("quick-xml", &["quick-xml-codec 1mb", "quick-xml-codec-memory 1mb"]),
            ],
        ),
        cell(
            "depth",
            "encode as many messages at any depth: in chains of 1, 10 and 100 within each other",
            &[
                Measure { key: "encode_1", title: "ns a byte, depth 1" },
                Measure { key: "encode_10", title: "depth 10" },
                Measure { key: "encode_100", title: "depth 100" },
            ],
            vec![alone(OURS, &["threadwire-codec depth"]), alone(PROST, &["prost-codec depth"])],
        ),
        cell(
            "size",
            "encode directories of 10 kB to 10 MB",
            &[
                Measure { key: "encode_10k", title: "ns a byte, 10 kB" },
                Measure { key: "encode_100k", title: "100 kB" },
                Measure { key: "encode_1m", title: "1 MB" },
                Measure { key: "encode_10m", title: "10 MB" },
            ],
            vec![alone(OURS, &["threadwire-codec size"]), alone(PROST, &["prost-codec size"])],
        ),
    ]
}

fn cell(name: &str, title: &str, measures: &'static [Measure], contenders: Vec<Contender>) -> Cell {
    Cell { name: format!("protobuf-{name}"), title: title.into(), measures, contenders }
}

fn alone(name: &'static str, programs: &'static [&'static str]) -> Contender {
    Contender { name, server: None, load: Load::Alone(programs) }
}
