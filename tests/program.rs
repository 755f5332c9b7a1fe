//! The program as a user runs it: what it prints, how it fails, how it ends. Each line of a frame is the inspector's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    reason = "a test may fail"
)]

#[path = "support/program.rs"]
mod support;

use rustix::net::{AddressFamily, SocketType};
use rustix::process::Signal;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};
use support::{LONG, Running, normalised, run, run_unread, serve, serve_unread};
use threadwire::grpc::{self, Channel};
use threadwire::websocket::{self, Client, Message};

const PERSON: &str = r#"name: "John Doe"
id: 123
email: "johndoe@example.com"

0a 08 4a 6f 68 6e 20 44 6f 65 10 7b 1a 13 6a 6f 68 6e 64 6f 65 40 65 78 61 6d 70 6c 65 2e 63 6f 6d

Protocol Buffers   33 bytes
JSON               63 bytes  {"name": "John Doe", "id": 123, "email": "johndoe@example.com"}
XML                84 bytes  <person><name>John Doe</name><id>123</id><email>johndoe@example.com</email></person>
"#;

const ECHO_FRAMES: &str = "\
#1 → GET / HTTP/1.1 · head 154 bytes
#1 ← HTTP/1.1 101 Switching Protocols · head 129 bytes
#1 → TEXT FIN MASKED 25 bytes
#1 ← TEXT FIN 37 bytes
#1 → CLOSE FIN MASKED 2 bytes · 1000 normal closure
#1 ← CLOSE FIN 2 bytes · 1000 normal closure
";

const GREET_FRAMES: &str = "\
#1 → HTTP/2 preface 24 bytes
#1 → SETTINGS 24 bytes · ENABLE_PUSH=0 MAX_CONCURRENT_STREAMS=256 INITIAL_WINDOW_SIZE=1048576 MAX_HEADER_LIST_SIZE=16384
#1 → WINDOW_UPDATE 4 bytes · +16711681
#1 ← SETTINGS 18 bytes · MAX_CONCURRENT_STREAMS=256 INITIAL_WINDOW_SIZE=1048576 MAX_HEADER_LIST_SIZE=16384
#1 ← SETTINGS ACK 0 bytes
#1 ← WINDOW_UPDATE 4 bytes · +16711681
#1 → SETTINGS ACK 0 bytes
#1 → HEADERS stream=1 END_HEADERS N bytes
#1 → DATA stream=1 END_STREAM 12 bytes · gRPC message 7 bytes
#1 ← HEADERS stream=1 END_HEADERS 14 bytes
#1 ← DATA stream=1 20 bytes · gRPC message 15 bytes
#1 ← HEADERS stream=1 END_STREAM END_HEADERS 12 bytes
#1 → GOAWAY 8 bytes · NO_ERROR last_stream=0
#1 ← GOAWAY 8 bytes · NO_ERROR last_stream=1
";

/// What the demo prints; `websocket` and `grpc` stand behind the exchanges.
fn demo(websocket: &str, grpc: &str) -> String {
    format!(
        "WebSocket: a text to ws://127.0.0.1:PORT, printed by the server, and its answer\n\
         Получено сообщение: Привет сервер\n\
         Ответ от сервера: Ответ: Привет сервер\n\
         {websocket}\n\
         gRPC: SayHello of the Greeter at http://127.0.0.1:PORT\n\
         Greeter client received: Hello, World!\n\
         {grpc}\n\
         Protocol Buffers: a Person as text, as bytes, and its size beside JSON and XML\n\
         {PERSON}"
    )
}

/// Each direction by itself, since a peer's frame may come a little earlier or later between those that are sent.
fn by_direction(frames: &str) -> (Vec<&str>, Vec<&str>) {
    frames.lines().partition(|line| line.contains('→'))
}

#[test]
fn the_demo_shows_the_three_exchanges_and_ends() {
    for arguments in [&["demo"][..], &[]] {
        let begin = Instant::now();
        let ended = run(arguments);
        assert_eq!(normalised(ended.success()), demo("", ""));
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    }
}

#[test]
fn the_demo_shows_every_frame() {
    const HEADING: &str = "Its frames, sent (→) and received (←) by the client:\n";
    let indented = |frames: &str| frames.lines().map(|line| format!("  {line}\n")).collect::<String>();
    let output = normalised(run(&["demo", "--bytes"]).success());
    let grpc = output.rsplit_once(HEADING).unwrap().1.split_once("\n\n").unwrap().0;
    assert_eq!(by_direction(&format!("{grpc}\n")), by_direction(&indented(GREET_FRAMES)));
    let rest = output.replace(grpc, "");
    assert_eq!(rest, demo(&format!("{HEADING}{}", indented(ECHO_FRAMES)), &format!("{HEADING}\n")));
}

#[test]
fn the_readme_shows_what_is_printed() {
    let readme = normalised(include_str!("../README.md"));
    assert!(readme.contains(&demo("", "")));
    assert!(readme.contains(GREET_FRAMES));
}

#[test]
fn a_person_is_shown_in_all_forms() {
    assert!(run(&["person"]).success().starts_with(PERSON));
    let other = run(&["person", "--name", "A \"<&\n", "--id", "-1", "--email="]);
    let expected = "name: \"A \\\"<&\\n\"\nid: -1\n\n\
         0a 06 41 20 22 3c 26 0a 10 ff ff ff ff ff ff ff ff ff 01\n\n\
         Protocol Buffers   19 bytes\n\
         JSON               47 bytes  {\"name\": \"A \\\"<&\\u000a\", \"id\": -1, \"email\": \"\"}\n\
         XML                69 bytes  <person><name>A \"&lt;&amp;\n</name><id>-1</id><email></email></person>\n";
    assert!(other.success().starts_with(expected), "{}", other.success());
}

#[test]
fn a_person_s_cost_is_shown_and_that_of_a_megabyte_of_them() {
    let begin = Instant::now();
    let ended = run(&["person"]);
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    let rows: Vec<_> =
        ended.success().split_once("shared decode\n").unwrap().1.lines().take(2).map(Row::read).collect();
    let [one, many] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((one.name.as_str(), one.sizes.as_slice()), ("this Person", &[33, 63, 84][..]));
    // Two bytes before each.
    let count = many.name.strip_suffix(" of them").unwrap().replace(',', "").parse::<usize>().unwrap();
    assert_eq!(many.sizes, [count * 35, 14 + count * 65 - 2, 17 + count * 84]);
    assert!((1_000_000..1_000_035).contains(&many.sizes[0]));
    for (one, many) in one.times.iter().zip(&many.times) {
        assert!(*one > Duration::ZERO && *one * 100 < *many, "{rows:?}");
    }
}

/// A line of that table.
#[derive(Debug)]
struct Row {
    name: String,
    sizes: Vec<usize>,
    times: Vec<Duration>,
}

impl Row {
    fn read(line: &str) -> Self {
        let name = line.chars().take(16).collect::<String>().trim().to_owned();
        let rest = line.chars().skip(16).collect::<String>();
        let words: Vec<&str> = rest.split_whitespace().collect();
        let (sizes, times) = words.split_at(3);
        let time = |pair: &[&str]| {
            let unit = match pair[1] {
                "ns" => 1e-9,
                "µs" => 1e-6,
                "ms" => 1e-3,
                unit => panic!("{unit}"),
            };
            Duration::from_secs_f64(pair[0].parse::<f64>().unwrap() * unit)
        };
        Self {
            name,
            sizes: sizes.iter().map(|size| size.replace(',', "").parse().unwrap()).collect(),
            times: times.chunks(2).map(time).collect(),
        }
    }
}

#[test]
fn help_is_everywhere_and_fits_a_screen() {
    assert_eq!(run(&["--help"]), run(&["-h"]));
    for command in ["", "demo", "serve", "echo", "greet", "person"] {
        let arguments: Vec<&str> = [command, "--help"].into_iter().filter(|argument| !argument.is_empty()).collect();
        let ended = run(&arguments);
        let text = ended.success();
        assert!(text.contains(format!("Usage: threadwire {command}").trim_end()), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    }
    assert_eq!(run(&["--version"]).success(), format!("threadwire {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn arguments_that_cannot_be_followed_are_named() {
    for (arguments, named) in [
        (&["frobnicate"][..], "'frobnicate'; see 'threadwire --help'"),
        (&["--frobnicate"], "'--frobnicate'; see 'threadwire --help'"),
        (&["demo", "more"], "\"more\"; see 'threadwire demo --help'"),
        (&["echo", "--frobnicate"], "'--frobnicate'; see 'threadwire echo --help'"),
        (&["echo", "one", "two"], "\"two\"; see 'threadwire echo --help'"),
        (&["echo", "--url"], "'--url'; see 'threadwire echo --help'"),
        (&["echo", "--url", "http://localhost"], "--url: cannot read the address 'http://localhost'"),
        (&["echo", "--url", "wss://localhost"], "use ws://"),
        (&["greet", "--target", "localhost"], "--target: cannot read the address 'localhost'"),
        (&["greet", "--target", "https://localhost:1"], "TLS is not supported"),
        (&["greet", "--timeout", "0"], "--timeout: cannot read '0': expected seconds"),
        (&["greet", "--timeout", "1e30"], "--timeout: cannot read '1e30': expected seconds"),
        (&["serve", "--ws", "8765"], "--ws: cannot read the address '8765'"),
        (&["serve", "--ws", "127.0.0.1:0", "--grpc", "[::"], "--grpc: cannot read the address '[::'"),
        (&["serve", "--workers", "0"], "--workers: cannot read '0': expected a number from 1 to 1024"),
        (&["person", "--id", "2147483648"], "--id: cannot read '2147483648': expected a whole number"),
    ] {
        let ended = run(arguments);
        let line = ended.failure(2);
        assert!(line.contains(named), "{arguments:?}: {line}");
    }
}

/// A port of this machine that refuses connections for as long as the socket lives: bound, but not listened on.
fn refusing() -> (impl Sized, SocketAddr) {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    rustix::net::bind(&socket, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let socket = TcpListener::from(socket);
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Runs both clients against one address; each must fail with a line that holds `said` and names its option.
fn both_fail(address: SocketAddr, options: &[&str], said: [&str; 2]) {
    let (url, target) = (format!("ws://{address}"), format!("http://{address}"));
    for (client, said) in [["echo", "--url", &url], ["greet", "--target", &target]].into_iter().zip(said) {
        let ended = run(&[&client, options].concat());
        let line = ended.failure(1);
        assert!(line.contains(said) && line.contains(client[1]), "{line}");
    }
}

#[test]
fn a_refused_connection_says_what_to_do() {
    let (_held, address) = refusing();
    both_fail(address, &[], ["Connection refused (os error "; 2]);
    let said = "; start 'threadwire serve', or name another server with --";
    both_fail(address, &[], [said, said]);
}

#[test]
fn a_name_that_does_not_resolve_is_named() {
    // A label of more than 63 bytes (RFC 1035 §2.3.4): no resolver need be asked.
    let name = "x".repeat(64) + ".invalid";
    let (url, target) = (format!("ws://{name}"), format!("{name}:1"));
    for client in [["echo", "--url", &url], ["greet", "--target", &target]] {
        let ended = run(&client);
        let line = ended.failure(1);
        assert!(line.contains(&format!("'{name}'")) && line.contains("check the host name in --"), "{line}");
    }
}

#[test]
fn the_timeout_covers_connection_and_answer() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let begin = Instant::now();
    let said = "within 0.3 s; check that ";
    both_fail(silent.local_addr().unwrap(), &["--timeout", "0.3"], [said, said]);
    assert!(begin.elapsed() < LONG / 2);
    // This one shakes hands and then says nothing.
    let held = websocket::Server::bind("127.0.0.1:0").unwrap().spawn(|mut socket| {
        while socket.receive()?.is_some() {}
        Ok(())
    });
    let held = held.unwrap();
    let url = format!("ws://{}", held.local_addresses()[0]);
    assert!(run(&["echo", "--timeout", "0.3", "--url", &url]).failure(1).contains(said));
}

/// A peer that answers every connection with these bytes and ends it.
fn answering(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Two clients come; the thread ends with the tests if one does not.
    thread::spawn(move || {
        for stream in listener.incoming().take(2) {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1024]).and_then(|_| stream.write_all(answer));
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    address
}

#[test]
fn a_peer_of_another_protocol_is_recognised() {
    let (websocket, grpc) = ("check that --url names a WebSocket server", "check that --target names a gRPC server");
    both_fail(answering(b""), &[], [websocket, grpc]);
    both_fail(answering(b"SSH-2.0-OpenSSH_9.6\r\n"), &[], [websocket, grpc]);
    let http = b"HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\n\x1b[31mno\n";
    both_fail(answering(http), &[], ["404 Not Found: \\u{1b}[31mno; check that --url", grpc]);
    let served = serve(&[]);
    let swapped = ["echo", "--url", &served.target.replace("http", "ws")];
    assert!(run(&swapped).failure(1).contains(websocket));
    assert!(run(&["greet", "--target", &served.url.replace("ws", "http")]).failure(1).contains(grpc));
    assert_eq!(served.terminate().code, Some(0));
}

#[test]
fn a_server_that_does_not_do_its_part_is_told_apart() {
    let empty = grpc::Server::builder().bind("127.0.0.1:0").unwrap().spawn().unwrap();
    let target = empty.local_addresses()[0].to_string();
    assert!(run(&["greet", "--target", &target]).failure(1).contains("this server has no Greeter"));
    let closing = websocket::Server::bind("127.0.0.1:0").unwrap().spawn(|_| Ok(())).unwrap();
    let url = format!("ws://{}", closing.local_addresses()[0]);
    assert!(run(&["echo", "--url", &url]).failure(1).contains("closed the connection without an answer"));
    let bytes = websocket::Server::bind("127.0.0.1:0").unwrap().spawn(|mut socket| {
        socket.receive()?;
        Ok(socket.send(vec![0, 1])?)
    });
    let bytes = bytes.unwrap();
    let url = format!("ws://{}", bytes.local_addresses()[0]);
    assert!(run(&["echo", "--url", &url]).failure(1).contains("expected a text message, got 2 bytes of binary"));
}

#[test]
fn a_port_in_use_says_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (option, other) in [("--ws", "--grpc"), ("--grpc", "--ws")] {
        let ended = run(&["serve", option, &taken, other, "127.0.0.1:0"]);
        let line = ended.failure(1);
        assert!(line.contains(&format!("cannot listen on {taken}: Address already in use")), "{line}");
        assert!(line.ends_with(&format!("stop it, or choose another with {option} HOST:PORT")), "{line}");
    }
}

#[test]
fn serve_answers_both_clients() {
    let served = serve(&[]);
    let (url, target) = (served.url.as_str(), served.target.as_str());
    assert_eq!(run(&["echo", "--url", url]).success(), "Ответ от сервера: Ответ: Привет сервер\n");
    assert_eq!(run(&["echo", "Привет ☺ 😈", "--url", url]).success(), "Ответ от сервера: Ответ: Привет ☺ 😈\n");
    assert_eq!(run(&["greet", "--target", target]).success(), "Greeter client received: Hello, World!\n");
    assert_eq!(run(&["greet", "мир", "--target", target]).success(), "Greeter client received: Hello, мир!\n");
    let ended = served.terminate();
    let (_, printed) = ended.success().split_once("Ctrl+C to stop.\n").unwrap();
    let (messages, reports) = printed.split_once("Stopping: ").unwrap();
    assert_eq!(messages, "Получено сообщение: Привет сервер\nПолучено сообщение: Привет ☺ 😈\n");
    let stopped = reports.lines().nth(1).unwrap();
    let is_report =
        stopped.starts_with("Stopped: ") && stopped.contains(" gRPC connection") && stopped.ends_with("closed.");
    assert!(is_report, "{reports}");
}

#[test]
fn the_echo_takes_bytes_and_pages_of_any_origin() {
    let served = serve(&[]);
    let client = Client::new().header("origin", "https://elsewhere.example").unwrap().timeout(LONG);
    let mut socket = client.connect(&served.url).unwrap();
    socket.send(vec![0, 0xff, 7]).unwrap();
    assert_eq!(socket.receive_timeout(LONG).unwrap(), Some(Message::from(vec![0, 0xff, 7])));
    socket.close(1000, "").unwrap();
    assert!(!served.terminate().success().contains("Получено"));
}

#[test]
fn quiet_leaves_out_the_messages() {
    let served = serve(&["--quiet"]);
    assert_eq!(run(&["echo", "a", "--url", &served.url]).success(), "Ответ от сервера: Ответ: a\n");
    assert!(!served.terminate().success().contains("Получено"));
}

#[test]
fn the_first_signal_drains() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut served = serve(&["--workers", "2"]);
        let mut socket = Client::new().timeout(LONG).connect(&served.url).unwrap();
        let channel = Channel::connect(&served.target).unwrap();
        socket.send("a").unwrap();
        assert_eq!(socket.receive_timeout(LONG).unwrap(), Some(Message::from("Ответ: a")));
        served.program.signal(signal);
        // Closed in order, with 1001.
        assert_eq!(socket.receive_timeout(LONG).unwrap(), None);
        assert_eq!(socket.close_frame().unwrap().code, 1001.into());
        served.program.until("Stopped: ");
        served.program.end().success();
        drop(channel);
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut served = serve(&[]);
    // It never answers the server's Close.
    let address = served.url.strip_prefix("ws://").unwrap();
    let mut held = TcpStream::connect(address).unwrap();
    held.set_read_timeout(Some(LONG)).unwrap();
    let request = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    held.write_all(request.as_bytes()).unwrap();
    held.read_exact(&mut [0; 12]).unwrap();
    served.program.signal(Signal::INT);
    served.program.until("Stopping: ");
    let begin = Instant::now();
    served.program.signal(Signal::INT);
    let ended = served.program.end();
    assert_eq!((ended.code, ended.err.as_str()), (Some(130), ""));
    assert!(!ended.out.contains("Stopped"), "{}", ended.out);
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
}

#[test]
fn a_closed_stdout_ends_quietly() {
    for arguments in
        [&["demo"][..], &["person"], &["--help"], &["serve", "--ws", "127.0.0.1:0", "--grpc", "127.0.0.1:0"]]
    {
        let ended = run_unread(arguments);
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn a_stdout_that_closes_ends_a_handler_quietly_too() {
    let served = serve_unread();
    let mut socket = Client::new().timeout(LONG).connect(&served.url).unwrap();
    // A program that another test is just starting may hold the pipe's end for a moment more.
    while socket.send("a").is_ok() && matches!(socket.receive_timeout(LONG), Ok(Some(_))) {}
    let ended = served.program.end();
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
}

#[test]
fn clients_trace_to_stderr() {
    let served = serve(&[]);
    let echo = run(&["echo", "--trace", "--url", &served.url]);
    assert_eq!((echo.code, echo.out.as_str()), (Some(0), "Ответ от сервера: Ответ: Привет сервер\n"));
    assert_eq!(echo.err, ECHO_FRAMES);
    let greet = run(&["greet", "--trace", "--target", &served.target]);
    assert_eq!((greet.code, greet.out.as_str()), (Some(0), "Greeter client received: Hello, World!\n"));
    assert_eq!(by_direction(&normalised(&greet.err)), by_direction(GREET_FRAMES));
    served.terminate().success();
}

#[test]
fn servers_trace_to_stderr() {
    let mut served = serve(&["--trace"]);
    run(&["echo", "--url", &served.url]).success();
    served.program.until_error("ws #1 → CLOSE FIN 2 bytes · 1000 normal closure");
    run(&["greet", "--target", &served.target]).success();
    served.program.until_error("grpc #1 → GOAWAY");
    let ended = served.terminate();
    assert_eq!(ended.code, Some(0));
    assert!(!ended.out.contains('#'), "{}", ended.out);
    let turned = |frames: &str, label: &str| -> String {
        let turn = |character| match character {
            '→' => '←',
            '←' => '→',
            other => other,
        };
        frames.lines().map(|line| format!("{label} {}\n", line.chars().map(turn).collect::<String>())).collect()
    };
    let (websocket, grpc): (Vec<&str>, Vec<&str>) = ended.err.lines().partition(|line| line.starts_with("ws "));
    assert_eq!(websocket.join("\n") + "\n", turned(ECHO_FRAMES, "ws"));
    // The size of the request's head is the one thing that `normalised` cannot find here.
    let grpc = grpc.join("\n") + "\n";
    let sizes = |text: &str| text.lines().filter(|line| !line.contains("← HEADERS")).collect::<Vec<_>>().join("\n");
    assert_eq!(by_direction(&sizes(&grpc)), by_direction(&sizes(&turned(GREET_FRAMES, "grpc"))));
}

#[test]
fn many_at_once_print_whole_lines() {
    let served = serve(&["--trace"]);
    let texts: Vec<String> = (0..8).map(|number| number.to_string().repeat(2000)).collect();
    thread::scope(|scope| {
        for text in &texts {
            let url = &served.url;
            scope.spawn(move || {
                let socket = &mut Client::new().timeout(LONG).connect(url).unwrap();
                for _ in 0..20 {
                    socket.send(text.as_str()).unwrap();
                    assert_eq!(socket.receive_timeout(LONG).unwrap().unwrap().len(), "Ответ: ".len() + text.len());
                }
                socket.close(1000, "").unwrap();
            });
        }
    });
    let ended = served.terminate();
    let mut printed: Vec<&str> =
        ended.out.lines().filter_map(|line| line.strip_prefix("Получено сообщение: ")).collect();
    printed.sort_unstable();
    let expected: Vec<&str> = texts.iter().flat_map(|text| [text.as_str(); 20]).collect();
    assert!(printed == expected, "{} lines of {}", printed.len(), expected.len());
    assert!(ended.err.lines().all(|line| line.starts_with("ws #")), "{}", ended.err);
}

#[test]
fn a_started_program_is_killed_when_a_test_fails() {
    let program = serve(&[]);
    let address = program.url.strip_prefix("ws://").unwrap().to_owned();
    drop(program);
    assert!(TcpStream::connect(address).is_err());
    drop(Running::start(&["--version"]));
}
