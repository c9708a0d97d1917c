//! Values of TOML, read by the kinds of their keys.

use std::borrow::Cow;
use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::InvalidInput;
use crate::expand::{Lookup, expand, no_placeholder, not_of_a_shell};
use crate::settings::{Key, Kind, Setting};

type Value<'a> = Spanned<DeValue<'a>>;

/// Result of reading a value; `None` when it is of another kind.
type Read<T> = Result<Option<T>, InvalidInput>;

/// Reads the value of a key. Errors when it is not of the key's kind, blank although it must not be, or refers to what is not there.
pub(super) fn setting(
    key: &Key,
    value: &Value<'_>,
    lookup: &dyn Lookup,
) -> Result<Setting, InvalidInput> {
    let Some(setting) = of_kind(key.kind, value, lookup)? else {
        return Err(InvalidInput::of(format!(
            "must be {}, {}",
            key.kind.expected(),
            unlike(key.kind, value.get_ref())
        )));
    };
    if !key.may_be_blank && is_blank(&setting) {
        return Err(blank(key, value));
    }
    if let Setting::Text(text) = &setting {
        not_of_a_shell(text)?;
    }
    Ok(setting)
}

fn of_kind(kind: Kind, value: &Value<'_>, lookup: &dyn Lookup) -> Read<Setting> {
    let plain = |value: &Value<'_>| plain(value, lookup);
    let secret = |value: &Value<'_>| secret(value, lookup);
    Ok(match kind {
        Kind::Text => plain(value)?.map(Setting::Text),
        Kind::Secret => secret(value)?.map(Setting::Secret),
        Kind::Integer => integer(value).map(Setting::Integer),
        Kind::Number => number(value).map(Setting::Number),
        Kind::Flag => value.get_ref().as_bool().map(Setting::Flag),
        Kind::Integers => list(value, |item| Ok(integer(item)))?.map(Setting::Integers),
        Kind::Texts => list(value, plain)?.map(Setting::Texts),
        Kind::SecretTable => table(value, secret)?.map(Setting::Table),
        Kind::TextTable => table(value, plain)?.map(Setting::TextTable),
        Kind::IntegerTable => table(value, |item| Ok(integer(item)))?.map(Setting::IntegerTable),
    })
}

/// Reads the items of a list; the first that cannot be read decides.
fn list<T>(value: &Value<'_>, read: impl Fn(&Value<'_>) -> Read<T>) -> Read<Vec<T>> {
    let Some(items) = value.get_ref().as_array() else {
        return Ok(None);
    };
    items.iter().map(read).collect()
}

/// Reads the entries of a table; the first that cannot be read decides.
fn table<T>(value: &Value<'_>, read: impl Fn(&Value<'_>) -> Read<T>) -> Read<BTreeMap<String, T>> {
    let Some(entries) = value.get_ref().as_table() else {
        return Ok(None);
    };
    let entry = |(name, value): (&Spanned<Cow<'_, str>>, &Value<'_>)| {
        Ok(read(value)?.map(|found| (name.get_ref().to_string(), found)))
    };
    DeTable::iter(entries).map(entry).collect()
}

/// Reads a text that is not a secret. Errors when it is encrypted: it would be shown in plain text.
fn plain(value: &Value<'_>, lookup: &dyn Lookup) -> Read<String> {
    let Some(text) = value.get_ref().as_str() else {
        return Ok(None);
    };
    let text = expand(text, lookup)?;
    if lookup.is_encrypted(&text) {
        return Err(InvalidInput::new(
            "this key takes no encrypted value",
            "write it in plain text",
        ));
    }
    Ok(Some(text))
}

/// Reads a secret, which may be encrypted.
fn secret(value: &Value<'_>, lookup: &dyn Lookup) -> Read<SecretString> {
    let Some(text) = value.get_ref().as_str() else {
        return Ok(None);
    };
    no_placeholder(text)?;
    let text = SecretString::from(expand(text, lookup)?);
    if lookup.is_encrypted(text.expose_secret()) {
        return lookup.decrypt(&text).map(Some);
    }
    Ok(Some(text))
}

fn integer(value: &Value<'_>) -> Option<i64> {
    let number = value.get_ref().as_integer()?;
    i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()
}

fn number(value: &Value<'_>) -> Option<f64> {
    match value.get_ref() {
        DeValue::Float(number) => number.as_str().replace('_', "").parse().ok(),
        _ => integer(value).map(|number| number as f64),
    }
}

/// Whether a value, or a text in it, is blank. It would count as missing, and most come from a variable that is empty.
fn is_blank(setting: &Setting) -> bool {
    let is_blank = |text: &str| text.trim().is_empty();
    match setting {
        Setting::Text(text) => is_blank(text),
        Setting::Secret(secret) => is_blank(secret.expose_secret()),
        Setting::Texts(texts) => texts.iter().any(|text| is_blank(text)),
        Setting::TextTable(texts) => texts.values().any(|text| is_blank(text)),
        Setting::Table(secrets) => secrets
            .values()
            .any(|secret| is_blank(secret.expose_secret())),
        Setting::Integer(_)
        | Setting::Number(_)
        | Setting::Flag(_)
        | Setting::Integers(_)
        | Setting::IntegerTable(_) => false,
    }
}

/// Report about a blank value, with words for one in a list, in a table, or alone.
fn blank(key: &Key, value: &Value<'_>) -> InvalidInput {
    let (message, rest) = match value.get_ref() {
        DeValue::Array(_) => (
            "a text of the list must not be blank",
            "leave that text out",
        ),
        DeValue::Table(_) => (
            "a text of the table must not be blank",
            "leave that text out",
        ),
        _ if key.required => ("must not be blank", "write the value itself"),
        _ => ("must not be blank", "leave the key out"),
    };
    InvalidInput::new(
        message,
        format!("set the variable or file that it comes from, or {rest}"),
    )
}

/// Difference between a value and its kind, for messages. Of a list or table it is the first item of another kind.
fn unlike(kind: Kind, value: &DeValue<'_>) -> String {
    let of_texts = matches!(kind, Kind::Texts | Kind::SecretTable | Kind::TextTable);
    let is_wrong = |item: &Value<'_>| {
        if of_texts {
            item.get_ref().as_str().is_none()
        } else {
            integer(item).is_none()
        }
    };
    let is_as = |item: &Value<'_>| match item.get_ref() {
        DeValue::Integer(_) if !of_texts => "is no number of 64 bits, or begins with 0".to_owned(),
        other => format!("is {}", described(other)),
    };
    let found = match (kind, value) {
        (Kind::Integers | Kind::Texts, DeValue::Array(items)) => items
            .iter()
            .enumerate()
            .find(|(_, item)| is_wrong(item))
            .map(|(index, item)| format!("and its item {} {}", index + 1, is_as(item))),
        (Kind::SecretTable | Kind::TextTable | Kind::IntegerTable, DeValue::Table(entries)) => {
            DeTable::iter(entries)
                .find(|(_, item)| is_wrong(item))
                .map(|(name, item)| format!("and its {} {}", name.get_ref(), is_as(item)))
        }
        (Kind::Integer | Kind::Number, DeValue::Integer(_)) => {
            Some("is none of 64 bits, or begins with 0".to_owned())
        }
        _ => None,
    };
    found.unwrap_or_else(|| format!("is {}", described(value)))
}

/// Name of a value's type, for messages.
fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
