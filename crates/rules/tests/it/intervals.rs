//! Calendars.

use acteon_core::Timestamp;
use acteon_rules::TimeInterval;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::at;

fn interval(location: &str, range: &Value) -> TimeInterval {
    let json = json!({ "name": "i", "location": location, "time_ranges": [range] });
    TimeInterval::from_json(&json).unwrap_or_else(|error| panic!("{error}"))
}

fn check(location: &str, range: &Value, cases: &[(&str, bool)]) {
    let interval = interval(location, range);
    for (time, expected) in cases {
        assert_eq!(interval.matches(at(time)), *expected, "{range} at {time} in {location}");
    }
}

#[test]
fn times_are_half_open_in_their_zone() {
    let hours = json!({ "times": [{ "start": "09:00", "end": "18:00" }], "weekdays": [{ "start": 1, "end": 5 }] });
    check(
        "Asia/Shanghai",
        &hours,
        &[
            ("2026-01-05T00:59:59Z", false),
            ("2026-01-05T01:00:00Z", true),
            ("2026-01-05T09:59:59Z", true),
            ("2026-01-05T10:00:00Z", false),
            ("2026-01-03T02:00:00Z", false),
        ],
    );
    check(
        "UTC",
        &json!({ "times": [{ "start": "22:00", "end": "24:00" }] }),
        &[("2026-01-05T23:59:59Z", true), ("2026-01-06T00:00:00Z", false)],
    );
}

#[test]
fn days_may_be_counted_from_the_end() {
    let last_three = json!({ "days_of_month": [{ "start": -3, "end": -1 }] });
    check(
        "UTC",
        &last_three,
        &[
            ("2026-02-25T00:00:00Z", false),
            ("2026-02-26T00:00:00Z", true),
            ("2028-02-26T00:00:00Z", false),
            ("2028-02-29T00:00:00Z", true),
            ("2026-03-29T00:00:00Z", true),
        ],
    );
    check(
        "UTC",
        &json!({ "days_of_month": [{ "start": 15, "end": -1 }] }),
        &[("2026-02-14T00:00:00Z", false), ("2026-02-28T00:00:00Z", true)],
    );
    check(
        "UTC",
        &json!({ "months": [{ "start": 12, "end": 12 }], "years": [{ "start": 2026, "end": 2026 }] }),
        &[("2026-12-31T23:59:59Z", true), ("2027-12-01T00:00:00Z", false)],
    );
}

#[test]
fn what_is_no_interval_is_refused() {
    for (range, says) in [
        (json!({}), "says nothing"),
        (json!({ "times": [{ "start": "18:00", "end": "09:00" }] }), "not after"),
        (json!({ "times": [{ "start": "9:00", "end": "18:00" }] }), "HH:MM"),
        (json!({ "times": [{ "start": "09:00", "end": "24:01" }] }), "HH:MM"),
        (json!({ "weekdays": [{ "start": 0, "end": 5 }] }), "weekdays"),
        (json!({ "weekdays": [{ "start": 6, "end": 2 }] }), "weekdays"),
        (json!({ "days_of_month": [{ "start": 0, "end": 5 }] }), "days_of_month"),
        (json!({ "days_of_month": [{ "start": -1, "end": -5 }] }), "days_of_month"),
        (json!({ "months": [{ "start": 1, "end": 13 }] }), "months"),
        (json!({ "moons": [] }), "unknown field"),
    ] {
        let error = TimeInterval::from_json(&json!({ "name": "i", "time_ranges": [range] })).expect_err("refused").to_string();
        assert!(error.contains(says), "{range}: {error}");
    }
    assert!(
        TimeInterval::from_json(&json!({ "name": "i", "location": "Nowhere", "time_ranges": [{ "months": [{ "start": 1, "end": 2 }] }] }))
            .is_err()
    );
    assert!(TimeInterval::from_json(&json!({ "name": "i", "time_ranges": [] })).is_err());
}

proptest! {
    #[test]
    fn any_instant_lies_within_or_without(
        millis in any::<i64>(), from in -31i16..=31, to in -31i16..=31, location in prop_oneof![Just("UTC"), Just("Asia/Shanghai"), Just("America/New_York")],
    ) {
        let range = json!({ "days_of_month": [{ "start": from, "end": to }], "times": [{ "start": "00:00", "end": "24:00" }] });
        let json = json!({ "name": "i", "location": location, "time_ranges": [range] });
        if let Ok(interval) = TimeInterval::from_json(&json) {
            interval.matches(Timestamp::from_millis(millis));
        }
    }
}
