//! Which minutes and days the fields match, in UTC.

use acteon_core::Timestamp;
use acteon_schedule::Cron;

use super::{check, instant, recurrence};

fn utc(expression: &str, after: &str, expected: &[&str]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|time| format!("{time}+00:00"))
        .collect();
    let expected: Vec<_> = expected.iter().map(String::as_str).collect();
    check(expression, "UTC", after, &expected);
}

#[test]
fn numbers_names_ranges_steps_and_lists() {
    let after = "2026-01-01T00:00:00Z";
    utc(
        "* * * * *",
        after,
        &["Thu 2026-01-01 00:01", "Thu 2026-01-01 00:02"],
    );
    utc(
        "*/25 * * * *",
        after,
        &[
            "Thu 2026-01-01 00:25",
            "Thu 2026-01-01 00:50",
            "Thu 2026-01-01 01:00",
        ],
    );
    utc(
        "5-50/20 23 * * *",
        after,
        &[
            "Thu 2026-01-01 23:05",
            "Thu 2026-01-01 23:25",
            "Thu 2026-01-01 23:45",
            "Fri 2026-01-02 23:05",
        ],
    );
    utc(
        "0 9,18-19 * * *",
        after,
        &[
            "Thu 2026-01-01 09:00",
            "Thu 2026-01-01 18:00",
            "Thu 2026-01-01 19:00",
        ],
    );
    utc("05 09 * * *", after, &["Thu 2026-01-01 09:05"]);
    utc(
        "*/40,50,50-51 0 * * *",
        after,
        &[
            "Thu 2026-01-01 00:40",
            "Thu 2026-01-01 00:50",
            "Thu 2026-01-01 00:51",
            "Fri 2026-01-02 00:00",
        ],
    );
    utc(
        "0 9 * * MON-FRI",
        "2026-01-02T09:00:00Z",
        &["Mon 2026-01-05 09:00"],
    );
    utc(
        "0 9 * jan,Mar-apr mOn",
        "2026-01-26T09:00:00Z",
        &["Mon 2026-03-02 09:00"],
    );
    utc(
        "0 0 1 */5 *",
        after,
        &[
            "Mon 2026-06-01 00:00",
            "Sun 2026-11-01 00:00",
            "Fri 2027-01-01 00:00",
        ],
    );
    utc(
        "0 0 */15 * *",
        after,
        &[
            "Fri 2026-01-16 00:00",
            "Sat 2026-01-31 00:00",
            "Sun 2026-02-01 00:00",
        ],
    );
    utc("\t0  9 * * *  ", after, &["Thu 2026-01-01 09:00"]);
}

#[test]
fn sunday_is_0_and_7_and_ends_a_range_of_names() {
    let after = "2026-01-01T00:00:00Z";
    for sunday in ["0", "7", "SUN", "0,7", "7-7", "SUN-SUN", "0-7/7"] {
        let week = format!("0 0 * * {sunday}");
        utc(
            &week,
            after,
            &["Sun 2026-01-04 00:00", "Sun 2026-01-11 00:00"],
        );
    }
    for weekend in ["6-7", "SAT-SUN", "sat-7"] {
        let week = format!("0 0 * * {weekend}");
        utc(
            &week,
            after,
            &[
                "Sat 2026-01-03 00:00",
                "Sun 2026-01-04 00:00",
                "Sat 2026-01-10 00:00",
            ],
        );
    }
    utc(
        "0 0 * * SUN-TUE/2",
        after,
        &[
            "Sun 2026-01-04 00:00",
            "Tue 2026-01-06 00:00",
            "Sun 2026-01-11 00:00",
        ],
    );
    utc(
        "0 0 * * */3",
        after,
        &[
            "Sat 2026-01-03 00:00",
            "Sun 2026-01-04 00:00",
            "Wed 2026-01-07 00:00",
        ],
    );
}

#[test]
fn nicknames_stand_for_fields() {
    let nicknames = [
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * 0"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@Hourly", "0 * * * *"),
    ];
    for (nickname, fields) in nicknames {
        assert_eq!(Cron::parse(nickname), Cron::parse(fields), "{nickname}");
    }
}

#[test]
fn where_both_kinds_of_days_are_said_either_matches() {
    utc(
        "0 0 13 * FRI",
        "2026-02-01T00:00:00Z",
        &[
            "Fri 2026-02-06 00:00",
            "Fri 2026-02-13 00:00",
            "Fri 2026-02-20 00:00",
            "Fri 2026-02-27 00:00",
            "Fri 2026-03-06 00:00",
            "Fri 2026-03-13 00:00",
        ],
    );
    utc(
        "0 0 L * MON#1",
        "2026-01-01T00:00:00Z",
        &[
            "Mon 2026-01-05 00:00",
            "Sat 2026-01-31 00:00",
            "Mon 2026-02-02 00:00",
        ],
    );
    utc(
        "0 0 1-31/15 2 WED",
        "2026-01-01T00:00:00Z",
        &[
            "Sun 2026-02-01 00:00",
            "Wed 2026-02-04 00:00",
            "Wed 2026-02-11 00:00",
            "Mon 2026-02-16 00:00",
        ],
    );
}

#[test]
fn days_of_the_month_with_letters() {
    let after = "2026-01-01T00:00:00Z";
    utc(
        "0 0 L * *",
        after,
        &[
            "Sat 2026-01-31 00:00",
            "Sat 2026-02-28 00:00",
            "Tue 2026-03-31 00:00",
        ],
    );
    utc(
        "0 0 l 2 *",
        "2027-03-01T00:00:00Z",
        &["Tue 2028-02-29 00:00", "Wed 2029-02-28 00:00"],
    );
    utc(
        "0 0 LW * *",
        after,
        &[
            "Fri 2026-01-30 00:00",
            "Fri 2026-02-27 00:00",
            "Tue 2026-03-31 00:00",
            "Thu 2026-04-30 00:00",
            "Fri 2026-05-29 00:00",
        ],
    );
    // A Saturday goes back and a Sunday on, unless that would be another month.
    utc(
        "0 0 15W * *",
        after,
        &[
            "Thu 2026-01-15 00:00",
            "Mon 2026-02-16 00:00",
            "Mon 2026-03-16 00:00",
            "Wed 2026-04-15 00:00",
            "Fri 2026-05-15 00:00",
        ],
    );
    utc(
        "0 0 1w * *",
        after,
        &[
            "Mon 2026-02-02 00:00",
            "Mon 2026-03-02 00:00",
            "Wed 2026-04-01 00:00",
            "Fri 2026-05-01 00:00",
            "Mon 2026-06-01 00:00",
            "Wed 2026-07-01 00:00",
            "Mon 2026-08-03 00:00",
        ],
    );
    utc(
        "0 0 31W * *",
        "2026-02-01T00:00:00Z",
        &["Tue 2026-03-31 00:00", "Fri 2026-05-29 00:00"],
    );
    utc(
        "0 0 1,15W,L * *",
        after,
        &[
            "Thu 2026-01-15 00:00",
            "Sat 2026-01-31 00:00",
            "Sun 2026-02-01 00:00",
            "Mon 2026-02-16 00:00",
        ],
    );
}

#[test]
fn days_of_the_week_with_letters() {
    let after = "2026-01-01T00:00:00Z";
    utc(
        "0 0 * * FRIL",
        after,
        &["Fri 2026-01-30 00:00", "Fri 2026-02-27 00:00"],
    );
    utc(
        "0 0 * * 7l",
        after,
        &["Sun 2026-01-25 00:00", "Sun 2026-02-22 00:00"],
    );
    utc(
        "0 0 * * MON#2,fri#1",
        after,
        &[
            "Fri 2026-01-02 00:00",
            "Mon 2026-01-12 00:00",
            "Fri 2026-02-06 00:00",
            "Mon 2026-02-09 00:00",
        ],
    );
    utc(
        "0 0 * * 7#5",
        after,
        &["Sun 2026-03-29 00:00", "Sun 2026-05-31 00:00"],
    );
}

#[test]
fn rare_days_are_found() {
    utc(
        "0 0 29 2 *",
        "2096-02-29T00:00:00Z",
        &["Fri 2104-02-29 00:00"],
    );
    utc(
        "59 23 * 2 MON#5",
        "2072-03-01T00:00:00Z",
        &["Mon 2112-02-29 23:59"],
    );
    utc(
        "0 0 31,29 2,FEB *",
        "2026-01-01T00:00:00Z",
        &["Tue 2028-02-29 00:00"],
    );
}

#[test]
fn an_occurrence_is_later_than_the_instant_by_as_little_as_a_millisecond() {
    let minutes = recurrence("30 9 * * *", "UTC");
    let next = |text: &str| minutes.after(instant(text)).map(|next| next.to_string());
    assert_eq!(
        next("2026-01-01T09:29:59.999Z").as_deref(),
        Some("2026-01-01T09:30:00.000Z")
    );
    assert_eq!(
        next("2026-01-01T09:30:00Z").as_deref(),
        Some("2026-01-02T09:30:00.000Z")
    );
    assert_eq!(
        next("2026-01-01T09:30:00.001Z").as_deref(),
        Some("2026-01-02T09:30:00.000Z")
    );
    assert_eq!(
        next("1969-12-31T09:29:59.5Z").as_deref(),
        Some("1969-12-31T09:30:00.000Z")
    );
}

#[test]
fn at_the_end_of_time_there_is_none() {
    for zone in [
        "UTC",
        "Europe/Berlin",
        "Pacific/Kiritimati",
        "Pacific/Pago_Pago",
    ] {
        let daily = recurrence("0 0 * * *", zone);
        assert_eq!(daily.after(Timestamp::MAX), None, "{zone}");
        assert!(daily.after(Timestamp::MIN).is_some(), "{zone}");
    }
    assert_eq!(
        recurrence("0 0 29 2 *", "UTC").after(instant("9997-01-01T00:00:00Z")),
        None
    );
}
