//! Objects whose values are all texts, such as labels.

use std::collections::BTreeMap;

use acteon_core::check_label_name;
use acteon_core::json::head;
use acteon_core::limits::{MAX_FAULT_BYTES, MAX_LABEL_BYTES, MAX_LABELS};
use serde_json::value::RawValue;

use super::members::{Members, member_path, plain_text};
use super::words::described;
use crate::http::error::FieldErrors;

/// Labels of an action.
pub(super) fn labels(
    path: &str,
    raw: &RawValue,
    faults: &mut FieldErrors,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let nested = collect(path, raw, Some("labels"), &mut found, faults);
    // After the flat ones, so that a label with two values is told of in one place.
    if let Some(nested) = nested {
        collect(&format!("{path}.labels"), nested, None, &mut found, faults);
    }
    if found.len() > MAX_LABELS {
        faults.add(path, || {
            format!(
                "has {} labels, at most {MAX_LABELS} are allowed",
                found.len()
            )
        });
    }
    found
}

/// Texts by name. Whoever keeps them checks their number and size.
pub(super) fn texts(
    path: &str,
    raw: &RawValue,
    faults: &mut FieldErrors,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    collect(path, raw, None, &mut found, faults);
    found
}

/// Collects the texts of an object; returns the object that it has under the name `apart`, if it
/// has one.
fn collect<'a>(
    path: &str,
    raw: &'a RawValue,
    apart: Option<&str>,
    found: &mut BTreeMap<String, String>,
    faults: &mut FieldErrors,
) -> Option<&'a RawValue> {
    let Ok(Members(members)) = serde_json::from_str::<Members<'a>>(raw.get()) else {
        faults.add(path, || {
            format!("must be an object of strings, is {}", described(raw))
        });
        return None;
    };
    let mut nested = None;
    for (name, value) in members {
        let field = || member_path(path, head(&name, MAX_FAULT_BYTES));
        if apart == Some(&*name) && value.get().starts_with('{') {
            nested = Some(value);
            continue;
        }
        if value.get() == "null" {
            continue;
        }
        if let Err(error) = check_label_name(&name) {
            faults.add(&field(), || format!("is a label's name, which {error}"));
            continue;
        }
        match plain_text(value) {
            Some(text) if text.len() <= MAX_LABEL_BYTES && name.len() <= MAX_LABEL_BYTES => {
                if found.get(&*name).is_some_and(|other| *other != text) {
                    let message = "is given with two values, once in metadata and once in metadata.labels; send it once";
                    faults.add(&field(), || message.into());
                    continue;
                }
                found.insert(name.into_owned(), text.into_owned());
            }
            Some(_) => faults.add(&field(), || format!("is over {MAX_LABEL_BYTES} bytes long")),
            None => faults.add(&field(), || {
                format!("must be a string, is {}", described(value))
            }),
        }
    }
    nested
}
