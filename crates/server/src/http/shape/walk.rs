//! Walk through a body: holds it against the table of its fields.

use acteon_core::json::head;
use acteon_core::limits::{MAX_FAULT_BYTES, MAX_NAME_BYTES};
use axum::http::StatusCode;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::flaws::check_json;
use super::labels::{labels, texts};
use super::members::{Members, member_path};
use super::scalars::{
    base64, cron, fault, flag, is_name, is_tenant, name, text, time, whole, word, zone,
};
use super::words::{described, described_text, unreadable};
use super::{Field, FieldType, FieldValue, FieldValues, Shape};
use crate::http::error::{FieldErrors, Refusal};
use acteon_core::similar::nearest;

/// Body that was walked through: its values, and its errors.
pub(in crate::http) struct WalkedBody<'a> {
    pub(in crate::http) values: FieldValues<'a>,
    pub(in crate::http) faults: FieldErrors,
    code: &'static str,
}

impl<'a> WalkedBody<'a> {
    /// Walks through a text. Refused at once is what cannot be walked through: what is no JSON, is
    /// read differently by its readers, or is no object.
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
        let mut faults = FieldErrors::default();
        let values = object("", members, shape.fields, &mut faults);
        Ok(Self {
            values,
            faults,
            code: shape.code,
        })
    }

    /// Values of the body, or the refusal that lists its errors.
    pub(in crate::http) fn checked(self) -> Result<FieldValues<'a>, Refusal> {
        if self.faults.is_empty() {
            Ok(self.values)
        } else {
            Err(self.refusal())
        }
    }

    /// Refusal that lists the errors.
    pub(in crate::http) fn refusal(self) -> Refusal {
        Refusal::invalid_fields(self.code, self.faults)
    }
}

/// Items of a body that is a list, not read yet.
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

/// Walks through an object.
fn object<'a>(
    path: &str,
    Members(members): Members<'a>,
    fields: &[&'static [Field]],
    faults: &mut FieldErrors,
) -> FieldValues<'a> {
    let mut values = FieldValues::default();
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
            values.put_null(field.name);
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

/// Names under which answers show what bodies have under another.
const SHOWN_AS: [(&str, &str); 2] = [("cron_expr", "cron_expression"), ("ends_at", "end_date")];

/// Message about a field that is not in the table, with the most similar one that is.
fn unknown(name: &str, fields: impl Iterator<Item = &'static Field> + Clone) -> String {
    let known = fields
        .filter(|field| !matches!(field.is, FieldType::Unheeded))
        .map(|field| field.name);
    let simple = head(name, MAX_NAME_BYTES)
        .to_ascii_lowercase()
        .replace('-', "_");
    let shown_as = SHOWN_AS.iter().find(|(shown, _)| *shown == simple);
    let shown_as = shown_as.map(|(_, field)| *field);
    let shown_as = shown_as.filter(|field| known.clone().any(|known| known == *field));
    if simple == "enabled" && known.clone().any(|known| known == "cron_expression") {
        return "is shown, and not changed here: POST .../pause and POST .../resume do".to_owned();
    }
    match shown_as.or_else(|| nearest(&simple, known.clone())) {
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
    values: &mut FieldValues<'a>,
    faults: &mut FieldErrors,
) {
    let value = match &field.is {
        FieldType::Name => name(path, raw, field, is_name, faults),
        FieldType::Tenant => name(path, raw, field, is_tenant, faults),
        FieldType::Text(longest) => match text(path, raw, *longest, faults) {
            Some(text) if !text.trim().is_empty() => Some(FieldValue::Text(text)),
            Some(_) if field.is_needed => fault(path, "must not be blank".into(), faults),
            _ => None,
        },
        FieldType::Verbatim(longest) => text(path, raw, *longest, faults).map(FieldValue::Text),
        FieldType::Word(words) => word(path, raw, words, faults).map(FieldValue::Text),
        FieldType::Time => time(path, raw, faults).map(FieldValue::Time),
        FieldType::Flag => flag(path, raw, faults).map(FieldValue::Flag),
        FieldType::Cron => cron(path, raw, field, faults).map(FieldValue::Text),
        FieldType::TimeZone => zone(path, raw, faults).map(FieldValue::Text),
        FieldType::Whole(range) => whole(path, raw, range, faults).map(FieldValue::Whole),
        FieldType::Json | FieldType::JsonOf(_) => Some(FieldValue::Json(raw)),
        FieldType::Labels => Some(FieldValue::Texts(labels(path, raw, faults))),
        FieldType::Texts => Some(FieldValue::Texts(texts(path, raw, faults))),
        FieldType::Objects(fields, most) => {
            objects(path, raw, fields, *most, faults).map(FieldValue::Objects)
        }
        FieldType::Unheeded => None,
        FieldType::Base64 => base64(path, raw, faults).map(FieldValue::Text),
    };
    if let Some(value) = value {
        values.put(field.name, value);
    }
}

fn objects<'a>(
    path: &str,
    raw: &'a RawValue,
    fields: &'static [Field],
    most: usize,
    faults: &mut FieldErrors,
) -> Option<Vec<FieldValues<'a>>> {
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
