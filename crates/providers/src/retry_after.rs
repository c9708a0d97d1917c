//! `Retry-After`, as RFC 9110 has it: seconds, or the date of an instant.

use std::time::{Duration, UNIX_EPOCH};

use acteon_core::Timestamp;
use acteon_core::limits::MAX_RETRY_AFTER;

/// How long a service wants to be left alone, at most [`MAX_RETRY_AFTER`]; `None` when it does not say so in a way that can be understood.
pub(crate) fn parse(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let asked = if value.starts_with(|first: char| first.is_ascii_digit()) {
        // Some write a point, which the RFC does not have.
        let seconds = value.parse::<f64>().ok().filter(|_| {
            value
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
        })?;
        Duration::from_secs_f64(seconds.ceil().min(MAX_RETRY_AFTER.as_secs_f64()))
    } else {
        let instant = httpdate::parse_http_date(value).ok()?;
        let millis = instant.duration_since(UNIX_EPOCH).ok()?.as_millis();
        Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX)).since(now)
    };
    Some(asked.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_rfc_is_read_and_bounded() {
        let now = Timestamp::parse("2026-11-26T07:00:00Z").expect("an instant");
        for (value, seconds) in [
            ("9", Some(9)),
            (" 0 ", Some(0)),
            ("9.5", Some(10)),
            ("99999999999999999999", Some(3600)),
            ("Thu, 26 Nov 2026 07:00:30 GMT", Some(30)),
            ("Thursday, 26-Nov-26 07:00:30 GMT", Some(30)),
            ("Thu Nov 26 07:00:30 2026", Some(30)),
            ("Thu, 26 Nov 2026 06:00:00 GMT", Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(3600)),
            ("1e3", None),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(
                parse(value, now).map(|asked| asked.as_secs()),
                seconds,
                "{value}"
            );
        }
    }
}
