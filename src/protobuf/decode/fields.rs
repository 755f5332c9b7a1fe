//! What generated code calls: a method for each way to declare a field.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::Decoder;
use crate::protobuf::element::{Element, Packable};
use crate::protobuf::{DecodeError, UnknownFields};

/// The first element of a list is given room for itself alone if it takes more bytes than this.
const LARGE: usize = 64;

impl Decoder<'_> {
    /// A field without presence.
    pub fn singular<E: Element>(&mut self, name: &'static str, value: &mut E::Value) -> Result<(), DecodeError> {
        E::merge(value, self).map_err(|error| error.within(name))
    }

    /// A field with presence.
    pub fn optional<E: Element>(
        &mut self,
        name: &'static str,
        value: &mut Option<E::Value>,
    ) -> Result<(), DecodeError> {
        if value.is_none() {
            self.charge(E::HEAP_SIZE).map_err(|error| error.within(name))?;
            set(value, E::Value::default);
        }
        value.as_mut().map_or(Ok(()), |value| E::merge(value, self)).map_err(|error| error.within(name))
    }

    /// One more value of a list.
    pub fn repeated<E: Element>(&mut self, name: &'static str, values: &mut Vec<E::Value>) -> Result<(), DecodeError> {
        let index = values.len();
        if E::WIRE_TYPE.is_weightless() {
            self.make_room(values, E::HEAP_SIZE).map_err(|error| error.within_element(name, index))?;
        }
        push(values);
        values
            .last_mut()
            .map_or(Ok(()), |value| E::merge(value, self))
            .map_err(|error| error.within_element(name, index))
    }

    /// Makes room for one more element, which takes `heap_size` besides. The list grows as `Vec` would have it, but for
    /// the first of large elements, which is often the only one.
    #[inline]
    fn make_room<T>(&mut self, values: &mut Vec<T>, heap_size: usize) -> Result<(), DecodeError> {
        self.charge(heap_size)?;
        if values.len() < values.capacity() {
            return Ok(());
        }
        let more = match values.capacity() {
            0 if size_of::<T>() > LARGE => 1,
            capacity => capacity.max(4),
        };
        self.charge(more.saturating_mul(size_of::<T>()))?;
        values.reserve_exact(more);
        Ok(())
    }

    /// Values of a list, all in one field of the wire.
    pub fn packed<E: Packable>(&mut self, name: &'static str, values: &mut Vec<E::Value>) -> Result<(), DecodeError> {
        let outer = self.enter().map_err(|error| error.within(name))?;
        if let Some(size) = E::FIXED_SIZE {
            values.reserve(self.bytes.len() / size);
        }
        while self.position < self.bytes.len() {
            let mut value = E::Value::default();
            E::merge(&mut value, self).map_err(|error| error.within_element(name, values.len()))?;
            values.push(value);
        }
        self.leave(outer);
        Ok(())
    }

    /// [`Decoder::packed`] of a closed enum: each number that the enum does not name becomes an unknown field.
    pub fn packed_closed<E: Packable>(
        &mut self,
        number: u32,
        name: &'static str,
        values: &mut Vec<E::Value>,
        unknown: &mut UnknownFields,
    ) -> Result<(), DecodeError> {
        let outer = self.enter().map_err(|error| error.within(name))?;
        while self.position < self.bytes.len() {
            let mut value = E::Value::default();
            let (start, accepts) = (self.position, E::accepts(self));
            E::merge(&mut value, self).map_err(|error| error.within_element(name, values.len()))?;
            if accepts {
                values.push(value);
            } else {
                self.count_unknown()?;
                unknown.push_value(number, self.bytes.get(start..self.position).unwrap_or_default());
            }
        }
        self.leave(outer);
        Ok(())
    }

    /// Whether what comes next is a value of this element.
    pub fn accepts<E: Element>(&self) -> bool {
        E::accepts(self)
    }

    /// A member of a oneof: merged into the value if this member is the one that is set, else set anew. `get` looks
    /// whether it is, `wrap` sets it.
    pub fn member<E: Element, O>(
        &mut self,
        name: &'static str,
        slot: &mut Option<O>,
        get: fn(&mut O) -> Option<&mut E::Value>,
        wrap: fn(E::Value) -> O,
    ) -> Result<(), DecodeError> {
        if slot.as_mut().and_then(get).is_none() {
            self.charge(E::HEAP_SIZE).map_err(|error| error.within(name))?;
            set(slot, || wrap(E::Value::default()));
        }
        match slot.as_mut().and_then(get) {
            Some(value) => E::merge(value, self).map_err(|error| error.within(name)),
            None => Ok(()), // `get` finds what `wrap` made
        }
    }

    /// One entry of a map. An entry with fields of its own that are not known, or a number that its closed enum does
    /// not name, stays whole among the unknown fields, as in upb: the map has no place for them.
    pub fn map<K: Element, V: Element>(
        &mut self,
        name: &'static str,
        entries: &mut BTreeMap<K::Value, V::Value>,
        unknown: &mut UnknownFields,
    ) -> Result<(), DecodeError>
    where
        K::Value: Ord,
    {
        let start = self.tag_position;
        let outer = self.enter().map_err(|error| error.within(name))?;
        let (key, unknown_seen) = self.key::<K, V>().map_err(|error| error.within(name))?;
        self.charge(entry_size::<K::Value, V::Value>(entries.is_empty())).map_err(|error| error.within(name))?;
        // What the map does not take must be right all the same.
        let mut aside = BTreeMap::new();
        let entries = if unknown_seen { &mut aside } else { entries };
        self.position = 0;
        self.value::<V>(fresh(entries, key)).map_err(|error| error.within(name))?;
        self.leave(outer);
        if unknown_seen {
            unknown.push(self.bytes.get(start..self.position).unwrap_or_default());
        }
        Ok(())
    }

    /// A field that the .proto file does not name, or names with another wire type.
    pub fn unknown(&mut self, tag: u32, fields: &mut UnknownFields) -> Result<(), DecodeError> {
        let start = self.tag_position;
        self.skip(tag)?;
        fields.push(self.bytes.get(start..self.position).unwrap_or_default());
        Ok(())
    }

    /// Reads the key of a map's entry, over the whole entry, and whether there are unknown fields in it.
    fn key<K: Element, V: Element>(&mut self) -> Result<(K::Value, bool), DecodeError> {
        let mut key = K::Value::default();
        let mut unknown_seen = false;
        while self.position < self.bytes.len() {
            let tag = self.tag()?;
            if tag == 1 << 3 | K::WIRE_TYPE as u32 {
                K::merge(&mut key, self).map_err(|error| error.within("key"))?;
            } else if tag == 2 << 3 | V::WIRE_TYPE as u32 {
                unknown_seen |= !V::accepts(self);
                self.step_over(tag).map_err(|error| error.within("value"))?;
            } else {
                self.skip(tag)?;
                unknown_seen = true;
            }
        }
        Ok((key, unknown_seen))
    }

    /// Reads the value of a map's entry whose key has been read.
    fn value<V: Element>(&mut self, value: &mut V::Value) -> Result<(), DecodeError> {
        while self.position < self.bytes.len() {
            let tag = self.tag()?;
            if tag == 2 << 3 | V::WIRE_TYPE as u32 {
                V::merge(value, self).map_err(|error| error.within("value"))?;
            } else {
                self.step_over(tag)?;
            }
        }
        Ok(())
    }
}

/// What one more entry takes of a map: `BTreeMap` has nodes for eleven, of which it fills a half at the least.
fn entry_size<K, V>(is_first: bool) -> usize {
    size_of::<(K, V)>() * if is_first { 11 } else { 2 }
}

/// Sets the slot, in a frame of its own.
#[inline(never)]
fn set<T>(slot: &mut Option<T>, value: impl FnOnce() -> T) {
    *slot = Some(value());
}

/// Adds a default value, in a frame of its own.
#[inline(never)]
fn push<T: Default>(values: &mut Vec<T>) {
    values.push(T::default());
}

/// Sets a key's value to the default, in a frame of its own.
#[inline(never)]
fn fresh<K: Ord, V: Default>(entries: &mut BTreeMap<K, V>, key: K) -> &mut V {
    match entries.entry(key) {
        Entry::Vacant(entry) => entry.insert(V::default()),
        Entry::Occupied(entry) => {
            let value = entry.into_mut();
            *value = V::default();
            value
        }
    }
}
