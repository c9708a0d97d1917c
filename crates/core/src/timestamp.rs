//! Instants on the wall clock.

use std::fmt;
use std::time::Duration;

use jiff::fmt::temporal::{DateTimePrinter, Pieces};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::rfc3339::{InvalidTime, readable};

/// Instant in milliseconds since the Unix epoch. On the wire: RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// Instants that the calendar library can write: years 1 to 9999, less a day for time zones.
const REPRESENTABLE: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_207_199_999;

/// Printer that always writes milliseconds, so that instants sort as text.
const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));

impl Timestamp {
    /// First instant there is. Go writes it for a time that was not set.
    pub const MIN: Self = Self(*REPRESENTABLE.start());

    /// Last instant there is.
    pub const MAX: Self = Self(*REPRESENTABLE.end());

    /// Instant so many milliseconds after the Unix epoch, held within the years 1 to 9999.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(*REPRESENTABLE.start(), *REPRESENTABLE.end()))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Instant of an RFC 3339 text, held within the years 1 to 9999; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text).ok()
    }

    /// Instant of an RFC 3339 text, or what is wrong with the text.
    pub fn read(text: &str) -> Result<Self, InvalidTime> {
        let text = readable(text)?;
        if text.ends_with(']') && text.parse::<jiff::Zoned>().is_err() {
            return Err(InvalidTime::Zone);
        }
        match text.parse::<jiff::Timestamp>() {
            Ok(instant) => Ok(Self::from_millis(instant.as_millisecond())),
            Err(_) => Self::at_the_edge(&text).ok_or(InvalidTime::Form),
        }
    }

    /// Instant of the years 1 and 9999 that the calendar library cannot write:
    /// `9999-12-31T23:59:59Z` is many a program's "never".
    fn at_the_edge(text: &str) -> Option<Self> {
        let pieces = Pieces::parse(text).ok()?;
        pieces.time().and(pieces.offset())?;
        match pieces.date().year() {
            9999 => Some(Self::MAX),
            // The first instant of the year 1, as it is written west of Greenwich.
            0 | 1 => Some(Self::MIN),
            _ => None,
        }
    }

    /// Time since `earlier`; zero when `earlier` is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, by: Duration) -> Self {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_add(by))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, by: Duration) -> Self {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_sub(by))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => f.write_str(&PRINTER.timestamp_to_string(&instant)),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => serializer.serialize_str(&PRINTER.timestamp_to_string(&instant)),
            Err(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::read(&text).map_err(|error| {
            de::Error::custom(format!(
                "expected an RFC 3339 time such as 2026-01-31T09:00:00Z{}",
                error.hint()
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_rfc_3339() {
        let instant = Timestamp::parse("2026-01-31T17:00:00.25+08:00").expect("valid");
        assert_eq!(instant.to_string(), "2026-01-31T09:00:00.250Z");
        assert_eq!(Timestamp::parse("yesterday"), None);
        assert_eq!(
            Timestamp::from_millis(i64::MAX).to_string(),
            "9999-12-30T21:59:59.999Z"
        );
    }

    #[test]
    fn arithmetic_saturates() {
        let end = Timestamp::from_millis(i64::MAX);
        assert_eq!(end + Duration::MAX, end);
        assert_eq!(Timestamp::default().since(end), Duration::ZERO);
    }
}
