//! The walk through a body.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use acteon_core::json::head;
use acteon_core::limits::{MAX_FAULT_BYTES, MAX_NAME_BYTES};
use acteon_core::{InvalidName, Namespace, Tenant, Timestamp};
use axum::http::StatusCode;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::flaws::check_json;
use super::labels::{labels, texts};
use super::words::{described, described_text, unreadable};
use super::{Field, Shape, Type, Value, Values};
use crate::http::error::{Faults, Refusal};
use crate::similar::nearest;

/// A body that was walked through: what it holds, and what is wrong with it.
pub(in crate::http) struct WalkedBody<'a> {
    pub(in crate::http) values: Values<'a>,
    pub(in crate::http) faults: Faults,
    code: &'static str,
}

impl<'a> WalkedBody<'a> {
    /// Walks through a text. What cannot be walked through is refused: what is no JSON, is read differently by its readers, or is no object.
    pub(in crate::http) fn walk(text: &'a str, shape: &Shape) -> Result<Self, Refusal> {
        check_json(text, shape.code)?;
        if !text.trim_start().starts_with('{') {
            serde_json::from_str::<IgnoredAny>(text)
                .map_err(|error| unreadable(text, shape.what, &error))?;
            let message = format!(
                "the body must be a JSON object, {}, is {}",
                shape.what,
                described_text(text)
            );
            return Err(Refusal::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                shape.code,
                message,
            ));
        }
        let members: Members<'a> =
            serde_json::from_str(text).map_err(|error| unreadable(text, shape.what, &error))?;
        let mut faults = Faults::default();
        let values = object("", members, shape.fields, &mut faults);
        Ok(Self {
            values,
            faults,
            code: shape.code,
        })
    }

    /// What it holds, if nothing is wrong with it.
    pub(in crate::http) fn checked(self) -> Result<Values<'a>, Refusal> {
        if self.faults.is_empty() {
            Ok(self.values)
        } else {
            Err(self.refusal())
        }
    }

    /// The refusal that tells what is wrong with it.
    pub(in crate::http) fn refusal(self) -> Refusal {
        Refusal::faults(self.code, self.faults)
    }
}

/// The items of a body that is a list, not read yet.
pub(in crate::http) fn elements<'a>(
    text: &'a str,
    what: &str,
) -> Result<Vec<&'a RawValue>, Refusal> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).map_err(|error| unreadable(text, what, &error));
    }
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| unreadable(text, what, &error))?;
    let message = format!("the body must be {what}, is {}", described_text(text));
    Err(Refusal::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "INVALID_BODY",
        message,
    ))
}

/// Members of an object in their order, not read yet.
pub(super) struct Members<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// A text, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The text that a value is, if it is one.
pub(super) fn plain_text(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Name<'_>>(raw.get())
        .ok()
        .map(|Name(text)| text)
}

/// The path of a member, such as `matchers[0].name`.
pub(super) fn member_path(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// Walks through an object.
fn object<'a>(
    path: &str,
    Members(members): Members<'a>,
    fields: &[&'static [Field]],
    faults: &mut Faults,
) -> Values<'a> {
    let mut values = Values::default();
    let known = || fields.iter().copied().flatten();
    // One bit for each field that is there; no table has more.
    let mut there = 0u64;
    for (name, raw) in members {
        let Some((place, field)) = known().enumerate().find(|(_, field)| field.name == name) else {
            faults.add(&member_path(path, head(&name, MAX_FAULT_BYTES)), || {
                unknown(&name, known())
            });
            continue;
        };
        if raw.get() == "null" {
            continue;
        }
        there |= 1 << place;
        if path.is_empty() {
            read(field.name, field, raw, &mut values, faults);
        } else {
            read(
                &member_path(path, field.name),
                field,
                raw,
                &mut values,
                faults,
            );
        }
    }
    for (place, field) in known().enumerate() {
        if field.is_needed && there & (1 << place) == 0 {
            faults.add(&member_path(path, field.name), || "is missing".into());
        }
    }
    values
}

/// What is said of a field that is not in the table.
fn unknown(name: &str, fields: impl Iterator<Item = &'static Field> + Clone) -> String {
    let known = fields
        .filter(|field| !matches!(field.is, Type::Unheeded | Type::NotBuilt))
        .map(|field| field.name);
    let simple = head(name, MAX_NAME_BYTES)
        .to_ascii_lowercase()
        .replace('-', "_");
    match nearest(&simple, known.clone()) {
        Some(near) => format!("is not known here; did you mean {near}?"),
        None => format!(
            "is not known here; known are: {}",
            known.collect::<Vec<_>>().join(", ")
        ),
    }
}

/// Reads the value of a field.
fn read<'a>(
    path: &str,
    field: &Field,
    raw: &'a RawValue,
    values: &mut Values<'a>,
    faults: &mut Faults,
) {
    let value = match &field.is {
        Type::Name => name(
            path,
            raw,
            field,
            |text| Namespace::parse_new(text).map(drop),
            faults,
        ),
        Type::Tenant => name(
            path,
            raw,
            field,
            |text| Tenant::parse_new(text).map(drop),
            faults,
        ),
        Type::Text(longest) => match text(path, raw, *longest, faults) {
            Some(text) if !text.trim().is_empty() => Some(Value::Text(text)),
            Some(_) if field.is_needed => fault(path, "must not be blank".into(), faults),
            _ => None,
        },
        Type::Verbatim(longest) => text(path, raw, *longest, faults).map(Value::Text),
        Type::Word(words) => word(path, raw, words, faults).map(Value::Text),
        Type::Time => time(path, raw, faults).map(Value::Time),
        Type::Flag => match raw.get() {
            "true" => Some(Value::Flag(true)),
            "false" => Some(Value::Flag(false)),
            _ => fault(
                path,
                format!("must be true or false, is {}", shown(raw)),
                faults,
            ),
        },
        Type::Whole(range) => match raw.get().parse::<i64>() {
            Ok(number) if range.contains(&number) => Some(Value::Whole(number)),
            _ if *range.end() == i64::MAX => fault(
                path,
                format!(
                    "must be a whole number, {} or more, is {}",
                    range.start(),
                    shown(raw)
                ),
                faults,
            ),
            _ => fault(
                path,
                format!(
                    "must be a whole number from {} to {}, is {}",
                    range.start(),
                    range.end(),
                    shown(raw)
                ),
                faults,
            ),
        },
        Type::Json => Some(Value::Json(raw)),
        Type::Labels => Some(Value::Texts(labels(path, raw, faults))),
        Type::Texts => Some(Value::Texts(texts(path, raw, faults))),
        Type::Objects(fields, most) => {
            objects(path, raw, fields, *most, faults).map(Value::Objects)
        }
        Type::Unheeded => None,
        Type::NotBuilt if raw.get() == "[]" => None,
        Type::NotBuilt => fault(
            path,
            "is not supported by this version; leave it out".into(),
            faults,
        ),
    };
    if let Some(value) = value {
        values.put(field.name, value);
    }
}

fn fault<T>(path: &str, message: String, faults: &mut Faults) -> Option<T> {
    faults.add(path, || message);
    None
}

fn text<'a>(
    path: &str,
    raw: &'a RawValue,
    longest: usize,
    faults: &mut Faults,
) -> Option<Cow<'a, str>> {
    let Some(text) = plain_text(raw) else {
        return fault(
            path,
            format!("must be a string, is {}", described(raw)),
            faults,
        );
    };
    if text.len() > longest {
        return fault(
            path,
            format!(
                "is {} bytes long, at most {longest} are allowed",
                text.len()
            ),
            faults,
        );
    }
    if text.contains('\0') {
        return fault(path, "must not contain a NUL character".into(), faults);
    }
    Some(text)
}

/// A name that `check` finds nothing wrong with. One that need not be there may be blank.
fn name<'a>(
    path: &str,
    raw: &'a RawValue,
    field: &Field,
    check: fn(&str) -> Result<(), InvalidName>,
    faults: &mut Faults,
) -> Option<Value<'a>> {
    let text = text(path, raw, MAX_NAME_BYTES, faults)
        .filter(|text| field.is_needed || !text.trim().is_empty())?;
    match check(&text) {
        Ok(()) => Some(Value::Text(text)),
        Err(error) => fault(path, error.to_string(), faults),
    }
}

fn word<'a>(
    path: &str,
    raw: &'a RawValue,
    words: &[&'static str],
    faults: &mut Faults,
) -> Option<Cow<'a, str>> {
    let text = text(path, raw, MAX_NAME_BYTES, faults).filter(|text| !text.trim().is_empty())?;
    match words
        .iter()
        .find(|word| text.trim().eq_ignore_ascii_case(word))
    {
        Some(word) => Some(Cow::Borrowed(word)),
        None => fault(
            path,
            format!("must be one of {}, is {text:?}", words.join(", ")),
            faults,
        ),
    }
}

/// The year 1.
const YEAR: Duration = Duration::from_hours(365 * 24);

fn time(path: &str, raw: &RawValue, faults: &mut Faults) -> Option<Timestamp> {
    let text = text(path, raw, MAX_NAME_BYTES, faults).filter(|text| !text.trim().is_empty())?;
    match Timestamp::read(&text) {
        // Go's zero time, in whatever zone: its clients write it for what they do not have.
        Ok(time) if time.since(Timestamp::MIN) < YEAR => None,
        Ok(time) => Some(time),
        Err(error) => fault(
            path,
            format!(
                "must be an RFC 3339 time such as 2026-01-31T09:00:00Z, is {}{}",
                shown(raw),
                error.hint()
            ),
            faults,
        ),
    }
}

fn objects<'a>(
    path: &str,
    raw: &'a RawValue,
    fields: &'static [Field],
    most: usize,
    faults: &mut Faults,
) -> Option<Vec<Values<'a>>> {
    if !raw.get().starts_with('[') {
        return fault(
            path,
            format!("must be a list of objects, is {}", described(raw)),
            faults,
        );
    }
    let Ok(items) = serde_json::from_str::<Vec<&'a RawValue>>(raw.get()) else {
        return fault(path, "cannot be read".into(), faults);
    };
    if items.len() > most {
        return fault(
            path,
            format!("has {} items, at most {most} are allowed", items.len()),
            faults,
        );
    }
    let mut found = Vec::with_capacity(items.len());
    for (place, item) in items.into_iter().enumerate() {
        let path = format!("{path}[{place}]");
        match serde_json::from_str::<Members<'a>>(item.get()) {
            Ok(members) => found.push(object(&path, members, &[fields], faults)),
            Err(_) => faults.add(&path, || {
                format!("must be an object, is {}", described(item))
            }),
        }
    }
    Some(found)
}

/// A value as it stands, if it is short.
fn shown(raw: &RawValue) -> &str {
    if raw.get().len() <= 40 && !raw.get().starts_with(['{', '[']) {
        raw.get()
    } else {
        described(raw)
    }
}
