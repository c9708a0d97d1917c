//! Checks of what is said of people. No message repeats a value: what is wrong with a person is told where the person must not be shown.

use acteon_core::check_ends;
use acteon_core::limits::{MAX_EMAIL_BYTES, MAX_NAME_BYTES, MAX_PERSON_ID_BYTES};
use jiff::tz::TimeZone;

/// Most digits of a telephone number, country and all.
const MAX_DIGITS: usize = 15;

/// Fewest digits of a mobile number.
const MIN_DIGITS: usize = 5;

/// Longest part of an e-mail address before its `@`, in bytes.
const MAX_LOCAL_BYTES: usize = 64;

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Name of the field.
    pub field: &'static str,
    /// What is wrong, and what was expected.
    pub message: String,
}

impl Fault {
    pub(crate) fn new(field: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { field, message }
    }
}

/// What is wrong with an id, or with a userid of WeChat Work, which has the same letters.
pub(crate) fn id(text: &str) -> Option<String> {
    let is_fit =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'@' | b'.');
    let begins = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric());
    if begins && text.len() <= MAX_PERSON_ID_BYTES && text.bytes().all(is_fit) {
        return None;
    }
    Some(format!(
        "must be 1 to {MAX_PERSON_ID_BYTES} letters from a to z, digits and any of _ - @ . , and begin with a letter or a digit"
    ))
}

pub(crate) fn name(text: &str) -> Option<String> {
    let is_fit = !text.is_empty()
        && text.len() <= MAX_NAME_BYTES
        && check_ends(text).is_ok()
        && !text.chars().any(char::is_control);
    let message = || {
        format!(
            "must be 1 to {MAX_NAME_BYTES} bytes without control characters and without blanks at its ends"
        )
    };
    (!is_fit).then(message)
}

/// What is wrong with the name of an API key.
pub(crate) fn principal(text: &str) -> Option<String> {
    name(text).map(|message| format!("{message}, as the name of an API key is"))
}

pub(crate) fn mobile(text: &str) -> Option<String> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let is_fit = (MIN_DIGITS..=MAX_DIGITS).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    let message = || {
        format!(
            "must be {MIN_DIGITS} to {MAX_DIGITS} digits, with a + before the country where there is one, and nothing between them, such as \
             \"13700000000\" or \"+85251234567\""
        )
    };
    (!is_fit).then(message)
}

pub(crate) fn email(text: &str) -> Option<String> {
    let is_fit = text.len() <= MAX_EMAIL_BYTES
        && text
            .rsplit_once('@')
            .is_some_and(|(local, domain)| is_local(local) && is_domain(domain));
    let message = || {
        format!(
            "must be an e-mail address of at most {MAX_EMAIL_BYTES} bytes and nothing else, such as \"zhangsan@example.com\""
        )
    };
    (!is_fit).then(message)
}

fn is_local(local: &str) -> bool {
    let is_fit = |letter: char| {
        letter.is_alphanumeric()
            || (letter.is_ascii_punctuation() && !"()<>[]:;,@\\\"".contains(letter))
    };
    !local.is_empty()
        && local.len() <= MAX_LOCAL_BYTES
        && local.chars().all(is_fit)
        && local.split('.').all(|part| !part.is_empty())
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        let is_fit = |letter: char| letter.is_alphanumeric() || letter == '-';
        !label.is_empty()
            && label.chars().all(is_fit)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.split('.').all(is_label)
}

pub(crate) fn time_zone(text: &str) -> Option<String> {
    let is_known = text.len() <= MAX_NAME_BYTES && TimeZone::get(text).is_ok();
    let message = "must be the name of a time zone, such as Asia/Shanghai or UTC";
    (!is_known).then(|| message.to_owned())
}
