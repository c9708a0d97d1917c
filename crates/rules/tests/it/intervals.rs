//! Time intervals: what their ranges match.

use acteon_core::Timestamp;
use acteon_rules::{Context, IntervalInForce, RuleSet, TimeInterval};
use acteon_schedule::Calendars;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{at, faults, file};

fn interval(location: &str, range: &Value) -> TimeInterval {
    let json = json!({ "name": "i", "location": location, "time_ranges": [range] });
    TimeInterval::from_json(&json).unwrap_or_else(|error| panic!("{error}"))
}

fn in_force<'i>(interval: &'i TimeInterval, calendars: &'i Calendars) -> IntervalInForce<'i> {
    interval
        .in_force(calendars)
        .expect("its calendars are known")
}

fn check(location: &str, range: &Value, cases: &[(&str, bool)]) {
    let (interval, calendars) = (interval(location, range), Calendars::default());
    let interval = in_force(&interval, &calendars);
    for (time, expected) in cases {
        assert_eq!(
            interval.matches(at(time)),
            *expected,
            "{range} at {time} in {location}"
        );
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
        &[
            ("2026-01-05T23:59:59Z", true),
            ("2026-01-06T00:00:00Z", false),
        ],
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
        &[
            ("2026-02-14T00:00:00Z", false),
            ("2026-02-28T00:00:00Z", true),
        ],
    );
    check(
        "UTC",
        &json!({ "months": [{ "start": 12, "end": 12 }], "years": [{ "start": 2026, "end": 2026 }] }),
        &[
            ("2026-12-31T23:59:59Z", true),
            ("2027-12-01T00:00:00Z", false),
        ],
    );
}

#[test]
fn what_is_no_interval_is_refused() {
    for (range, says) in [
        (json!({}), "says nothing"),
        (
            json!({ "times": [{ "start": "18:00", "end": "09:00" }] }),
            "not after",
        ),
        (
            json!({ "times": [{ "start": "9:00", "end": "18:00" }] }),
            "HH:MM",
        ),
        (
            json!({ "times": [{ "start": "09:00", "end": "24:01" }] }),
            "HH:MM",
        ),
        (
            json!({ "weekdays": [{ "start": 0, "end": 5 }] }),
            "weekdays",
        ),
        (
            json!({ "weekdays": [{ "start": 6, "end": 2 }] }),
            "weekdays",
        ),
        (
            json!({ "days_of_month": [{ "start": 0, "end": 5 }] }),
            "days_of_month",
        ),
        (
            json!({ "days_of_month": [{ "start": -1, "end": -5 }] }),
            "days_of_month",
        ),
        (json!({ "months": [{ "start": 1, "end": 13 }] }), "months"),
        (json!({ "moons": [] }), "unknown field"),
        (
            json!({ "days_of_month": [{ "start": -3, "end": 2 }] }),
            "two spans",
        ),
        (
            json!({ "months": [{ "start": 2, "end": 2 }], "days_of_month": [{ "start": 30, "end": 30 }] }),
            "never comes",
        ),
        (
            json!({ "months": [{ "start": 2, "end": 2 }], "years": [{ "start": 2026, "end": 2027 }], "days_of_month": [{ "start": 29, "end": 29 }] }),
            "never comes",
        ),
        (
            json!({ "months": [{ "start": 4, "end": 4 }], "days_of_month": [{ "start": 1, "end": 5 }, { "start": 31, "end": 31 }] }),
            "31 to 31 never comes",
        ),
        (
            json!({ "years": [{ "start": 2026, "end": 2026 }], "months": [{ "start": 12, "end": 12 }], "days_of_month": [{ "start": 31, "end": 31 }],
            "weekdays": [{ "start": 6, "end": 7 }] }),
            "never comes",
        ),
        (
            json!({ "weekdays": [{ "start": "monday", "end": "friday" }] }),
            "time_ranges[0].weekdays[0].start must be a whole number, where 1 is Monday and 7 Sunday, is the text \"monday\"",
        ),
        (
            json!({ "weekdays": { "start": 1, "end": 5 } }),
            "time_ranges[0].weekdays must be a list, is an object",
        ),
        (
            json!({ "times": [{ "start": 9, "end": "18:00" }] }),
            "time of day in quotes",
        ),
        (json!({ "weekday": [] }), "did you mean weekdays?"),
        (
            json!({ "years": [{ "start": 99999, "end": 99999 }] }),
            "whole number",
        ),
    ] {
        let error = TimeInterval::from_json(&json!({ "name": "i", "time_ranges": [range] }))
            .expect_err("refused")
            .to_string();
        assert!(error.contains(says), "{range}: {error}");
    }
    assert!(
        TimeInterval::from_json(&json!({ "name": "i", "location": "Nowhere", "time_ranges": [{ "months": [{ "start": 1, "end": 2 }] }] }))
            .is_err()
    );
    assert!(TimeInterval::from_json(&json!({ "name": "i", "time_ranges": [] })).is_err());
}

#[test]
fn the_29_of_february_and_ends_of_months_are_taken() {
    for range in [
        json!({ "months": [{ "start": 2, "end": 2 }], "days_of_month": [{ "start": 29, "end": 29 }] }),
        json!({ "months": [{ "start": 2, "end": 2 }], "years": [{ "start": 2028, "end": 2028 }], "days_of_month": [{ "start": 29, "end": 29 }] }),
        json!({ "days_of_month": [{ "start": 31, "end": -1 }] }),
        json!({ "days_of_month": [{ "start": -31, "end": -29 }] }),
    ] {
        interval("UTC", &range);
    }
}

#[test]
fn the_next_change_is_found_in_the_zone_and_over_clock_changes() {
    let hours = json!({ "times": [{ "start": "09:00", "end": "18:00" }], "weekdays": [{ "start": 1, "end": 5 }] });
    for (location, range, now, expected) in [
        (
            "Asia/Shanghai",
            &hours,
            "2026-01-02T12:00:00Z",
            Some("2026-01-05T01:00:00.000Z"),
        ),
        (
            "Asia/Shanghai",
            &hours,
            "2026-01-05T01:00:00Z",
            Some("2026-01-05T10:00:00.000Z"),
        ),
        (
            "Asia/Shanghai",
            &hours,
            "2026-01-05T00:59:59.999Z",
            Some("2026-01-05T01:00:00.000Z"),
        ),
        // Clocks go from 02:00 to 03:00 on 29 March.
        (
            "Europe/Berlin",
            &json!({ "times": [{ "start": "02:30", "end": "06:00" }] }),
            "2026-03-28T23:30:00Z",
            Some("2026-03-29T01:00:00.000Z"),
        ),
        (
            "UTC",
            &json!({ "months": [{ "start": 2, "end": 2 }], "days_of_month": [{ "start": 29, "end": 29 }] }),
            "2026-01-01T00:00:00Z",
            Some("2028-02-29T00:00:00.000Z"),
        ),
        (
            "UTC",
            &json!({ "years": [{ "start": 2026, "end": 2026 }] }),
            "2026-06-01T00:00:00Z",
            Some("2027-01-01T00:00:00.000Z"),
        ),
        (
            "UTC",
            &json!({ "years": [{ "start": 1, "end": 9999 }] }),
            "2026-06-01T00:00:00Z",
            None,
        ),
    ] {
        let (interval, calendars) = (interval(location, range), Calendars::default());
        let found = in_force(&interval, &calendars)
            .next_change(at(now))
            .map(|at| at.to_string());
        assert_eq!(found.as_deref(), expected, "{range} after {now}");
    }
}

proptest! {
    /// Until the next change it stays as it is, and then it differs.
    #[test]
    fn the_next_change_is_the_next(
        hours in 0i64..80_000, start in 0u8..23, length in 1u8..6, day in 1i16..=7, days in 0i16..3,
        location in prop_oneof![Just("UTC"), Just("Asia/Shanghai"), Just("America/New_York"), Just("Australia/Lord_Howe")],
    ) {
        let end = (start + length).min(24);
        let range = json!({ "times": [{ "start": format!("{start:02}:00"), "end": format!("{end:02}:00") }],
            "weekdays": [{ "start": day, "end": (day + days).min(7) }] });
        let (interval, calendars) = (interval(location, &range), Calendars::default());
        let interval = in_force(&interval, &calendars);
        let now = Timestamp::from_millis(1_767_225_600_000 + hours * 3_600_000 + 60_000);
        let next = interval.next_change(now).expect("within a week");
        prop_assert!(next > now && interval.matches(next) != interval.matches(now));
        let mut minute = now;
        while minute < next {
            prop_assert_eq!(interval.matches(minute), interval.matches(now), "at {}", minute);
            minute = minute + std::time::Duration::from_mins(30);
        }
        prop_assert_eq!(interval.matches(Timestamp::from_millis(next.as_millis() - 1)), interval.matches(now));
    }

    #[test]
    fn any_instant_lies_within_or_without(
        millis in any::<i64>(), from in -31i16..=31, to in -31i16..=31, location in prop_oneof![Just("UTC"), Just("Asia/Shanghai"), Just("America/New_York")],
    ) {
        let range = json!({ "days_of_month": [{ "start": from, "end": to }], "times": [{ "start": "00:00", "end": "24:00" }] });
        let json = json!({ "name": "i", "location": location, "time_ranges": [range] });
        if let Ok(interval) = TimeInterval::from_json(&json) {
            in_force(&interval, &Calendars::default()).matches(Timestamp::from_millis(millis));
        }
    }
}

const NIGHT: &str = "rules: [{name: r, condition: 'true', mute_time_intervals: [night], action: {type: allow}}]\ntime_intervals: [{name: night, time_ranges: [{times: [{start: '00:00', end: '06:00'}]}]}]";

#[test]
fn an_interval_of_a_file_without_a_location_is_in_the_zone_of_its_rules() {
    let mutes = |default: &str, time: &str| {
        let context = Context {
            default_timezone: default.into(),
            ..Context::default()
        };
        let rules = RuleSet::compile(&[file(NIGHT)], &context).expect("rules");
        let rule = rules.rule("r").expect("a rule");
        let calendars = Calendars::default();
        let interval = |name: &str| rules.interval(name)?.in_force(&calendars);
        rule.muting(interval, at(time)).is_some()
    };
    assert!(
        mutes("Asia/Shanghai", "2026-01-05T17:00:00Z")
            && !mutes("Asia/Shanghai", "2026-01-05T01:00:00Z")
    );
    assert!(!mutes("UTC", "2026-01-05T17:00:00Z") && mutes("UTC", "2026-01-05T01:00:00Z"));
}

#[test]
fn all_that_is_wrong_with_an_interval_is_said_where_it_stands() {
    let text = "time_intervals:\n  - name: office\n    location: Nowhere/Land\n    colour: red\n    on_mute: later\n    time_ranges:\n      - weekdays: [{start: 1, end: 5}]\n      - times:\n          - {start: '09:00', end: '18:00'}\n          - {start: '9', end: '18:00'}\n        weekdays: [{start: 0, end: 5}]\n      - {}\n  - location: UTC\n";
    let said = faults(text, &Context::default());
    for expected in [
        "rules.yaml:3:5: time_intervals[0] (office): location: there is no time zone",
        "rules.yaml:4:5: time_intervals[0] (office): a time interval has an unknown field \"colour\"",
        "rules.yaml:5:5: time_intervals[0] (office): on_mute must be drop or postpone",
        "rules.yaml:10:13: time_intervals[0] (office): time_ranges[1]: times: \"9\" to \"18:00\"",
        "rules.yaml:11:20: time_intervals[0] (office): time_ranges[1]: weekdays: 0 to 5",
        "rules.yaml:12:9: time_intervals[0] (office): time_ranges[2]: says nothing",
        "rules.yaml:13:5: time_intervals[1]: name is missing",
        "rules.yaml:13:5: time_intervals[1]: time_ranges is missing",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
}
