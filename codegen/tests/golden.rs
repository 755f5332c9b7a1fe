//! What is emitted, compared with files that are checked in. `UPDATE_GOLDEN=1 cargo test -p threadwire-build` writes
//! them anew; read the difference.
//!
//! That the emitted code compiles and does what it should is shown in the tests of threadwire itself.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use threadwire_build::Builder;

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn scratch(name: &str) -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&scratch).unwrap();
    scratch
}

#[test]
fn emitted_files_are_as_checked_in() {
    let builder = Builder::new().include(directory("proto")).out_dir(scratch("golden"));
    let generated = builder.generate(&["calls.proto"]).unwrap();
    let names = generated.iter().map(|file| file.name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["shapes.rs", "demo.v1.rs"], "one file a package, the imported types included");
    for file in &generated {
        let golden = directory("golden").join(&file.name);
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &file.source).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        let line = file.source.lines().zip(expected.lines()).position(|(new, old)| new != old);
        assert!(file.source == expected, "{} differs from line {:?} on", golden.display(), line.map(|line| line + 1));
    }
}

#[test]
fn nothing_of_pb_rs_is_left_but_types() {
    let builder = Builder::new().include(directory("proto")).out_dir(scratch("left"));
    for file in builder.generate(&["calls.proto"]).unwrap() {
        for word in ["MessageRead", "MessageWrite", "quick_protobuf", "BytesReader", "KVMap", "OneOf", "mod_"] {
            assert!(!file.source.contains(word), "{word} in {}", file.name);
        }
    }
}

#[test]
fn services_can_be_left_out() {
    let builder = Builder::new().include(directory("proto")).out_dir(scratch("without")).services(false);
    let generated = builder.generate(&["calls.proto"]).unwrap();
    assert!(generated.iter().all(|file| !file.source.contains("::grpc")));
    assert!(generated.iter().any(|file| file.source.contains("pub struct Request")));
}

#[test]
fn the_runtime_is_reached_by_the_path_that_was_set() {
    let builder = Builder::new().include(directory("proto")).out_dir(scratch("runtime")).runtime("crate::wire");
    for file in builder.generate(&["calls.proto"]).unwrap() {
        assert!(file.source.contains("crate::wire::protobuf::Message"));
        assert!(!file.source.contains("::threadwire"));
    }
    let wrong = Builder::new().out_dir(scratch("runtime")).include(directory("proto")).runtime("not a path");
    assert!(wrong.generate(&["calls.proto"]).unwrap_err().to_string().contains("not a path"));
}

#[test]
fn files_and_descriptors_are_written() {
    let out = scratch("written");
    let builder = Builder::new().include(directory("proto")).out_dir(&out).descriptor_set("calls.bin");
    builder.compile(&["calls.proto"]).unwrap();
    let mut names = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    names.sort();
    assert_eq!(names, ["calls.bin", "demo.v1.rs", "shapes.rs"], "and nothing of what lay in between");

    let descriptors = fs::read(out.join("calls.bin")).unwrap();
    let pool = protox::prost_reflect::DescriptorPool::decode(descriptors.as_slice()).unwrap();
    assert_eq!(pool.files().map(|file| file.name().to_owned()).collect::<Vec<_>>(), ["shapes.proto", "calls.proto"]);
    assert!(pool.files().all(|file| file.file_descriptor_proto().source_code_info.is_none()));
    assert!(pool.get_service_by_name("demo.v1.Calls").is_some());
}

#[test]
fn what_lies_in_the_output_directory_stays() {
    let out = scratch("stays");
    let mine = out.join("threadwire-build").join("mine.txt");
    fs::create_dir_all(mine.parent().unwrap()).unwrap();
    fs::write(&mine, "mine").unwrap();
    Builder::new().include(directory("proto")).out_dir(&out).compile(&["calls.proto"]).unwrap();
    assert_eq!(fs::read_to_string(&mine).unwrap(), "mine");
}

#[test]
fn a_file_of_services_only_needs_no_types_of_its_own() {
    let out = scratch("services");
    let proto = "syntax = \"proto3\"; import \"google/protobuf/empty.proto\";\n\
        service Ping { rpc Ping(google.protobuf.Empty) returns (google.protobuf.Empty); }";
    fs::write(out.join("ping-service.proto"), proto).unwrap();
    let generated = Builder::new().include(&out).out_dir(&out).generate(&["ping-service.proto"]).unwrap();
    let names = generated.iter().map(|file| file.name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["ping-service.rs"], "without a package it is the stem");
    let source = &generated.first().unwrap().source;
    assert!(source.contains("Request<::threadwire::protobuf::well_known::Empty>"), "{source}");
}

#[test]
fn a_package_and_a_file_without_one_cannot_share_an_output_file() {
    let out = scratch("shared");
    fs::write(out.join("same.proto"), "syntax = \"proto3\";\nmessage A {}\n").unwrap();
    fs::write(out.join("other.proto"), "syntax = \"proto3\";\npackage same;\nmessage B {}\n").unwrap();
    let error = Builder::new().include(&out).out_dir(&out).generate(&["other.proto", "same.proto"]).unwrap_err();
    assert!(error.to_string().ends_with("a package has the output file same.rs already"), "{error}");
}

#[test]
fn messages_that_all_contain_each_other_take_no_time() {
    let out = scratch("tangle");
    let fields = (0..30).map(|index| format!("  M{index} f{index} = {};\n", index + 1)).collect::<String>();
    let messages = (0..30).map(|index| format!("message M{index} {{\n{fields}}}\n")).collect::<String>();
    fs::write(out.join("tangle.proto"), format!("syntax = \"proto3\";\n{messages}")).unwrap();
    let generated = Builder::new().include(&out).out_dir(&out).generate(&["tangle.proto"]).unwrap();
    let source = &generated.first().unwrap().source;
    assert_eq!(source.matches("pub f7: ::core::option::Option<::std::boxed::Box<M7>>").count(), 30);
}

#[test]
fn imports_that_give_no_types_are_not_emitted() {
    let out = scratch("options");
    let options = "syntax = \"proto3\"; import \"google/protobuf/descriptor.proto\";\n\
        extend google.protobuf.MethodOptions { string route = 50001; }";
    let user = "syntax = \"proto3\"; import \"options.proto\";\n\
        message M {}\nservice S { rpc Do(M) returns (M) { option (route) = \"/x;y\"; } }";
    fs::write(out.join("options.proto"), options).unwrap();
    fs::write(out.join("user.proto"), user).unwrap();
    let generated = Builder::new().include(&out).out_dir(&out).generate(&["user.proto"]).unwrap();
    assert_eq!(generated.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["user.rs"]);
}

/// What is emitted for this text.
fn emitted(name: &str, proto: &str) -> String {
    let out = scratch(name);
    fs::write(out.join("names.proto"), proto).unwrap();
    let generated = Builder::new().include(&out).out_dir(&out).generate(&["names.proto"]).unwrap();
    generated.first().unwrap().source.clone()
}

#[test]
fn names_that_become_one_in_rust_are_told_apart() {
    let source = emitted(
        "apart",
        "syntax = \"proto2\";\nmessage M {\n  optional int32 HTTPCode = 1; optional int32 http_code = 2;\n\
         oneof Http_code { string a = 3; string A = 4; }\n}\nenum E { A_B = 0; aB = 1; AB = 2; Unrecognized = 3; }\n",
    );
    let defaults = emitted(
        "defaults",
        "syntax = \"proto2\";\nmessage M { optional int32 Foo = 1 [default = 1]; optional int32 foo = 2 [default = 2]; }\n",
    );
    assert!(defaults.contains("fn foo_or_default(") && defaults.contains("fn foo_or_default_("), "{defaults}");
    for member in ["http_code:", "http_code_:", "http_code__:", "A(", "A_(", "AB,", "AB_,", "Unrecognized_,"] {
        assert!(source.contains(&format!(" {member}")), "{member}\n{source}");
    }
    let source = emitted(
        "types",
        "syntax = \"proto3\";\nmessage FooBar { message In {} }\nmessage Foo_Bar { message In {} In in = 1; }\n\
         message EchoClient {}\nservice Echo {\n  rpc New(EchoClient) returns (EchoClient); rpc new(FooBar) returns (Foo_Bar);\n}\n",
    );
    for item in [
        "struct FooBar {",
        "struct FooBar_ {",
        "struct In {",
        "struct In_ {",
        "struct EchoClient {",
        "struct EchoClient_ {",
    ] {
        assert!(source.contains(&format!("pub {item}")), "{item}");
    }
    assert!(source.contains("r#in: ::core::option::Option<foo_bar::In_>"), "each is called by its own name");
    assert!(source.contains("fn new_(") && source.contains("fn new__("));
}

#[test]
fn googles_own_files_may_lie_beside_those_that_import_them() {
    let out = scratch("descriptor");
    let google = out.join("google/protobuf");
    fs::create_dir_all(&google).unwrap();
    // As in Google's own, of which protox does not read the options of an `extensions` range.
    let descriptor = "syntax = \"proto2\"; package google.protobuf;\n\
        message FileOptions { extensions 1000 [verification = UNVERIFIED]; }";
    fs::write(google.join("descriptor.proto"), descriptor).unwrap();
    let user = "syntax = \"proto3\"; import \"google/protobuf/descriptor.proto\";\n\
        extend google.protobuf.FieldOptions { string unit = 50001; }\n\
        message M { int32 length = 1 [(unit) = \"m\"]; }";
    fs::write(out.join("user.proto"), user).unwrap();
    let generated = Builder::new().include(&out).out_dir(&out).generate(&["user.proto"]).unwrap();
    assert_eq!(generated.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["user.rs"]);
}
