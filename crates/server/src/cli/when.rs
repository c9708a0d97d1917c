//! Durations and instants as people type them.

use std::time::Duration;

use acteon_core::{Clock as _, SystemClock, Timestamp};
use jiff::{Span, SpanRelativeTo};

/// Parses a duration of a second or more, such as `90s`, `2h`, `1h30m` or `2d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!(
            "it has no unit: write {text}s, {text}m, {text}h or {text}d"
        ));
    }
    let wrong = || "it is no duration: write one such as 90s, 2h, 1h30m or 2d".to_owned();
    let span: Span = text.parse().map_err(|_| wrong())?;
    if span.get_months() != 0 || span.get_years() != 0 {
        return Err("months and years differ in length: write days, such as 30d".to_owned());
    }
    let duration = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(|_| wrong())?;
    let duration = Duration::try_from(duration)
        .map_err(|_| "it lies in the past: write it without a sign".to_owned())?;
    if duration < Duration::from_secs(1) {
        Err("it is shorter than a second".into())
    } else {
        Ok(duration)
    }
}

/// Parses an instant: RFC 3339, or a duration before now.
pub(super) fn past(text: &str) -> Result<Timestamp, String> {
    instant(text, |now, by| now - by)
}

/// Parses an instant: RFC 3339, or a duration from now.
pub(super) fn future(text: &str) -> Result<Timestamp, String> {
    instant(text, |now, by| now + by)
}

fn instant(text: &str, moved: fn(Timestamp, Duration) -> Timestamp) -> Result<Timestamp, String> {
    let text = text.trim();
    let wrong = match Timestamp::read(text) {
        Ok(instant) => return Ok(instant),
        Err(wrong) => wrong,
    };
    // What has a unit was meant as a duration; what begins like a date was not.
    let is_date = text.len() > 4 && text.as_bytes().get(4) == Some(&b'-');
    match duration(text) {
        Ok(by) => Ok(moved(SystemClock::new().now(), by)),
        Err(_) if is_date => Err(format!(
            "it is no RFC 3339 time: write one such as 2026-01-31T09:00:00Z or 2026-01-31T17:00:00+08:00{}",
            wrong.hint()
        )),
        Err(error) => Err(format!(
            "{error}; or an RFC 3339 time such as 2026-01-31T09:00:00Z"
        )),
    }
}

/// Writes a duration as people type it.
pub(super) fn written(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match [(86_400, "d"), (3600, "h"), (60, "m")]
        .into_iter()
        .find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit))
    {
        Some((unit, name)) => format!("{}{name}", seconds / unit),
        None => format!("{seconds}s"),
    }
}

/// Instant of the API without fractions of a second. Other texts are unchanged.
pub(super) fn shown(text: &str) -> String {
    match text.split_once('.') {
        Some((seconds, rest)) if rest.ends_with('Z') && Timestamp::read(text).is_ok() => {
            format!("{seconds}Z")
        }
        _ => text.to_owned(),
    }
}
