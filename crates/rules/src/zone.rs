//! Time zones, and the wall clock in them.

use acteon_core::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Time zone that rules share.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    pub(crate) index: u16,
    pub(crate) name: std::sync::Arc<str>,
    pub(crate) tz: TimeZone,
}

impl Zone {
    /// Zone that every set of rules has first.
    pub(crate) fn utc() -> Self {
        Self {
            index: 0,
            name: "UTC".into(),
            tz: TimeZone::UTC,
        }
    }
}

/// Wall clock of an instant in a zone.
pub(crate) fn civil(now: Timestamp, zone: &TimeZone) -> DateTime {
    // Timestamps are held within what the calendar can write.
    let instant = jiff::Timestamp::from_millisecond(now.as_millis()).unwrap_or_default();
    zone.to_datetime(instant)
}

/// Whether there is a time zone of this name.
pub fn is_time_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

/// Message for a time zone that does not exist.
pub(crate) fn no_zone(name: &str) -> String {
    format!("there is no time zone {name:?}; use a name such as Asia/Shanghai or UTC")
}
