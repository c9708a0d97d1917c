//! Time zones by their names.

use acteon_core::Timestamp;
use acteon_core::json::head;
use acteon_core::similar::nearest;
use jiff::tz::{TimeZone, TimeZoneName, db};

/// Longest part of a name that messages show. The longest name that there is has half as many bytes.
const SHOWN_BYTES: usize = 64;

/// Shortest name for which a similar one is suggested: of what is shorter, one letter makes another time of it.
const SHORTEST_SIMILAR: usize = 5;

/// Zone of a machine that nobody has set up, which is no place.
const UNSET: &str = "Factory";

/// Abbreviations that are no names, with the zones in which they are in use.
const ABBREVIATIONS: [(&str, &str); 15] = [
    ("AEST", "Australia/Sydney"),
    ("BST", "Europe/London"),
    ("CDT", "America/Chicago"),
    ("CEST", "Europe/Berlin"),
    ("CST", "Asia/Shanghai or America/Chicago"),
    ("EDT", "America/New_York"),
    ("HKT", "Asia/Hong_Kong"),
    ("IST", "Asia/Kolkata, Europe/Dublin or Asia/Jerusalem"),
    ("JST", "Asia/Tokyo"),
    ("KST", "Asia/Seoul"),
    ("MDT", "America/Denver"),
    ("PDT", "America/Los_Angeles"),
    ("PST", "America/Los_Angeles"),
    ("SGT", "Asia/Singapore"),
    ("Z", "UTC"),
];

/// Error of a name that no time zone has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no time zone: {0:?}; {1}use a name such as Asia/Shanghai or UTC")]
pub struct UnknownZone(String, String);

/// Time zone of an IANA name, in any case.
pub fn time_zone(name: &str) -> Result<TimeZone, UnknownZone> {
    let known = TimeZone::get(name).ok();
    known
        .filter(|_| !name.eq_ignore_ascii_case(UNSET))
        .ok_or_else(|| {
            let shown = head(name, SHOWN_BYTES);
            let meant =
                meant(shown).map_or(String::new(), |meant| format!("did you mean {meant}? "));
            UnknownZone(shown.to_owned(), meant)
        })
}

/// Instant to the minute as clocks in a zone show it, with how far they are from UTC; in UTC where no zone is named, or one that is none.
pub fn minute(at: Timestamp, zone: Option<&str>) -> String {
    let zone = zone.and_then(|zone| time_zone(zone).ok());
    let Ok(instant) = jiff::Timestamp::from_millisecond(at.as_millis()) else {
        return at.to_string();
    };
    match zone {
        Some(zone) => {
            let there = instant.to_zoned(zone);
            there.strftime("%Y-%m-%d %H:%M UTC%:z").to_string()
        }
        None => instant.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    }
}

/// Zones that were probably meant. None for what may be an offset: the nearest name would be that of another.
fn meant(name: &str) -> Option<String> {
    let mut abbreviations = ABBREVIATIONS.iter();
    if let Some((_, zones)) = abbreviations.find(|(short, _)| short.eq_ignore_ascii_case(name)) {
        return Some((*zones).to_owned());
    }
    if name.len() < SHORTEST_SIMILAR || name.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let known: Vec<_> = db().available().collect();
    let names = known.iter().map(TimeZoneName::as_str);
    nearest(name, names.filter(|name| *name != UNSET)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_those_of_the_zone() {
        let at = |text| Timestamp::parse(text).expect("an instant");
        for (instant, zone, shown) in [
            ("2026-01-02T23:59:59.9Z", None, "2026-01-02 23:59 UTC"),
            (
                "2026-01-02T23:59:59Z",
                Some("Asia/Shanghai"),
                "2026-01-03 07:59 UTC+08:00",
            ),
            (
                "2026-07-01T00:00:00Z",
                Some("America/New_York"),
                "2026-06-30 20:00 UTC-04:00",
            ),
            (
                "2026-12-01T00:00:00Z",
                Some("america/new_york"),
                "2026-11-30 19:00 UTC-05:00",
            ),
            (
                "2026-12-01T00:00:00Z",
                Some("Asia/Kolkata"),
                "2026-12-01 05:30 UTC+05:30",
            ),
            (
                "2026-12-01T00:00:00Z",
                Some("Nowhere/None"),
                "2026-12-01 00:00 UTC",
            ),
        ] {
            assert_eq!(minute(at(instant), zone), shown, "{zone:?}");
        }
    }
}
