//! Time zones, and the wall clock in them.

use acteon_core::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A time zone that rules share.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    pub(crate) index: u16,
    pub(crate) name: std::sync::Arc<str>,
    pub(crate) tz: TimeZone,
}

impl Zone {
    /// The zone that every set of rules has first.
    pub(crate) fn utc() -> Self {
        Self {
            index: 0,
            name: "UTC".into(),
            tz: TimeZone::UTC,
        }
    }
}

/// The wall clock of an instant in a zone.
pub(crate) fn civil(now: Timestamp, zone: &TimeZone) -> DateTime {
    // Timestamps are held within what the calendar can write.
    let instant = jiff::Timestamp::from_millisecond(now.as_millis()).unwrap_or_default();
    zone.to_datetime(instant)
}

/// Whether there is a time zone of this name.
pub fn is_time_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

/// What to say of a time zone that is none.
pub(crate) fn no_zone(name: &str) -> String {
    format!("there is no time zone {name:?}; use a name such as Asia/Shanghai or UTC")
}
