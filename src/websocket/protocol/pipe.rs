//! The stream that tungstenite reads from and writes to: bytes in memory.

use bytes::{Buf, BytesMut};
use std::io::{self, ErrorKind, Read, Write};

/// Received bytes that are not decoded yet, and encoded ones that are not sent yet.
#[derive(Debug, Default)]
pub(super) struct Pipe {
    pub(super) input: BytesMut,
    pub(super) output: BytesMut,
    pub(super) ended: bool,
}

/// Above this many bytes an empty buffer is given back.
const KEEP: usize = 4 * 1024;

impl Pipe {
    /// Gives large empty buffers back.
    pub(super) fn rest(&mut self) {
        for buffer in [&mut self.input, &mut self.output] {
            if buffer.is_empty() && buffer.capacity() > KEEP {
                *buffer = BytesMut::new();
            }
        }
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.input.is_empty() && !self.ended {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = buffer.len().min(self.input.len());
        self.input.copy_to_slice(buffer.get_mut(..count).unwrap_or_default());
        Ok(count)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
