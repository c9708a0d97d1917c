//! The header `Retry-After` (RFC 9110, section 10.2.3): a number of seconds, or a date.

use std::time::{Duration, SystemTime};

/// Wait that a service asks for with a `Retry-After` of this value, at most `most`. A date in the past is no wait; `None` when the value cannot be
/// read.
pub fn retry_after(value: &str, now: SystemTime, most: Duration) -> Option<Duration> {
    let value = value.trim();
    let asked = if value.starts_with(|first: char| first.is_ascii_digit()) {
        // Some services send decimals, which the RFC does not allow. They are rounded up.
        let seconds = value.parse::<f64>().ok().filter(|_| {
            value
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
        })?;
        Duration::try_from_secs_f64(seconds.ceil()).unwrap_or(Duration::MAX)
    } else {
        // An instant that has passed asks for nothing.
        httpdate::parse_http_date(value)
            .ok()?
            .duration_since(now)
            .unwrap_or(Duration::ZERO)
    };
    Some(asked.min(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_rfc_is_read_and_bounded() {
        let now = httpdate::parse_http_date("Thu, 26 Nov 2026 07:00:00 GMT").expect("an instant");
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
                retry_after(value, now, Duration::from_hours(1)).map(|asked| asked.as_secs()),
                seconds,
                "{value}"
            );
        }
    }
}
