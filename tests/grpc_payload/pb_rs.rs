//! What pb-rs 0.10.0 itself emits for the messages of tests/proto/probe.proto (with its option `dont_use_cow`), but for
//! the heads of the blocks that it begins with.

#![allow(unused_imports, clippy::all, missing_docs, unreachable_pub, reason = "as pb-rs emits it")]

use quick_protobuf::{MessageInfo, MessageRead, MessageWrite, BytesReader, Writer, WriterBackend, Result};
use quick_protobuf::sizeofs::*;

#[allow(clippy::derive_partial_eq_without_eq)]
#[derive(Debug, Default, PartialEq, Clone)]
pub struct Ask {
    pub text: String,
    pub payload: Vec<u8>,
    pub count: u32,
    pub size: u32,
    pub code: i32,
    pub wait: bool,
    pub panic: bool,
}

impl<'a> MessageRead<'a> for Ask {
    fn from_reader(r: &mut BytesReader, bytes: &'a [u8]) -> Result<Self> {
        let mut msg = Self::default();
        while !r.is_eof() {
            match r.next_tag(bytes) {
                Ok(10) => msg.text = r.read_string(bytes)?.to_owned(),
                Ok(18) => msg.payload = r.read_bytes(bytes)?.to_owned(),
                Ok(24) => msg.count = r.read_uint32(bytes)?,
                Ok(32) => msg.size = r.read_uint32(bytes)?,
                Ok(40) => msg.code = r.read_int32(bytes)?,
                Ok(48) => msg.wait = r.read_bool(bytes)?,
                Ok(56) => msg.panic = r.read_bool(bytes)?,
                Ok(t) => { r.read_unknown(bytes, t)?; }
                Err(e) => return Err(e),
            }
        }
        Ok(msg)
    }
}

impl MessageWrite for Ask {
    fn get_size(&self) -> usize {
        0
        + if self.text == String::default() { 0 } else { 1 + sizeof_len((&self.text).len()) }
        + if self.payload.is_empty() { 0 } else { 1 + sizeof_len((&self.payload).len()) }
        + if self.count == 0u32 { 0 } else { 1 + sizeof_varint(*(&self.count) as u64) }
        + if self.size == 0u32 { 0 } else { 1 + sizeof_varint(*(&self.size) as u64) }
        + if self.code == 0i32 { 0 } else { 1 + sizeof_varint(*(&self.code) as u64) }
        + if self.wait == false { 0 } else { 1 + sizeof_varint(*(&self.wait) as u64) }
        + if self.panic == false { 0 } else { 1 + sizeof_varint(*(&self.panic) as u64) }
    }

    fn write_message<W: WriterBackend>(&self, w: &mut Writer<W>) -> Result<()> {
        if self.text != String::default() { w.write_with_tag(10, |w| w.write_string(&**&self.text))?; }
        if !self.payload.is_empty() { w.write_with_tag(18, |w| w.write_bytes(&**&self.payload))?; }
        if self.count != 0u32 { w.write_with_tag(24, |w| w.write_uint32(*&self.count))?; }
        if self.size != 0u32 { w.write_with_tag(32, |w| w.write_uint32(*&self.size))?; }
        if self.code != 0i32 { w.write_with_tag(40, |w| w.write_int32(*&self.code))?; }
        if self.wait != false { w.write_with_tag(48, |w| w.write_bool(*&self.wait))?; }
        if self.panic != false { w.write_with_tag(56, |w| w.write_bool(*&self.panic))?; }
        Ok(())
    }
}

#[allow(clippy::derive_partial_eq_without_eq)]
#[derive(Debug, Default, PartialEq, Clone)]
pub struct Answer {
    pub text: String,
    pub payload: Vec<u8>,
}

impl<'a> MessageRead<'a> for Answer {
    fn from_reader(r: &mut BytesReader, bytes: &'a [u8]) -> Result<Self> {
        let mut msg = Self::default();
        while !r.is_eof() {
            match r.next_tag(bytes) {
                Ok(10) => msg.text = r.read_string(bytes)?.to_owned(),
                Ok(18) => msg.payload = r.read_bytes(bytes)?.to_owned(),
                Ok(t) => { r.read_unknown(bytes, t)?; }
                Err(e) => return Err(e),
            }
        }
        Ok(msg)
    }
}

impl MessageWrite for Answer {
    fn get_size(&self) -> usize {
        0
        + if self.text == String::default() { 0 } else { 1 + sizeof_len((&self.text).len()) }
        + if self.payload.is_empty() { 0 } else { 1 + sizeof_len((&self.payload).len()) }
    }

    fn write_message<W: WriterBackend>(&self, w: &mut Writer<W>) -> Result<()> {
        if self.text != String::default() { w.write_with_tag(10, |w| w.write_string(&**&self.text))?; }
        if !self.payload.is_empty() { w.write_with_tag(18, |w| w.write_bytes(&**&self.payload))?; }
        Ok(())
    }
}

