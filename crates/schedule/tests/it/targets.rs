//! What is fuzzed: each function takes any bytes, and must neither panic nor take long. The fuzzer and the corpus test share them.

use acteon_core::Timestamp;
use acteon_schedule::Cron;
use jiff::tz::TimeZone;

/// Zones that change by an hour, by half an hour, by a day, before 1972 by odd seconds, around a month of fasting, and never.
const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "Africa/Monrovia",
    "Africa/Casablanca",
];

/// Eight bytes of an instant, one of a zone, and a cron expression: occurrences come one after the other.
pub(crate) fn cron(data: &[u8]) {
    let Some((instant, [zone, rest @ ..])) = data.split_first_chunk::<8>() else {
        return;
    };
    let Ok(expression) = std::str::from_utf8(rest) else {
        return;
    };
    let cron = match Cron::parse(expression) {
        Ok(cron) => cron,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let zone = TimeZone::get(ZONES[usize::from(*zone) % ZONES.len()]).expect("a zone");
    let recurrence = cron.in_zone(zone);
    let mut last = Timestamp::from_millis(i64::from_le_bytes(*instant));
    for _ in 0..8 {
        let Some(next) = recurrence.after(last) else {
            break;
        };
        assert!(next > last, "{next} is not after {last}");
        // What is just before an occurrence is followed by it.
        let before = Timestamp::from_millis(next.as_millis() - 1);
        assert_eq!(recurrence.after(before), Some(next));
        last = next;
    }
}
