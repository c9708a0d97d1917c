//! Filters: what Prometheus' templates have, under their names, and what messages need.

mod bounded;
mod cut;
mod humanize;
mod links;
mod pattern;
mod taken;
mod text;
mod time;

use minijinja::Environment;

pub(crate) use pattern::check as check_pattern;
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
    engine.add_filter("toUpper", |text: &str| text.to_uppercase());
    engine.add_filter("toLower", |text: &str| text.to_lowercase());
    engine.add_filter("trimSpace", |text: &str| text.trim().to_owned());
    engine.add_filter("humanize", humanize::humanize);
    engine.add_filter("humanize1024", humanize::humanize1024);
    engine.add_filter("humanizeDuration", humanize::duration);
    engine.add_filter("humanizePercentage", humanize::percentage);
    engine.add_filter("humanizeTimestamp", time::utc);
    engine.add_filter("reReplaceAll", pattern::replace_all);
    engine.add_filter("match", pattern::is_match);
    engine.add_filter("stripPort", text::strip_port);
    engine.add_filter("stripDomain", text::strip_domain);
    engine.add_filter("local_time", time::local_time);
    engine.add_filter("duration", time::duration);
    engine.add_filter("bytes", humanize::bytes);
    engine.add_filter("truncate_bytes", cut::bytes);
    engine.add_filter("truncate_chars", cut::chars);
    engine.add_filter("truncate_utf16", cut::utf16);
    engine.add_filter("relink", links::relink);
    engine.add_filter("url", links::url);
    engine.add_filter("escape", text::escape);
    engine.add_filter("e", text::escape);
    engine.add_filter("tojson", text::to_json);
    bounded::put_before(engine);
}
