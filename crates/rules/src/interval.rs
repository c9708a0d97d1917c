//! Time intervals: calendars by which rules mute.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use acteon_core::Timestamp;
use acteon_core::limits::{MAX_NAME_BYTES, MAX_TIME_RANGES};

use crate::facts::civil;

/// A named calendar: it matches when one of its ranges does.
#[derive(Clone, Debug)]
pub struct TimeInterval {
    spec: Spec,
    zone: TimeZone,
}

/// One range: every list that is not empty must have a part that matches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeRange {
    /// Times of day, from start to before end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub times: Vec<Times>,
    /// From 1, Monday, to 7, Sunday, both included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weekdays: Vec<Span>,
    /// From 1 to 31, or counted from the end of the month: -1 is its last day. Both included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days_of_month: Vec<Span>,
    /// From 1 to 12, both included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub months: Vec<Span>,
    /// Both included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub years: Vec<Span>,
}

/// From a time of day to before another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// Such as `09:00`.
    pub start: String,
    /// Such as `18:00`; `24:00` is the end of the day.
    pub end: String,
}

/// From a number to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// The first.
    pub start: i16,
    /// The last.
    pub end: i16,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    time_ranges: Vec<TimeRange>,
}

/// A time interval that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct IntervalError(String);

impl TimeInterval {
    /// From `{name, location, description, time_ranges}`.
    pub fn from_json(json: &serde_json::Value) -> Result<Self, IntervalError> {
        let spec = Spec::deserialize(json).map_err(|error| IntervalError(error.to_string()))?;
        let fault = |message: String| Err(IntervalError(message));
        if spec.name.trim().is_empty() || spec.name.len() > MAX_NAME_BYTES || spec.name.chars().any(|c| c.is_control() || c == '/') {
            return fault(format!("name must be 1 to {MAX_NAME_BYTES} bytes without slashes and control characters"));
        }
        if spec.time_ranges.is_empty() || spec.time_ranges.len() > MAX_TIME_RANGES {
            return fault(format!("time_ranges must be a list of 1 to {MAX_TIME_RANGES}, has {}", spec.time_ranges.len()));
        }
        for (index, range) in spec.time_ranges.iter().enumerate() {
            range.check().map_err(|message| IntervalError(format!("time_ranges[{index}]: {message}")))?;
        }
        let zone = match &spec.location {
            None => TimeZone::UTC,
            Some(name) => match TimeZone::get(name) {
                Ok(zone) => zone,
                Err(_) => return fault(format!("location: there is no time zone {name:?}; use a name such as Asia/Shanghai")),
            },
        };
        Ok(Self { spec, zone })
    }

    /// As [`Self::from_json`] takes it.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(&self.spec).unwrap_or_default()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Whether `now` lies within it.
    pub fn matches(&self, now: Timestamp) -> bool {
        let wall = civil(now, &self.zone);
        self.spec.time_ranges.iter().any(|range| range.matches(wall))
    }
}

impl TimeRange {
    fn check(&self) -> Result<(), String> {
        let Self { times, weekdays, days_of_month, months, years } = self;
        if times.is_empty() && weekdays.is_empty() && days_of_month.is_empty() && months.is_empty() && years.is_empty() {
            return Err("says nothing: give times, weekdays, days_of_month, months or years".into());
        }
        for Times { start, end } in times {
            let (Some(from), Some(to)) = (minute(start), minute(end)) else {
                return Err(format!("times: {start:?} to {end:?} must be written as HH:MM, up to 24:00"));
            };
            if from >= to {
                return Err(format!("times: {end} is not after {start}; a night is two ranges, one up to 24:00 and one from 00:00"));
            }
        }
        check_spans("weekdays", weekdays, 1..=7)?;
        check_spans("months", months, 1..=12)?;
        check_spans("years", years, 1..=9999)?;
        for Span { start, end } in days_of_month {
            let valid = |day: i16| day != 0 && (-31..=31).contains(&day);
            if !valid(*start) || !valid(*end) || ((*start > 0) == (*end > 0) && start > end) {
                return Err(format!(
                    "days_of_month: {start} to {end} must be from 1 to 31, or from -31 to -1, and not end before it starts"
                ));
            }
        }
        Ok(())
    }

    fn matches(&self, wall: DateTime) -> bool {
        let minute_of_day = i32::from(wall.hour()) * 60 + i32::from(wall.minute());
        let in_times = |times: &Times| {
            let (from, to) = (minute(&times.start), minute(&times.end));
            from.is_some_and(|from| from <= minute_of_day) && to.is_some_and(|to| minute_of_day < to)
        };
        let length = i16::from(wall.days_in_month());
        let resolve = |day: i16| if day < 0 { length + 1 + day } else { day };
        let in_days = |span: &Span| (resolve(span.start)..=resolve(span.end)).contains(&i16::from(wall.day()));
        let any = |spans: &[Span], number: i16| spans.is_empty() || spans.iter().any(|span| (span.start..=span.end).contains(&number));
        (self.times.is_empty() || self.times.iter().any(in_times))
            && (self.days_of_month.is_empty() || self.days_of_month.iter().any(in_days))
            && any(&self.weekdays, wall.weekday().to_monday_one_offset().into())
            && any(&self.months, wall.month().into())
            && any(&self.years, wall.year())
    }
}

fn check_spans(what: &str, spans: &[Span], valid: std::ops::RangeInclusive<i16>) -> Result<(), String> {
    let wrong = spans.iter().find(|span| !valid.contains(&span.start) || !valid.contains(&span.end) || span.start > span.end);
    match wrong {
        None => Ok(()),
        Some(Span { start, end }) => {
            Err(format!("{what}: {start} to {end} must lie within {} to {} and not end before it starts", valid.start(), valid.end()))
        }
    }
}

/// Minutes since midnight of `HH:MM`.
fn minute(text: &str) -> Option<i32> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse::<i32>().ok())?;
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    let valid = (hour < 24 && minute < 60) || (hour == 24 && minute == 0);
    valid.then_some(hour * 60 + minute)
}
