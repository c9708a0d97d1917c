//! Fields, as `serde` reads them.

use serde::de::value::{Error as Unread, StrDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, IntoDeserializer as _, MapAccess, SeqAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::{Map, Value};

use super::reader::{Reader, kind_of};
use crate::card::ANY_NUMBER;
use crate::report::{Fault, Place};

/// Reads an object, and keeps its faults. `None` where nothing could be read in place of a fault.
pub(crate) fn read<'de, T: Deserialize<'de>>(
    reader: &Reader,
    name: &'static str,
    value: &'de Value,
) -> Option<T> {
    let at = Place::root(name);
    let read = T::deserialize(Field::new(reader, at, Some(value)));
    if read.is_err() {
        reader.wrong(at, Fault::Unreadable);
    }
    read.ok()
}

/// Field of an object, which may be missing. What is of another kind than its type is kept as a fault, and read as if it were missing.
#[derive(Clone, Copy)]
struct Field<'r, 'de> {
    reader: &'r Reader,
    at: Place<'r>,
    /// Value; `None` where the field is missing. `null` counts as missing.
    value: Option<&'de Value>,
}

impl<'r, 'de> Field<'r, 'de> {
    fn new(reader: &'r Reader, at: Place<'r>, value: Option<&'de Value>) -> Self {
        Self {
            reader,
            at,
            value: value.filter(|value| !value.is_null()),
        }
    }

    /// What `take` makes of the value, which is `expected`; `None` where it is missing or something else.
    fn kind<T>(
        &self,
        expected: &'static str,
        take: impl FnOnce(&'de Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.value?;
        let taken = take(value);
        if taken.is_none() {
            let found = kind_of(value);
            self.reader.wrong(self.at, Fault::Kind { expected, found });
        }
        taken
    }
}

impl<'de> Deserializer<'de> for Field<'_, 'de> {
    type Error = Unread;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        match self.value {
            Some(Value::Number(number)) => match (number.as_u64(), number.as_f64()) {
                (Some(whole), _) => visitor.visit_u64(whole),
                (None, Some(number)) => visitor.visit_f64(number),
                (None, None) => visitor.visit_u64(0),
            },
            _ => visitor.visit_u64(0),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        visitor.visit_str(self.kind("text", Value::as_str).unwrap_or_default())
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        // The service writes some flags as numbers, and so do people.
        let flag = |value: &Value| match value.as_u64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => value.as_bool(),
        };
        visitor.visit_bool(self.kind("true or false", flag).unwrap_or_default())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        match self.value {
            None => visitor.visit_none(),
            Some(_) => visitor.visit_some(self),
        }
    }

    /// Reads a number, of which the name says which there are.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unread> {
        if self
            .kind("a number", |value| value.is_number().then_some(()))
            .is_none()
        {
            let first = name.split(' ').find_map(|number| number.parse().ok());
            return visitor.visit_newtype_struct(first.unwrap_or(0_u64).into_deserializer());
        }
        let numbers: Vec<&'static str> = name.split_whitespace().collect();
        let written = self.value.map(Value::to_string).unwrap_or_default();
        if name == ANY_NUMBER || numbers.contains(&&*written) {
            return visitor.visit_newtype_struct(self);
        }
        let first = numbers.first().and_then(|number| number.parse().ok());
        self.reader.wrong(self.at, Fault::NotOneOf(numbers));
        visitor.visit_newtype_struct(first.unwrap_or(0_u64).into_deserializer())
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        let items = self.kind("a list", Value::as_array);
        visitor.visit_seq(Items {
            list: self,
            given: items.map_or(&[][..], Vec::as_slice),
            next: 0,
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unread> {
        let given = self.kind("an object", Value::as_object);
        if let Some(given) = given {
            self.tell_unknown(given, fields);
        }
        visitor.visit_map(Fields {
            object: self,
            given,
            names: fields,
            next: 0,
        })
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct map enum identifier ignored_any
    }
}

impl Field<'_, '_> {
    /// Keeps the fields of an object that its type does not have.
    fn tell_unknown(&self, given: &Map<String, Value>, fields: &'static [&'static str]) {
        let mut others = given
            .keys()
            .filter(|name| !fields.contains(&name.as_str()))
            .peekable();
        if others.peek().is_none() {
            return;
        }
        let is_missing = |name: &&&str| given.get(**name).is_none_or(Value::is_null);
        let missing: Vec<&'static str> = fields.iter().filter(is_missing).copied().collect();
        for name in others {
            self.reader.unknown(self.at, name, &missing);
        }
    }
}

/// Items of a list, each of which is a field.
struct Items<'r, 'de> {
    list: Field<'r, 'de>,
    given: &'de [Value],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Unread;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Unread> {
        let Some(item) = self.given.get(self.next) else {
            return Ok(None);
        };
        let at = self.list.at.entry(self.next);
        self.next += 1;
        // An item that is null is no missing field: it would leave an entry that nobody wrote.
        if item.is_null() {
            let found = kind_of(item);
            let expected = "an entry";
            self.list.reader.wrong(at, Fault::Kind { expected, found });
        }
        seed.deserialize(Field::new(self.list.reader, at, Some(item)))
            .map(Some)
    }
}

/// Fields that an object's type has, also those that are missing.
struct Fields<'r, 'de> {
    object: Field<'r, 'de>,
    given: Option<&'de Map<String, Value>>,
    names: &'static [&'static str],
    next: usize,
}

impl<'de> MapAccess<'de> for Fields<'_, 'de> {
    type Error = Unread;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Unread> {
        let Some(name) = self.names.get(self.next) else {
            return Ok(None);
        };
        let name: StrDeserializer<'_, Unread> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unread> {
        let name = self.names.get(self.next).copied().unwrap_or_default();
        self.next += 1;
        let value = self.given.and_then(|given| given.get(name));
        let at = self.object.at.field(name);
        seed.deserialize(Field::new(self.object.reader, at, value))
    }
}
