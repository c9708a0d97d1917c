//! Time intervals that go by a calendar.

use std::collections::BTreeSet;

use acteon_rules::{Context, RuleFile, RuleSet, TimeInterval, calendar_warnings, run_fixtures};
use acteon_schedule::{Calendar, Calendars};
use serde_json::{Value, json};

use crate::support::{at, faults, file};

fn interval(ranges: &Value) -> TimeInterval {
    let json = json!({ "name": "i", "location": "Asia/Shanghai", "time_ranges": ranges });
    TimeInterval::from_json(&json).unwrap_or_else(|error| panic!("{error}"))
}

/// A calendar of one day.
fn one_day(name: &str, day: &str) -> Calendar {
    let holidays = BTreeSet::from([day.parse().expect("a date")]);
    Calendar::new(name, holidays, BTreeSet::new()).expect("a calendar")
}

#[test]
fn a_calendar_is_one_more_part_of_a_range() {
    let calendars = Calendars::default();
    let office = interval(
        &json!([{ "calendar": "cn-holidays", "on": "workday", "times": [{ "start": "09:00", "end": "18:00" }] }]),
    );
    let days_off = interval(&json!([{ "calendar": "cn-holidays", "on": "holiday" }]));
    for (time, in_office, is_off) in [
        // The last day of the Spring Festival is a Monday.
        ("2026-02-23T10:00:00+08:00", false, true),
        ("2026-02-24T10:00:00+08:00", true, false),
        ("2026-02-24T08:59:59+08:00", false, false),
        // A Saturday on which people work, and an ordinary one.
        ("2026-02-28T10:00:00+08:00", true, false),
        ("2026-03-07T10:00:00+08:00", false, true),
        // Days begin at midnight of the interval's zone.
        ("2026-09-30T23:59:59+08:00", false, false),
        ("2026-10-01T00:00:00+08:00", false, true),
        // Beyond the calendar the week alone says it.
        ("2027-01-01T10:00:00+08:00", true, false),
        ("2027-01-02T10:00:00+08:00", false, true),
    ] {
        for (interval, expected) in [(&office, in_office), (&days_off, is_off)] {
            let interval = interval.in_force(&calendars).expect("a known calendar");
            assert_eq!(interval.matches(at(time)), expected, "{time}");
        }
    }
    let interval = office.in_force(&calendars).expect("a known calendar");
    let next = interval.next_change(at("2026-02-14T18:00:00+08:00"));
    assert_eq!(
        next,
        Some(at("2026-02-24T09:00:00+08:00")),
        "over nine days"
    );
}

#[test]
fn a_rule_does_not_mute_by_a_calendar_that_is_not_there() {
    let text = "rules:\n\
        - {name: outside, condition: 'true', active_time_intervals: [days], action: {type: allow}}\n\
        - {name: within, condition: 'true', mute_time_intervals: [days], action: {type: allow}}\n\
        time_intervals: [{name: days, time_ranges: [{calendar: own, on: holiday}]}]\n";
    let known = Calendars::new([one_day("own", "2026-03-03")]);
    let context = Context {
        calendars: known.clone(),
        ..Context::default()
    };
    let rules = RuleSet::compile(&[file(text)], &context).expect("rules");
    let mutes = |rule: &str, calendars: &Calendars, time: &str| {
        let interval = |name: &str| rules.interval(name)?.in_force(calendars);
        let rule = rules.rule(rule).expect("a rule");
        rule.muting(interval, at(time)).is_some()
    };
    let (holiday, workday) = ("2026-03-03T12:00:00Z", "2026-03-04T12:00:00Z");
    assert!(mutes("within", &known, holiday) && !mutes("within", &known, workday));
    assert!(mutes("outside", &known, workday) && !mutes("outside", &known, holiday));
    for time in [holiday, workday] {
        for rule in ["within", "outside"] {
            assert!(
                !mutes(rule, &Calendars::default(), time),
                "{rule} at {time}"
            );
        }
    }
}

#[test]
fn what_is_wrong_with_a_calendar_of_a_range_is_said_where_it_stands() {
    let text = "time_intervals:\n\
        - name: a\n  time_ranges:\n  - calendar: cn-holiday\n    on: workday\n\
        - name: b\n  time_ranges:\n  - {calendar: cn-holidays, on: weekday}\n  - {on: holiday}\n  - {calendar: cn-holidays}\n  - {calendar: 1, on: holiday}\n";
    let said = faults(text, &Context::default());
    for expected in [
        "rules.yaml:4:15: time_intervals[0] (a): there is no calendar \"cn-holiday\"; did you mean \"cn-holidays\"? known are: cn-holidays",
        "time_intervals[1] (b): time_ranges[0].on must be workday or holiday, is \"weekday\"",
        "time_ranges[1].on needs a calendar, as in {\"calendar\": \"cn-holidays\", \"on\": \"workday\"}",
        "time_ranges[2].calendar needs on: workday or holiday, as in",
        "time_ranges[3].calendar must be text, is 1",
    ] {
        assert!(said.contains(expected), "{expected} is not in:\n{said}");
    }
}

#[test]
fn who_goes_by_a_calendar_is_warned_before_it_ends() {
    let calendars = Calendars::new([one_day("own", "2028-05-05")]);
    let by = |name: &str| interval(&json!([{ "calendar": name, "on": "holiday" }]));
    let (own, built_in, gone) = (by("own"), by("cn-holidays"), by("gone"));
    let warnings = |intervals: &[&TimeInterval], now: &str| {
        calendar_warnings(intervals.iter().copied(), &calendars, at(now))
    };
    let (early, late) = ("2026-10-31T12:00:00Z", "2026-11-01T12:00:00Z");
    assert_eq!(warnings(&[&own, &built_in], early), [""; 0]);
    assert_eq!(warnings(&[&own], late), [""; 0]);
    let said = warnings(&[&own, &built_in, &built_in], late);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("the calendar \"cn-holidays\" ends on 2026-12-31"));
    assert!(warnings(&[&gone], early)[0].contains("\"gone\", which is not configured"));
}

#[test]
fn fixtures_go_by_the_calendars_that_they_are_given() {
    let rules = "rules: [{name: r, condition: 'true', mute_time_intervals: [off], action: {type: allow}}]\n\
        time_intervals: [{name: off, location: Asia/Shanghai, time_ranges: [{calendar: cn-holidays, on: holiday}]}]\n";
    let cases = RuleFile {
        name: "cases.yaml".into(),
        text: "tests:\n\
            - {name: on, at: '2026-10-01T12:00:00+08:00', action: {}, expect: {verdict: muted}}\n\
            - {name: off, at: '2026-10-10T12:00:00+08:00', action: {}, expect: {verdict: allow}}\n"
            .into(),
    };
    let rules = RuleSet::compile(&[file(rules)], &Context::default()).expect("rules");
    let results = run_fixtures(&rules, &Calendars::default(), &cases).expect("fixtures");
    for result in results {
        assert_eq!(result.differences, [""; 0], "{}", result.name);
    }
}
