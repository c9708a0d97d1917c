//! iCalendar files.

use acteon_schedule::{Calendar, DayKind};
use jiff::civil::Date;

fn file(events: &[&str]) -> String {
    let body = events.join("\nEND:VEVENT\nBEGIN:VEVENT\n");
    format!("BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\n{body}\nEND:VEVENT\nEND:VCALENDAR\n")
}

fn kind(calendar: &Calendar, day: &str) -> DayKind {
    calendar.kind_of(day.parse::<Date>().expect("a date"))
}

#[test]
fn whole_days_are_holidays_or_make_up_workdays() {
    let text = file(&[
        "DTSTART;VALUE=DATE:20271001\nDTEND;VALUE=DATE:20271008\nSUMMARY:国庆节（休）",
        "DTSTART;VALUE=DATE:20270926\nSUMMARY:国庆节（班）",
        "DTSTART:20270502\nCATEGORIES:Company, Workday",
        "DTSTART;VALUE=DATE:20271224\nSTATUS:CANCELLED",
        // An alarm has properties of its own, and a folded line goes on.
        "DTSTART;X-NOTE=\"a:b\";VALUE=DATE:20270215\nBEGIN:VALARM\nDURATION:PT1H\nEND:VALARM\nSUMMARY:a long\n  name, 补\n 班",
    ]);
    for text in [
        text.clone(),
        format!("\u{feff}{}", text.replace('\n', "\r\n")),
    ] {
        let calendar = Calendar::from_ics("own", &text).expect("a calendar");
        for day in 1..=7 {
            assert_eq!(
                kind(&calendar, &format!("2027-10-0{day}")),
                DayKind::Holiday
            );
        }
        assert_eq!(kind(&calendar, "2027-10-08"), DayKind::Workday);
        assert_eq!(kind(&calendar, "2027-09-26"), DayKind::Workday, "a Sunday");
        assert_eq!(kind(&calendar, "2027-05-02"), DayKind::Workday, "a Sunday");
        assert_eq!(kind(&calendar, "2027-12-24"), DayKind::Workday);
        assert_eq!(calendar.len(), 10);
    }
}

#[test]
fn in_a_file_of_apple_only_special_days_count() {
    let text = file(&[
        "DTSTART;VALUE=DATE:20270101\nX-APPLE-SPECIAL-DAY:WORK-HOLIDAY",
        "DTSTART;VALUE=DATE:20270103\nX-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY",
        "DTSTART;VALUE=DATE:20270302\nSUMMARY:an observance",
    ]);
    let calendar = Calendar::from_ics("own", &text).expect("a calendar");
    assert_eq!(kind(&calendar, "2027-01-01"), DayKind::Holiday);
    assert_eq!(kind(&calendar, "2027-01-03"), DayKind::Workday);
    assert_eq!(kind(&calendar, "2027-03-02"), DayKind::Workday);
}

#[test]
fn what_would_need_a_guess_is_refused_by_line() {
    for (event, says) in [
        (
            "DTSTART;VALUE=DATE:20270101\nRRULE:FREQ=YEARLY",
            "line 5: events that repeat (RRULE) are not read; write one for each year",
        ),
        (
            "DTSTART;TZID=Asia/Shanghai:20270101T090000",
            "line 4: DTSTART must be a day such as DTSTART;VALUE=DATE:20261001, is \"20270101T090000\"",
        ),
        ("DTSTART:20270230", "line 4: there is no day 20270230"),
        (
            "DTSTART:20270101\nDURATION:P3D",
            "line 5: DURATION is not read; write DTEND instead",
        ),
        ("SUMMARY:x", "line 3: the event has no DTSTART"),
        (
            "DTSTART:20270101\nDTEND:99991231",
            "line 3: the event is longer than a calendar may be",
        ),
    ] {
        let error = Calendar::from_ics("own", &file(&[event])).expect_err("refused");
        assert!(error.to_string().starts_with(says), "{error}");
    }
    for (text, says) in [
        ("", "is no iCalendar file"),
        ("<html>: not found</html>", "is no iCalendar file"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\n", "has no days"),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20270101\n",
            "line 2: the event has no END:VEVENT",
        ),
    ] {
        let error = Calendar::from_ics("own", text).expect_err("refused");
        assert!(error.to_string().starts_with(says), "{error}");
    }
}

#[test]
fn a_file_that_goes_on_and_on_is_refused() {
    let long = "x".repeat(1024 * 1024 + 1);
    let many = file(&vec!["DTSTART:20270101"; 10_001]);
    for (text, says) in [
        (&long, "is 1048577 bytes long"),
        (&many, "line 30003: has more than 10000 events"),
    ] {
        let error = Calendar::from_ics("own", text).expect_err("refused");
        assert!(error.to_string().starts_with(says), "{error}");
    }
}
