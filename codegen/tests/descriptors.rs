//! The descriptor set where protox writes another than protoc: `interop/run descriptors` compares with protoc itself.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test may fail")]

use std::fs;
use std::path::PathBuf;

use protox::prost_reflect::prost::Message;
use protox::prost_reflect::prost_types::{FileDescriptorProto, FileDescriptorSet};
use threadwire_build::Builder;

/// The descriptor set of one file, as it is written.
fn written(name: &str, proto: &str) -> Vec<u8> {
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("descriptors").join(name);
    fs::create_dir_all(&out).unwrap();
    fs::write(out.join("test.proto"), proto).unwrap();
    let builder = Builder::new().include(&out).out_dir(&out).services(false).descriptor_set("set.bin");
    builder.compile(&[out.join("test.proto")]).unwrap();
    fs::read(out.join("set.bin")).unwrap()
}

fn described(name: &str, proto: &str) -> FileDescriptorProto {
    FileDescriptorSet::decode(written(name, proto).as_slice()).unwrap().file.pop().unwrap()
}

#[test]
fn the_body_of_a_method_gives_it_options() {
    let file = described(
        "bodies",
        "syntax = \"proto3\"; message M {} /* ☺ */ service S { rpc A(M) returns (M); rpc B(M) returns (M) {}
        rpc C(M) returns (M) { // a comment }
        } // }
        rpc D(M) returns (M) { option deprecated = true; } }",
    );
    let options = file.service.iter().flat_map(|service| &service.method).map(|method| method.options.as_ref());
    let deprecated = options.map(|options| options.map(|options| options.deprecated));
    assert_eq!(deprecated.collect::<Vec<_>>(), [None, Some(None), Some(None), Some(Some(true))]);
}

#[test]
fn defaults_are_printed_as_in_c() {
    let file = described(
        "defaults",
        "syntax = \"proto2\"; message M {
            optional float a = 1 [default = 9e9]; optional double b = 2 [default = 9e9];
            optional float c = 3 [default = -nan]; optional string d = 4 [default = \"9000000000\"];
            message Within { optional double e = 1 [default = 1e100]; extensions 100 to 200; }
            extend Within { optional float f = 100 [default = 1e6]; } }
            extend M.Within { optional double g = 101 [default = 1E-7]; }",
    );
    let message = &file.message_type[0];
    let fields = message.field.iter().chain(&message.nested_type[0].field).chain(&message.extension);
    let defaults = fields.chain(&file.extension).filter_map(|field| field.default_value.as_deref());
    assert_eq!(defaults.collect::<Vec<_>>(), ["9e+09", "9000000000", "nan", "9000000000", "1e+100", "1e+06", "1e-07"]);
}

#[test]
fn maps_in_options_are_in_the_order_of_their_keys_and_what_the_source_alone_has_is_left_out() {
    let set = written(
        "options",
        "syntax = \"proto3\"; import \"google/protobuf/descriptor.proto\";
        message Own { map<string, int32> by_name = 1; string secret = 2 [retention = RETENTION_SOURCE]; Own own = 3; }
        extend google.protobuf.MessageOptions { Own own = 50000; Own hidden = 50001 [retention = RETENTION_SOURCE]; }
        message M {
            option (own) = { own { by_name { key: \"z\" value: 1 } by_name { key: \"ab\" value: 2 }
                by_name { key: \"b\" value: 3 } secret: \"secret\" } };
            option (hidden) = { secret: \"secret\" };
        }
        message N { option (hidden) = {}; option (own) = { secret: \"secret\" }; }",
    );
    let entries = b"\x0a\x06\x0a\x02ab\x10\x02\x0a\x05\x0a\x01b\x10\x03\x0a\x05\x0a\x01z\x10\x01";
    assert!(set.windows(entries.len()).any(|window| window == entries));
    let secrets = set.windows(6).filter(|window| window == b"secret").count();
    assert_eq!(secrets, 2, "the field's name and its name in JSON");
    let file = FileDescriptorSet::decode(set.as_slice()).unwrap().file.pop().unwrap();
    assert!(file.message_type[1].options.is_some() && file.message_type[2].options.is_none());
}

#[test]
fn lists_in_options_are_packed_if_they_are_declared_so() {
    let set = written(
        "packed",
        "syntax = \"proto3\"; import \"google/protobuf/descriptor.proto\";
        extend google.protobuf.MessageOptions {
            repeated int32 packed = 50000; repeated int32 not = 50001 [packed = false];
        }
        message M { option (packed) = 1; option (packed) = 300; option (not) = 1; option (not) = 300; }",
    );
    let options = b"\x82\xb5\x18\x03\x01\xac\x02\x88\xb5\x18\x01\x88\xb5\x18\xac\x02";
    assert!(set.windows(options.len()).any(|window| window == options), "{}", set.escape_ascii());
}
