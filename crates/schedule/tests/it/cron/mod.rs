//! Cron expressions and their occurrences.

mod changes;
mod days;
mod properties;
mod refused;

use acteon_core::Timestamp;
use acteon_schedule::{Cron, Recurrence};
use jiff::tz::TimeZone;

fn recurrence(expression: &str, zone: &str) -> Recurrence {
    let cron = Cron::parse(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
    cron.in_zone(TimeZone::get(zone).expect("a zone"))
}

fn instant(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap_or_else(|| panic!("{text} is no instant"))
}

/// So many occurrences after an instant, on the wall clock of the zone and with its offset.
fn occurrences(expression: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let recurrence = recurrence(expression, zone);
    let zone = TimeZone::get(zone).expect("a zone");
    let next = |instant: &Timestamp| recurrence.after(*instant);
    std::iter::successors(next(&instant(after)), next)
        .take(count)
        .map(|instant| {
            let instant = jiff::Timestamp::from_millisecond(instant.as_millis()).expect("in range");
            let zoned = instant.to_zoned(zone.clone());
            zoned.strftime("%a %Y-%m-%d %H:%M%:z").to_string()
        })
        .collect()
}

/// Occurrences after an instant are these, on the wall clock of the zone and with its offset.
fn check(expression: &str, zone: &str, after: &str, expected: &[&str]) {
    let found = occurrences(expression, zone, after, expected.len());
    assert_eq!(found, expected, "{expression} in {zone} after {after}");
}
