//! What is not one of our clients: peers that speak frames and go away within a call, and a relay that cuts connections.

use super::dice::Dice;
use super::support::{
    DATA, END_STREAM, LONG, PREFACE, RST_STREAM, Raw, SETTINGS, body, frame, prefixed, proto::Ask, waits,
};
use rustix::net::sockopt::set_socket_linger;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const METHODS: [&str; 4] =
    ["/probe.v1.Probe/Unary", "/probe.v1.Probe/Download", "/probe.v1.Probe/Upload", "/probe.v1.Probe/Chat"];
/// Calls of a peer on one connection.
pub const CALLS: usize = 4;

/// A peer connects, begins some calls, resets some of them, and goes.
pub fn visit(server: SocketAddr, dice: &mut Dice) {
    let mut raw = Raw::connect(server);
    // Some have windows that the answers do not fit into.
    let window = [16, 65_535][dice.below(2)];
    raw.write(&[PREFACE, &frame(SETTINGS, 0, 0, &[&[0, 4, 0, 0][..], &u16::to_be_bytes(window)].concat())].concat());
    for number in 0..CALLS {
        call(&mut raw, u32::try_from(number).unwrap() * 2 + 1, dice);
    }
    leave(raw, dice);
}

fn call(raw: &mut Raw, stream: u32, dice: &mut Dice) {
    raw.open(stream, METHODS[dice.below(4)], &[], 0);
    let size = [10, 10_000][dice.below(2)];
    let ask = match dice.below(3) {
        0 => waits(),
        _ => Ask { payload: vec![1; size], size: u32::try_from(size).unwrap(), count: 20, ..Default::default() },
    };
    let message = body(&ask);
    match dice.below(3) {
        0 => raw.write(&frame(DATA, END_STREAM, stream, &message)),
        1 => raw.write(&frame(DATA, 0, stream, &message)),
        // It stops within the message.
        _ => raw.write(&frame(DATA, 0, stream, &message[..dice.below(message.len())])),
    }
    if dice.below(4) == 0 {
        raw.ping();
    }
    if dice.below(2) == 0 {
        // With CANCEL.
        raw.write(&frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]));
    }
}

fn leave(mut raw: Raw, dice: &mut Dice) {
    match dice.below(5) {
        // In order, but for what it has not read.
        0 => {}
        1 => raw.ping(),
        // With a reset of TCP.
        2 => set_socket_linger(&raw.stream, Some(Duration::ZERO)).unwrap(),
        3 => {
            raw.end_output();
            raw.until_cut();
        }
        // With what is an error of the whole connection.
        _ => {
            raw.write(&frame(DATA, 0, 0, &prefixed(b"of no stream")));
            raw.until_cut();
        }
    }
}

/// Stands between clients and a server, and cuts each connection after some bytes.
pub struct Relay {
    pub address: SocketAddr,
    over: Arc<AtomicBool>,
    accepting: JoinHandle<()>,
}

impl Relay {
    pub fn new(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, over) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let until = Arc::clone(&over);
        let accepting = thread::spawn(move || {
            let mut dice = Dice::new(7);
            let mut passing = Vec::<JoinHandle<()>>::new();
            loop {
                let client = listener.accept().unwrap().0;
                if until.load(Ordering::SeqCst) {
                    break;
                }
                passing.retain(|thread| !thread.is_finished());
                passing.extend(between(client, TcpStream::connect(server).unwrap(), &mut dice));
            }
            passing.into_iter().for_each(|thread| thread.join().unwrap());
        });
        Self { address, over, accepting }
    }

    /// Ends it, once its clients have gone.
    pub fn end(self) {
        self.over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address).unwrap());
        self.accepting.join().unwrap();
    }
}

/// Passes bytes both ways, until one side ends or there have been enough.
fn between(client: TcpStream, server: TcpStream, dice: &mut Dice) -> [JoinHandle<()>; 2] {
    for stream in [&client, &server] {
        stream.set_nodelay(true).unwrap();
        stream.set_write_timeout(Some(LONG)).unwrap();
        if dice.below(2) == 0 {
            set_socket_linger(stream, Some(Duration::ZERO)).unwrap();
        }
    }
    let left = Arc::new(AtomicUsize::new(1_000 + dice.below(400_000)));
    let (client, server) = (Arc::new(client), Arc::new(server));
    [(&client, &server), (&server, &client)].map(|(from, to)| {
        let (from, to, left) = (Arc::clone(from), Arc::clone(to), Arc::clone(&left));
        thread::spawn(move || pass(&from, &to, &left))
    })
}

fn pass(mut from: &TcpStream, mut to: &TcpStream, left: &AtomicUsize) {
    let mut buffer = [0; 8 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let budget = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| Some(left.saturating_sub(length)));
        let passed = length.min(budget.unwrap());
        if to.write_all(&buffer[..passed]).is_err() || passed < length {
            break;
        }
    }
    // The other direction ends, too.
    for stream in [from, to] {
        let _ = stream.shutdown(Shutdown::Both);
    }
}
