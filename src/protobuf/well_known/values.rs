//! [`Struct`], [`Value`] and [`ListValue`]: what JSON can say, as messages (google/protobuf/struct.proto).

use std::collections::BTreeMap;

use super::value::Kind;
use super::{ListValue, NullValue, Struct, Value};

/// One value of JSON. It is made with `from`; a `Value` without `kind` is none at all, and may not be sent.
///
/// ```
/// use threadwire::protobuf::well_known::{Struct, Value};
///
/// let person = Struct::from_iter([
///     ("name", Value::from("John Doe")),
///     ("id", 123.into()),
///     ("emails", vec!["johndoe@example.com"].into()),
///     ("phone", ().into()),
/// ]);
/// assert_eq!(person.get("id").and_then(Value::as_f64), Some(123.0));
/// assert!(person.get("phone").is_some_and(Value::is_null));
/// assert_eq!(person.get("age"), None);
/// ```
impl Value {
    /// Whether it is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Some(Kind::NullValue(_)))
    }

    /// The boolean, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind {
            Some(Kind::BoolValue(value)) => Some(value),
            _ => None,
        }
    }

    /// The number, if it is one.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self.kind {
            Some(Kind::NumberValue(value)) => Some(value),
            _ => None,
        }
    }

    /// The string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Some(Kind::StringValue(value)) => Some(value),
            _ => None,
        }
    }

    /// The object, if it is one.
    #[must_use]
    pub fn as_struct(&self) -> Option<&Struct> {
        match &self.kind {
            Some(Kind::StructValue(value)) => Some(value),
            _ => None,
        }
    }

    /// The values of the list, if it is one.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Value]> {
        match &self.kind {
            Some(Kind::ListValue(list)) => Some(&list.values),
            _ => None,
        }
    }
}

impl Struct {
    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }
}

impl From<Kind> for Value {
    fn from(kind: Kind) -> Self {
        Self { kind: Some(kind), ..Self::default() }
    }
}

/// Null.
impl From<()> for Value {
    fn from((): ()) -> Self {
        Kind::NullValue(NullValue::default()).into()
    }
}

/// Nothing becomes null.
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(|| ().into(), Into::into)
    }
}

/// A list.
impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        ListValue::from_iter(values).into()
    }
}

/// An object.
impl<V: Into<Value>> From<BTreeMap<String, V>> for Value {
    fn from(fields: BTreeMap<String, V>) -> Self {
        Struct::from_iter(fields).into()
    }
}

macro_rules! kinds {
    ($($kind:ident: $($value:ty),*;)*) => {$($(
        impl From<$value> for Value {
            fn from(value: $value) -> Self {
                Kind::$kind(value.into()).into()
            }
        }
    )*)*};
}

// An i64 or u64 is no number of JSON: a double does not hold all of them.
kinds! {
    BoolValue: bool;
    NumberValue: f64, f32, i32, u32, i16, u16, i8, u8;
    StringValue: String, &str;
    StructValue: Struct;
    ListValue: ListValue;
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Struct {
    /// An object of these fields; of two with one name the last counts.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(fields: I) -> Self {
        let fields = fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { fields, ..Self::default() }
    }
}

impl<T: Into<Value>> FromIterator<T> for ListValue {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self { values: values.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protobuf::Message;

    #[test]
    fn each_kind_is_that_kind_alone() {
        let seen = |value: &Value| {
            [
                value.is_null(),
                value.as_bool().is_some(),
                value.as_f64().is_some(),
                value.as_str().is_some(),
                value.as_struct().is_some(),
                value.as_list().is_some(),
            ]
        };
        let values = [
            Value::from(()),
            Value::from(false),
            Value::from(0),
            Value::from(""),
            Value::from(Struct::default()),
            Value::from(ListValue::default()),
        ];
        for (index, value) in values.iter().enumerate() {
            let expected = std::array::from_fn(|other| other == index);
            assert_eq!(seen(value), expected, "{value:?}");
            // Defaults have presence here: null, false and 0 are written.
            let bytes = value.encode_to_vec().unwrap();
            assert!(!bytes.is_empty());
            assert_eq!(Value::decode(&bytes).unwrap(), *value);
        }
        assert_eq!(seen(&Value::default()), [false; 6]);
    }

    #[test]
    fn what_values_are_made_of() {
        assert_eq!(Value::from(None::<bool>), Value::from(()));
        assert_eq!(Value::from(Some("a")), Value::from(String::from("a")));
        assert_eq!(Value::from(vec![Some(true), None]).as_list().map(<[Value]>::len), Some(2));
        assert_eq!(Value::from(u32::MAX).as_f64(), Some(4_294_967_295.0));
        assert_eq!(Value::from(i32::MIN).as_f64(), Some(-2_147_483_648.0));
        let map = BTreeMap::from([(String::from("a"), vec![1, 2])]);
        let object = Value::from(map);
        let list = object.as_struct().and_then(|object| object.get("a")).and_then(Value::as_list);
        assert_eq!(list, Some(&[Value::from(1.0), Value::from(2.0)][..]));
    }

    #[test]
    fn of_two_fields_with_one_name_the_last_counts() {
        let object = Struct::from_iter([("a", 1), ("a", 2)]);
        assert_eq!(object.get("a"), Some(&Value::from(2)));
        assert_eq!(object.fields.len(), 1);
    }
}
