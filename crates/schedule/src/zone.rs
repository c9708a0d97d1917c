//! Time zones by their names.

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
