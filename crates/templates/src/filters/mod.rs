//! Filters: what Prometheus' templates have, under their names, and what messages need.

mod bounded;
mod cut;
mod humanize;
mod links;
mod pattern;
mod payment;
mod taken;
mod text;
mod time;

use minijinja::{Environment, Value};

use payment::{nothing, paid};

pub(crate) use pattern::check as check_pattern;
pub(crate) use payment::{FUEL_PER_LEVEL, pay, pay_for_items, pay_for_text};
pub(crate) use taken::{defined, refusal};
pub(crate) use time::check_zone;

/// Names of the filters that are ours, in the order in which messages and the book list them.
pub(crate) const OWN: &[&str] = &[
    "toUpper",
    "toLower",
    "trimSpace",
    "humanize",
    "humanize1024",
    "humanizeDuration",
    "humanizePercentage",
    "humanizeTimestamp",
    "reReplaceAll",
    "match",
    "stripPort",
    "stripDomain",
    "local_time",
    "duration",
    "bytes",
    "truncate_bytes",
    "truncate_chars",
    "truncate_utf16",
    "relink",
    "url",
    "escape",
    "e",
    "tojson",
];

/// Puts in all of [`OWN`].
pub(crate) fn add_to(engine: &mut Environment<'static>) {
    let own: [(&str, Value); 23] = [
        (
            "toUpper",
            Value::from_function(|text: &str| text.to_uppercase()),
        ),
        (
            "toLower",
            Value::from_function(|text: &str| text.to_lowercase()),
        ),
        (
            "trimSpace",
            Value::from_function(|text: &str| text.trim().to_owned()),
        ),
        ("humanize", Value::from_function(humanize::humanize)),
        ("humanize1024", Value::from_function(humanize::humanize1024)),
        ("humanizeDuration", Value::from_function(humanize::duration)),
        (
            "humanizePercentage",
            Value::from_function(humanize::percentage),
        ),
        ("humanizeTimestamp", Value::from_function(time::utc)),
        ("reReplaceAll", Value::from_function(pattern::replace_all)),
        ("match", Value::from_function(pattern::is_match)),
        ("stripPort", Value::from_function(text::strip_port)),
        ("stripDomain", Value::from_function(text::strip_domain)),
        ("local_time", Value::from_function(time::local_time)),
        ("duration", Value::from_function(time::duration)),
        ("bytes", Value::from_function(humanize::bytes)),
        ("truncate_bytes", Value::from_function(cut::bytes)),
        ("truncate_chars", Value::from_function(cut::chars)),
        ("truncate_utf16", Value::from_function(cut::utf16)),
        ("relink", Value::from_function(links::relink)),
        ("url", Value::from_function(links::url)),
        ("escape", Value::from_function(text::escape)),
        ("e", Value::from_function(text::escape)),
        ("tojson", Value::from_function(text::to_json)),
    ];
    for (name, filter) in own {
        engine.add_filter(name, paid(filter, nothing));
    }
    bounded::put_before(engine);
}
