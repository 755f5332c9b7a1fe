//! The WebSocket cases of a client.

use crate::cases::{self, Case, Failure, Outcome, PATIENCE, TEXT, mebibyte, on_threads, same};
use threadwire::Limits;
use threadwire::websocket::{Client, CloseFrame, Connection, Error, Message};

/// Longer than any message of the cases.
const MOST: usize = 8 * 1024 * 1024;
const FRAGMENTED: &str = "раз два три";
/// What this peer's connections are called.
const NAME: &str = "threadwire";

/// Runs the cases against the server at `url`.
pub(crate) fn check(url: &str) -> Result<(), Failure> {
    let cases: Vec<Case<'_>> = vec![
        ("text", Box::new(|| text(url))),
        ("binary", Box::new(|| binary(url))),
        ("1 MiB", Box::new(|| one_mebibyte(url))),
        ("fragments", Box::new(|| fragments(url))),
        ("ping to the server", Box::new(|| ping_the_server(url))),
        ("ping from the server", Box::new(|| ping_from_the_server(url))),
        ("client closes 4000", Box::new(|| client_closes(url))),
        ("server closes 4001", Box::new(|| server_closes(url, 4001, "причина"))),
        ("server closes 1000", Box::new(|| server_closes(url, 1000, "done"))),
        ("server push", Box::new(|| server_push(url))),
        ("20 connections at once", Box::new(|| many_connections(url))),
    ];
    cases::run(cases)
}

/// The echo of `threadwire serve`.
pub(crate) fn check_echo(url: &str) -> Result<(), Failure> {
    let answer = format!("Ответ: {TEXT}");
    let text =
        || connected(Client::new(), url, |socket| same("text", exchange(socket, TEXT)?, Message::from(&*answer)));
    let binary = || {
        connected(Client::new(), url, |socket| same("binary", exchange(socket, mebibyte())?, Message::from(mebibyte())))
    };
    // A page opened from a file says `null`.
    let from_a_page = || {
        ["null", "http://localhost:3000"].iter().try_for_each(|origin| {
            let client = Client::new().header("origin", origin)?;
            connected(client, url, |socket| same("text", exchange(socket, TEXT)?, Message::from(&*answer)))
        })
    };
    let cases: Vec<Case<'_>> = vec![
        ("text", Box::new(text)),
        ("binary", Box::new(binary)),
        ("from a page of another origin", Box::new(from_a_page)),
    ];
    cases::run(cases)
}

/// Runs `body` on an open connection, which is then closed in order.
fn connected(client: Client, url: &str, body: impl FnOnce(&mut Connection) -> Outcome) -> Outcome {
    let mut limits = Limits::default();
    limits.websocket_message_bytes = MOST;
    let mut socket = client.limits(limits).timeout(PATIENCE).connect(url)?;
    body(&mut socket)?;
    socket.close_timeout(1000, "", PATIENCE)?;
    same("answer to the close", socket.close_frame().map(|frame| frame.code.0), Some(1000))
}

fn on_connection(url: &str, body: impl FnOnce(&mut Connection) -> Outcome) -> Outcome {
    connected(Client::new(), url, body)
}

fn receive(socket: &mut Connection) -> Result<Message, Failure> {
    Ok(socket.receive_timeout(PATIENCE)?.ok_or("expected a message, came the end")?)
}

fn exchange(socket: &mut Connection, message: impl Into<Message>) -> Result<Message, Failure> {
    socket.send_timeout(message, PATIENCE)?;
    receive(socket)
}

fn text(url: &str) -> Outcome {
    on_connection(url, |socket| {
        same("text", exchange(socket, TEXT)?, Message::from(TEXT))?;
        same("empty text", exchange(socket, "")?, Message::from(""))
    })
}

fn binary(url: &str) -> Outcome {
    let sent: Vec<u8> = (0..=255).collect();
    on_connection(url, |socket| same("binary", exchange(socket, sent.clone())?, Message::from(sent)))
}

fn one_mebibyte(url: &str) -> Outcome {
    let text = "я".repeat(512 * 1024);
    on_connection(url, |socket| {
        same("binary", exchange(socket, mebibyte())?, Message::from(mebibyte()))?;
        same("text", exchange(socket, &*text)?, Message::from(&*text))
    })
}

/// Of the server; our own messages have one frame each.
fn fragments(url: &str) -> Outcome {
    on_connection(url, |socket| {
        same("text", exchange(socket, FRAGMENTED)?, Message::from(FRAGMENTED))?;
        same("text", exchange(socket, "/fragments")?, Message::from(FRAGMENTED))
    })
}

fn ping_the_server(url: &str) -> Outcome {
    on_connection(url, |socket| Ok(socket.ping(PATIENCE).map(drop)?))
}

fn ping_from_the_server(url: &str) -> Outcome {
    on_connection(url, |socket| same("answer", exchange(socket, "/ping")?, Message::from("pong")))
}

fn client_closes(url: &str) -> Outcome {
    let mut socket = Client::new().timeout(PATIENCE).connect(url)?;
    same("answer", exchange(&mut socket, format!("/name {NAME}"))?, Message::from("named"))?;
    socket.close_timeout(4000, "до свидания", PATIENCE)?;
    same("answer to the close", socket.close_frame().map(|frame| frame.code.0), Some(4000))?;
    on_connection(url, |other| {
        let told = exchange(other, format!("/closed {NAME}"))?;
        same("what the server saw", told, Message::from("4000 до свидания"))
    })
}

fn server_closes(url: &str, code: u16, reason: &str) -> Outcome {
    let mut socket = Client::new().timeout(PATIENCE).connect(url)?;
    socket.send_timeout(format!("/close {code} {reason}"), PATIENCE)?;
    let expected = CloseFrame::new(code, reason);
    match socket.receive_timeout(PATIENCE) {
        Ok(None) => same("how it ends without an error", expected.code.is_clean(), true)?,
        Err(Error::ClosedByPeer(frame)) => same("close", &frame, &expected)?,
        Ok(Some(message)) => return Err(format!("expected a close, came {message:?}").into()),
        Err(error) => return Err(error.into()),
    }
    same("close", socket.close_frame(), Some(expected))
}

fn server_push(url: &str) -> Outcome {
    on_connection(url, |socket| {
        socket.send_timeout("/push 100", PATIENCE)?;
        (0..100).try_for_each(|number| same("push", receive(socket)?, Message::from(format!("push {number}"))))
    })
}

fn many_connections(url: &str) -> Outcome {
    on_threads(20, |thread| {
        on_connection(url, |socket| {
            (0..20).try_for_each(|number| {
                let text = format!("{thread} {number}");
                same("text", exchange(socket, &*text)?, Message::from(text))
            })
        })
    })
}
