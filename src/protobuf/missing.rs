//! The walk that looks for required fields without a value (proto2): a message that lacks one is neither read nor
//! written, as in the other implementations.

use std::collections::BTreeMap;

use super::element::{Element, Packable};
use super::error::Segment;
use super::visit::Visitor;
use super::{Message, UnknownFields};

/// The first required field that has no value.
#[derive(Debug, Default)]
pub struct Missing {
    /// Its path, innermost first.
    path: Vec<Segment>,
}

impl Missing {
    /// The path of the first required field without a value, innermost first, if there is one.
    pub(super) fn of<M: Message>(message: &M) -> Option<Vec<Segment>> {
        let mut missing = Self::default();
        missing.look(message);
        (!missing.path.is_empty()).then_some(missing.path)
    }

    pub(super) fn look<M: Message>(&mut self, message: &M) {
        if M::HAS_REQUIRED && !self.is_found() {
            message.visit(self);
        }
    }

    fn is_found(&self) -> bool {
        !self.path.is_empty()
    }

    fn within<E: Element>(&mut self, value: &E::Value, segment: Segment) {
        if !self.is_found() {
            E::check(value, self);
            if self.is_found() {
                self.path.push(segment);
            }
        }
    }
}

impl Visitor for Missing {
    fn field<E: Element>(&mut self, _number: u32, name: &'static str, value: &E::Value) {
        self.within::<E>(value, Segment { name, index: None });
    }

    fn required<E: Element>(&mut self, number: u32, name: &'static str, value: &Option<E::Value>) {
        match value {
            Some(value) => self.field::<E>(number, name, value),
            None if self.is_found() => {}
            None => self.path.push(Segment { name, index: None }),
        }
    }

    fn repeated<E: Element>(&mut self, _number: u32, name: &'static str, values: &[E::Value]) {
        for (index, value) in values.iter().enumerate() {
            self.within::<E>(value, Segment { name, index: Some(index) });
        }
    }

    fn packed<E: Packable>(&mut self, _number: u32, _name: &'static str, _values: &[E::Value]) {}

    fn map<K: Element, V: Element>(
        &mut self,
        _number: u32,
        name: &'static str,
        entries: &BTreeMap<K::Value, V::Value>,
    ) {
        for value in entries.values() {
            self.within::<V>(value, Segment { name, index: None });
        }
    }

    fn unknown(&mut self, _fields: &UnknownFields) {}
}
