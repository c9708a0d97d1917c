//! Instants and durations. No filter knows what time it is.

use acteon_core::Timestamp;
use acteon_core::json::head;
use acteon_core::similar::nearest;
use jiff::Zoned;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{TimeZone, TimeZoneName, db};
use minijinja::Error;
use minijinja::value::Value;

use super::humanize::parts;
use super::taken::{named, number, refusal};

/// Form of a time where none is named.
const FORM: &str = "%Y-%m-%d %H:%M:%S";

/// Microseconds of a second. A double holds no more of the instants of now.
const MICROS: f64 = 1e6;

/// Seconds of a million years: a longer duration is a number of something else.
const LONGEST_SECONDS: f64 = 1e6 * 365.25 * 86_400.0;

/// Longest part of a name or a form that messages show.
const SHOWN_BYTES: usize = 64;

/// An instant as clocks of a time zone show it. The form is that of `strftime`.
pub(super) fn local_time(value: &Value, zone: &str, form: Option<&str>) -> Result<String, Error> {
    let zone = time_zone(zone).map_err(refusal)?;
    let zoned = instant(value)?.to_zoned(zone);
    written(&zoned, form.unwrap_or(FORM))
}

/// An instant in UTC, as Prometheus writes it.
pub(super) fn utc(value: &Value) -> Result<String, Error> {
    let zoned = instant(value)?.to_zoned(TimeZone::UTC);
    let text = written(&zoned, "%Y-%m-%d %H:%M:%S%.f +0000 UTC")?;
    Ok(text)
}

/// Seconds, or the time since an earlier instant, in its two largest units: `1d 2h`.
pub(super) fn duration(value: &Value, since: Option<&Value>) -> Result<String, Error> {
    let seconds = match since {
        Some(since) => instant(value)?
            .duration_since(instant(since)?)
            .as_secs_f64(),
        None => number(value)?,
    };
    if !seconds.is_finite() {
        return Err(refusal(format!("{} is no number of seconds", named(value))));
    }
    let sign = if seconds < 0.0 { "-" } else { "" };
    if seconds.abs() >= LONGEST_SECONDS {
        return Err(refusal(format!(
            "{} is no duration: it is longer than a million years",
            named(value)
        )));
    }
    let rounded = seconds.abs().round() as u64;
    if rounded == 0 {
        return Ok("0s".to_owned());
    }
    let named = parts(rounded).into_iter().zip(["d", "h", "m", "s"]);
    let written: Vec<String> = named
        .skip_while(|(count, _)| *count == 0)
        .take(2)
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    Ok(format!("{sign}{}", written.join(" ")))
}

/// What is wrong with the name of a time zone.
pub(crate) fn check_zone(name: &str) -> Option<String> {
    time_zone(name).err()
}

/// Instant of a text as RFC 3339 has it, or of seconds since 1970.
fn instant(value: &Value) -> Result<jiff::Timestamp, Error> {
    let wrong = |why: &str| {
        refusal(format!(
            "{} is no instant{why}: give one such as 2026-01-31T09:00:00+08:00, or seconds since 1970",
            named(value)
        ))
    };
    if let Some(text) = value.as_str()
        && text.trim().parse::<f64>().is_err()
    {
        let read = Timestamp::read(text).map_err(|error| wrong(&error.hint()))?;
        // As exact as it is written, but at the ends of time, which the calendar cannot write.
        return text
            .parse()
            .or_else(|_| jiff::Timestamp::from_millisecond(read.as_millis()))
            .map_err(|_| wrong(""));
    }
    let seconds = number(value).map_err(|_| wrong(""))?;
    let micros = (seconds * MICROS).round();
    if !micros.is_finite() {
        return Err(wrong(""));
    }
    jiff::Timestamp::from_microsecond(micros as i64).map_err(|_| wrong(""))
}

fn written(zoned: &Zoned, form: &str) -> Result<String, Error> {
    BrokenDownTime::from(zoned)
        .to_string(form)
        .map_err(|error| {
            let shown = head(form, SHOWN_BYTES);
            refusal(format!("the form {shown:?} cannot be written: {error}"))
        })
}

fn time_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| {
        let shown = head(name, SHOWN_BYTES);
        let known: Vec<_> = db().available().collect();
        let near = nearest(shown, known.iter().map(TimeZoneName::as_str));
        let near = near.map_or(String::new(), |near| format!("did you mean {near}? "));
        format!("is no time zone: {shown:?}; {near}use a name such as Asia/Shanghai or UTC")
    })
}
