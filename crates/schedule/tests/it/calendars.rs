//! Which day is which.

use std::collections::BTreeSet;

use acteon_schedule::{CN_HOLIDAYS, Calendar, Calendars, DayKind};
use jiff::civil::{Date, date};

fn days(texts: &[&str]) -> BTreeSet<Date> {
    texts
        .iter()
        .map(|text| text.parse().expect("a date"))
        .collect()
}

fn kinds(calendar: &Calendar, cases: &[(&str, DayKind)]) {
    for (day, expected) in cases {
        let day: Date = day.parse().expect("a date");
        assert_eq!(calendar.kind_of(day), *expected, "{day}");
    }
}

#[test]
fn lists_go_before_the_week_and_the_week_alone_counts_beyond_the_end() {
    use DayKind::{Holiday, Workday};
    let (holidays, workdays) = (days(&["2026-05-01"]), days(&["2026-05-09"]));
    let calendar = Calendar::new("own", holidays, workdays).expect("a calendar");
    kinds(
        &calendar,
        &[
            ("2026-05-01", Holiday),
            ("2026-05-02", Holiday),
            ("2026-05-04", Workday),
            ("2026-05-09", Workday),
            ("2027-05-01", Holiday),
            ("2027-05-03", Workday),
        ],
    );
    assert_eq!(calendar.last_day(), date(2026, 12, 31));
}

/// As the General Office of the State Council announced 2026.
#[test]
fn the_built_in_calendar_has_the_holidays_of_china() {
    use DayKind::{Holiday, Workday};
    let calendars = Calendars::default();
    let calendar = calendars.get(CN_HOLIDAYS).expect("it is built in");
    kinds(
        calendar,
        &[
            ("2026-01-01", Holiday),
            ("2026-01-02", Holiday),
            ("2026-01-04", Workday),
            ("2026-02-14", Workday),
            ("2026-02-15", Holiday),
            ("2026-02-23", Holiday),
            ("2026-02-24", Workday),
            ("2026-04-06", Holiday),
            ("2026-05-09", Workday),
            ("2026-06-19", Holiday),
            ("2026-09-25", Holiday),
            ("2026-10-07", Holiday),
            ("2026-10-10", Workday),
            ("2026-10-11", Holiday),
        ],
    );
    assert_eq!(calendar.last_day(), date(2026, 12, 31));
    assert_eq!(calendar.len(), 621 + 150, "as the package has them");
}

#[test]
fn a_configured_calendar_takes_the_place_of_the_built_in_one() {
    let own =
        |day: &str| Calendar::new(CN_HOLIDAYS, days(&[day]), BTreeSet::new()).expect("a calendar");
    let (first, second) = (
        Calendars::new([own("2027-01-01")]),
        Calendars::new([own("2027-01-04")]),
    );
    let calendar = first.get(CN_HOLIDAYS).expect("it is there");
    assert_eq!((calendar.len(), calendar.is_empty()), (1, false));
    assert_eq!(second.changed_from(&first), [CN_HOLIDAYS]);
    assert_eq!(second.changed_from(&second), [""; 0]);
}

#[test]
fn what_is_no_calendar_is_refused() {
    let none = BTreeSet::new();
    for (name, holidays, workdays, says) in [
        ("a", none.clone(), none.clone(), "has no days"),
        ("", days(&["2026-05-01"]), none.clone(), "name must be"),
        (
            "a",
            days(&["2026-05-01"]),
            days(&["2026-05-01"]),
            "2026-05-01 is both a holiday and a workday",
        ),
        (
            "a",
            date(2000, 1, 1)
                .series(jiff::ToSpan::days(1))
                .take(10_001)
                .collect(),
            none.clone(),
            "has 10001 days, at most 10000 are allowed",
        ),
    ] {
        let error = Calendar::new(name, holidays, workdays).expect_err("refused");
        assert!(error.to_string().contains(says), "{error}");
    }
}
