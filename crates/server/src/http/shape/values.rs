//! Values that a walk found in a body, field by field.

use std::borrow::Cow;
use std::collections::BTreeMap;

use acteon_core::{InvalidName, Timestamp};
use serde_json::value::RawValue;

/// Value of a field.
#[derive(Debug)]
pub(in crate::http) enum FieldValue<'a> {
    Text(Cow<'a, str>),
    Time(Timestamp),
    Flag(bool),
    Whole(i64),
    Json(&'a RawValue),
    Texts(BTreeMap<String, String>),
    Objects(Vec<FieldValues<'a>>),
}

/// Fields of an object that are there, and not `null` or blank.
#[derive(Debug, Default)]
pub(in crate::http) struct FieldValues<'a>(
    Vec<(&'static str, FieldValue<'a>)>,
    /// Fields that are `null`.
    Vec<&'static str>,
);

impl<'a> FieldValues<'a> {
    pub(super) fn put(&mut self, name: &'static str, value: FieldValue<'a>) {
        self.0.push((name, value));
    }

    pub(super) fn put_null(&mut self, name: &'static str) {
        self.1.push(name);
    }

    /// Whether a field is there as `null`. Most bodies make no difference between that and a field that is left out.
    pub(in crate::http) fn is_null(&self, name: &str) -> bool {
        self.1.contains(&name)
    }

    fn take(&mut self, name: &str) -> Option<FieldValue<'a>> {
        let place = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.swap_remove(place).1)
    }

    /// Takes a text, also of a field of words.
    pub(in crate::http) fn text(&mut self, name: &str) -> Option<Cow<'a, str>> {
        match self.take(name) {
            Some(FieldValue::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Takes a text as a `String`.
    pub(in crate::http) fn owned(&mut self, name: &str) -> Option<String> {
        self.text(name).map(Cow::into_owned)
    }

    /// Takes a name, which the walk has checked.
    pub(in crate::http) fn name<T>(
        &mut self,
        name: &str,
        parse: fn(&str) -> Result<T, InvalidName>,
    ) -> Option<T> {
        parse(&self.text(name)?).ok()
    }

    pub(in crate::http) fn time(&mut self, name: &str) -> Option<Timestamp> {
        match self.take(name) {
            Some(FieldValue::Time(time)) => Some(time),
            _ => None,
        }
    }

    pub(in crate::http) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.take(name) {
            Some(FieldValue::Flag(flag)) => Some(flag),
            _ => None,
        }
    }

    /// Takes a whole number, which the walk has held against its range.
    pub(in crate::http) fn whole(&mut self, name: &str) -> Option<u64> {
        match self.take(name) {
            Some(FieldValue::Whole(number)) => u64::try_from(number).ok(),
            _ => None,
        }
    }

    pub(in crate::http) fn json(&mut self, name: &str) -> Option<&'a RawValue> {
        match self.take(name) {
            Some(FieldValue::Json(raw)) => Some(raw),
            _ => None,
        }
    }

    pub(in crate::http) fn texts(&mut self, name: &str) -> Option<BTreeMap<String, String>> {
        match self.take(name) {
            Some(FieldValue::Texts(texts)) => Some(texts),
            _ => None,
        }
    }

    /// JSON of all values that were not taken.
    pub(in crate::http) fn into_json(self) -> serde_json::Value {
        self.0
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into_json()))
            .collect()
    }

    pub(in crate::http) fn objects(&mut self, name: &str) -> Option<Vec<Self>> {
        match self.take(name) {
            Some(FieldValue::Objects(objects)) => Some(objects),
            _ => None,
        }
    }
}

impl FieldValue<'_> {
    fn into_json(self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.into_owned().into(),
            Self::Time(time) => time.to_string().into(),
            Self::Flag(flag) => flag.into(),
            Self::Whole(number) => number.into(),
            Self::Json(raw) => serde_json::from_str(raw.get()).unwrap_or(serde_json::Value::Null),
            Self::Texts(texts) => texts.into_iter().collect(),
            Self::Objects(objects) => objects.into_iter().map(FieldValues::into_json).collect(),
        }
    }
}
