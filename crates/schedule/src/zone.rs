//! Time zones by their names.

use acteon_core::json::head;
use acteon_core::similar::nearest;
use jiff::tz::{TimeZone, TimeZoneName, db};

/// Longest part of a name that messages show. The longest name that there is has half as many bytes.
const SHOWN_BYTES: usize = 64;

/// Error of a name that no time zone has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no time zone: {0:?}; {1}use a name such as Asia/Shanghai or UTC")]
pub struct UnknownZone(String, String);

/// Time zone of an IANA name, in any case.
pub fn time_zone(name: &str) -> Result<TimeZone, UnknownZone> {
    TimeZone::get(name).map_err(|_| {
        let shown = head(name, SHOWN_BYTES);
        let known: Vec<_> = db().available().collect();
        let near = nearest(shown, known.iter().map(TimeZoneName::as_str))
            .map_or(String::new(), |near| format!("did you mean {near}? "));
        UnknownZone(shown.to_owned(), near)
    })
}
