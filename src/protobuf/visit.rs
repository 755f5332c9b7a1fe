//! One walk over the fields of a message, for whoever measures, writes or prints it.

use std::collections::BTreeMap;

use super::UnknownFields;
use super::element::{Element, Packable, Scalar};

/// Sees the fields of a message in the order of their numbers. The methods are the ways in which a field can be
/// declared; only `field`, `packed`, `map` and `unknown` differ from visitor to visitor.
pub trait Visitor: Sized {
    /// A value that is there.
    fn field<E: Element>(&mut self, number: u32, name: &'static str, value: &E::Value);

    /// All values of a list in one field of the wire.
    fn packed<E: Packable>(&mut self, number: u32, name: &'static str, values: &[E::Value]);

    /// The entries of a map.
    fn map<K: Element, V: Element>(&mut self, number: u32, name: &'static str, entries: &BTreeMap<K::Value, V::Value>);

    /// The fields that the .proto file does not name.
    fn unknown(&mut self, fields: &UnknownFields);

    /// A field without presence: its default value is not written.
    #[inline]
    fn singular<E: Scalar>(&mut self, number: u32, name: &'static str, value: &E::Value) {
        if !E::is_default(value) {
            self.field::<E>(number, name, value);
        }
    }

    /// A field with presence.
    #[inline]
    fn optional<E: Element>(&mut self, number: u32, name: &'static str, value: &Option<E::Value>) {
        if let Some(value) = value {
            self.field::<E>(number, name, value);
        }
    }

    /// A field that must have a value.
    #[inline]
    fn required<E: Element>(&mut self, number: u32, name: &'static str, value: &Option<E::Value>) {
        self.optional::<E>(number, name, value);
    }

    /// A member of a oneof, if `get` says that it is the one that is set. That is looked up in a function of its own:
    /// whatever a debug build puts on the stack for it counts once, not for each member.
    #[inline]
    fn member<E: Element, O>(
        &mut self,
        number: u32,
        name: &'static str,
        slot: &Option<O>,
        get: fn(&O) -> Option<&E::Value>,
    ) {
        if let Some(value) = slot.as_ref().and_then(get) {
            self.field::<E>(number, name, value);
        }
    }

    /// A list with a field of the wire for each value.
    #[inline]
    fn repeated<E: Element>(&mut self, number: u32, name: &'static str, values: &[E::Value]) {
        for value in values {
            self.field::<E>(number, name, value);
        }
    }
}
