//! Time intervals: times of the day, the week and the year by which rules mute.

mod calendars;
mod change;
mod in_force;
mod range;
mod read;
mod spec;

use jiff::tz::TimeZone;

use acteon_core::json::head;
use acteon_core::limits::{MAX_NAME_BYTES, MAX_TIME_RANGES};
use acteon_schedule::Calendars;

use crate::zone::no_zone;

pub use calendars::calendar_warnings;
pub use in_force::IntervalInForce;
use spec::Spec;

/// Time interval: a named list of ranges of time, which matches when one of them does. Those that go by a calendar need it:
/// see [`TimeInterval::in_force`].
#[derive(Clone, Debug)]
pub struct TimeInterval {
    spec: Spec,
    zone: TimeZone,
}

/// Message about a time interval that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct IntervalError(String);

impl TimeInterval {
    /// Time interval of `{name, location, description, on_mute, time_ranges}`.
    pub fn from_json(json: &serde_json::Value) -> Result<Self, IntervalError> {
        Self::in_zone(json, &TimeZone::UTC)
    }

    /// Time interval of the same JSON, in `zone` where it names no location.
    pub(crate) fn in_zone(
        json: &serde_json::Value,
        zone: &TimeZone,
    ) -> Result<Self, IntervalError> {
        let spec = read::spec(json).map_err(IntervalError)?;
        let fault = |message: String| Err(IntervalError(message));
        if spec.name.trim().is_empty()
            || spec.name.len() > MAX_NAME_BYTES
            || spec.name.chars().any(|c| c.is_control() || c == '/')
        {
            return fault(format!(
                "name must be 1 to {MAX_NAME_BYTES} bytes without slashes and control characters, is {:?}",
                head(&spec.name, 64)
            ));
        }
        if spec.time_ranges.is_empty() || spec.time_ranges.len() > MAX_TIME_RANGES {
            return fault(format!(
                "time_ranges must be a list of 1 to {MAX_TIME_RANGES}, has {}",
                spec.time_ranges.len()
            ));
        }
        for (index, range) in spec.time_ranges.iter().enumerate() {
            range
                .check()
                .map_err(|message| IntervalError(format!("time_ranges[{index}]: {message}")))?;
        }
        let zone = match &spec.location {
            None => zone.clone(),
            Some(name) => match TimeZone::get(name) {
                Ok(zone) => zone,
                Err(_) => return fault(format!("location: {}", no_zone(name))),
            },
        };
        Ok(Self { spec, zone })
    }

    /// JSON of the time interval, as [`Self::from_json`] takes it.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(&self.spec).unwrap_or_default()
    }

    /// Name by which rules refer to it.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Interval with these calendars; `None` where one that it goes by is not among them: it counts as not defined.
    pub fn in_force<'i>(&'i self, calendars: &'i Calendars) -> Option<IntervalInForce<'i>> {
        let is_known = self.unknown_calendar(calendars).is_none();
        is_known.then_some(IntervalInForce {
            interval: self,
            calendars,
        })
    }
}
