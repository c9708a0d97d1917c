//! Values of fields that are neither lists nor objects.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::time::Duration;

use acteon_core::limits::{MAX_BODY_BYTES, MAX_NAME_BYTES};
use acteon_core::{InvalidName, Namespace, Tenant, Timestamp};
use acteon_schedule::{Cron, time_zone};
use serde_json::value::RawValue;

use super::members::plain_text;
use super::words::described;
use super::{Field, FieldValue};
use crate::http::error::FieldErrors;

/// Adds the error of a field, which then has no value.
pub(super) fn fault<T>(path: &str, message: String, faults: &mut FieldErrors) -> Option<T> {
    faults.add(path, || message);
    None
}

pub(super) fn text<'a>(
    path: &str,
    raw: &'a RawValue,
    longest: usize,
    faults: &mut FieldErrors,
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

/// Bytes in base64, with the padding at the end or without.
pub(super) fn base64<'a>(
    path: &str,
    raw: &'a RawValue,
    faults: &mut FieldErrors,
) -> Option<Cow<'a, str>> {
    let text = text(path, raw, MAX_BODY_BYTES, faults)?;
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let is_whole = match digits.len() % 4 {
        0 => padding == 0,
        1 => false,
        rest => padding == 0 || padding == 4 - rest,
    };
    if !is_whole || !digits.bytes().all(is_digit) {
        return fault(
            path,
            "must be the bytes of a file in base64, of the letters A-Z, a-z, 0-9, + and /, without line breaks".into(),
            faults,
        );
    }
    Some(text)
}

/// Name that `check` accepts. One that need not be there may be blank.
pub(super) fn name<'a>(
    path: &str,
    raw: &'a RawValue,
    field: &Field,
    check: fn(&str) -> Result<(), InvalidName>,
    faults: &mut FieldErrors,
) -> Option<FieldValue<'a>> {
    let text = text(path, raw, MAX_NAME_BYTES, faults)
        .filter(|text| field.is_needed || !text.trim().is_empty())?;
    match check(&text) {
        Ok(()) => Some(FieldValue::Text(text)),
        Err(error) => fault(path, error.to_string(), faults),
    }
}

pub(super) fn word<'a>(
    path: &str,
    raw: &'a RawValue,
    words: &[&'static str],
    faults: &mut FieldErrors,
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

/// Length of the year 1, in which Go's zero time lies.
const YEAR: Duration = Duration::from_hours(365 * 24);

pub(super) fn time(path: &str, raw: &RawValue, faults: &mut FieldErrors) -> Option<Timestamp> {
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

/// Cron expression. One that need not be there may be blank.
pub(super) fn cron<'a>(
    path: &str,
    raw: &'a RawValue,
    field: &Field,
    faults: &mut FieldErrors,
) -> Option<Cow<'a, str>> {
    // How long it is, the expression's own message says.
    let text = text(path, raw, usize::MAX, faults)
        .filter(|text| field.is_needed || !text.trim().is_empty())?;
    match Cron::parse(&text) {
        Ok(_) => Some(text),
        Err(error) => fault(path, error.to_string(), faults),
    }
}

/// Name of a time zone; blank counts as absent.
pub(super) fn zone<'a>(
    path: &str,
    raw: &'a RawValue,
    faults: &mut FieldErrors,
) -> Option<Cow<'a, str>> {
    let text = text(path, raw, MAX_NAME_BYTES, faults).filter(|text| !text.trim().is_empty())?;
    match time_zone(&text) {
        Ok(_) => Some(text),
        Err(error) => fault(path, error.to_string(), faults),
    }
}

pub(super) fn is_name(text: &str) -> Result<(), InvalidName> {
    Namespace::parse_new(text).map(drop)
}

pub(super) fn is_tenant(text: &str) -> Result<(), InvalidName> {
    Tenant::parse_new(text).map(drop)
}

pub(super) fn flag(path: &str, raw: &RawValue, faults: &mut FieldErrors) -> Option<bool> {
    match raw.get() {
        "true" => Some(true),
        "false" => Some(false),
        _ => fault(
            path,
            format!("must be true or false, is {}", shown(raw)),
            faults,
        ),
    }
}

pub(super) fn whole(
    path: &str,
    raw: &RawValue,
    range: &RangeInclusive<i64>,
    faults: &mut FieldErrors,
) -> Option<i64> {
    let number = raw.get().parse::<i64>().ok();
    if let Some(number) = number.filter(|number| range.contains(number)) {
        return Some(number);
    }
    let (first, last, shown) = (range.start(), range.end(), shown(raw));
    let is_too_large = number.is_none() && raw.get().bytes().all(|byte| byte.is_ascii_digit());
    let message = if *last == i64::MAX && !is_too_large {
        format!("must be a whole number, {first} or more, is {shown}")
    } else {
        format!("must be a whole number from {first} to {last}, is {shown}")
    };
    fault(path, message, faults)
}

/// Text of a value, if it is short.
fn shown(raw: &RawValue) -> &str {
    if raw.get().len() <= 40 && !raw.get().starts_with(['{', '[']) {
        raw.get()
    } else {
        described(raw)
    }
}
