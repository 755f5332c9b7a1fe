//! The exit codes of both programs: a line that says what is wrong and 2 for flags that mean nothing, 1 for a case that
//! failed.

use std::process::{Command, Output};

const CLIENT: &str = env!("CARGO_BIN_EXE_interop-client");
const SERVER: &str = env!("CARGO_BIN_EXE_interop-server");

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().unwrap()
}

#[test]
fn flags_that_mean_nothing_are_2() {
    for (program, argument, line) in [
        (CLIENT, "--use_tls=true", "interop-client: --use_tls=true: there is no TLS yet; use --use_tls=false\n"),
        (SERVER, "--use_tls=true", "interop-server: --use_tls=true: there is no TLS yet; use --use_tls=false\n"),
        (CLIENT, "--test_case=nothing", "interop-client: there is no case 'nothing'; --help names them\n"),
        (CLIENT, "--port=1", "interop-client: there is no flag --port\n"),
        (SERVER, "--port=x", "interop-server: --port: expected a number, got 'x'\n"),
    ] {
        let output = run(program, &[argument]);
        assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(2), line));
    }
}

#[test]
fn a_case_that_fails_is_1() {
    // Port 1 of loopback has no server.
    let output = run(CLIENT, &["--server_host=127.0.0.1", "--server_port=1", "--test_case=empty_unary"]);
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(line.starts_with("FAILED empty_unary: UNAVAILABLE") && line.ends_with('\n'), "{line:?}");
}

#[test]
fn help_names_all_cases() {
    let output = run(CLIENT, &["--help"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("concurrent_large_unary") && text.contains("--soak_iterations"));
}
