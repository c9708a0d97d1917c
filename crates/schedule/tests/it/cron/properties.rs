//! Occurrences are those that are found by looking at every minute, whatever the clock does.

use std::fmt::Write as _;

use acteon_core::Timestamp;
use acteon_schedule::Cron;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};
use proptest::prelude::*;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Zones and the years of theirs that are looked at. Before 1972 there are changes at odd seconds.
const ZONES: [&str; 10] = [
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "America/Havana",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Antarctica/Troll",
];

/// Field as it is written, and what it matches.
#[derive(Clone, Debug)]
struct Written<D> {
    text: String,
    /// `None` is everything.
    matched: Option<Vec<D>>,
    has_star: bool,
}

#[derive(Clone, Copy, Debug)]
enum Day {
    Number(i8),
    LastOfMonth,
    Near(i8),
    LastNear,
    Weekday(i8),
    Nth(i8, i8),
    LastWeekday(i8),
}

/// Expression as it is written, and what it matches.
#[derive(Clone, Debug)]
struct Expression {
    minute: Written<i8>,
    hour: Written<i8>,
    of_month: Written<Day>,
    month: Written<i8>,
    of_week: Written<Day>,
}

impl Expression {
    fn text(&self) -> String {
        let mut text = format!("{} {} ", self.minute.text, self.hour.text);
        let rest = (&self.of_month.text, &self.month.text, &self.of_week.text);
        write!(text, "{} {} {}", rest.0, rest.1, rest.2).expect("memory");
        text
    }

    fn matches(&self, clock: DateTime) -> bool {
        let has = |field: &Written<i8>, number: i8| {
            field
                .matched
                .as_ref()
                .is_none_or(|all| all.contains(&number))
        };
        has(&self.minute, clock.minute())
            && has(&self.hour, clock.hour())
            && has(&self.month, clock.month())
            && self.matches_day(clock.date())
    }

    fn matches_day(&self, date: Date) -> bool {
        let any = |days: &[Day]| days.iter().any(|day| is_day(date, *day));
        match (&self.of_month.matched, &self.of_week.matched) {
            (None, None) => true,
            (Some(days), None) | (None, Some(days)) => any(days),
            (Some(of_month), Some(of_week)) => any(of_month) || any(of_week),
        }
    }

    /// Occurrences from the first minute to the last, by looking at each one of them.
    fn looked_for(&self, zone: &TimeZone, first: jiff::Timestamp, minutes: i64) -> Vec<Timestamp> {
        let mut found = Vec::new();
        // Two days before suffice to know which times a clock had shown.
        let early = 2 * 24 * 60;
        let mut instant = first - MINUTE * early;
        let mut shown = zone.to_datetime(instant);
        for minute in -i64::from(early) + 1..minutes {
            instant += MINUTE;
            let clock = zone.to_datetime(instant);
            let happens = if self.hour.has_star {
                self.matches(clock)
            } else {
                // Every time of the clock that is new, whether it is shown or skipped.
                let new = shown
                    .series(1.minute())
                    .skip(1)
                    .take_while(|new| *new <= clock);
                let happens = new.into_iter().any(|new| self.matches(new));
                shown = shown.max(clock);
                happens
            };
            if happens && minute >= 0 {
                found.push(Timestamp::from_millis(instant.as_millisecond()));
            }
        }
        found
    }
}

fn is_day(date: Date, day: Day) -> bool {
    let weekday = date.weekday().to_sunday_zero_offset();
    let is_working = |date: &Date| (1..=5).contains(&date.weekday().to_sunday_zero_offset());
    let month = || {
        date.first_of_month()
            .series(1.day())
            .take(date.days_in_month() as usize)
    };
    match day {
        Day::Number(number) => date.day() == number,
        Day::LastOfMonth => date == date.last_of_month(),
        Day::Near(of) => {
            let near = month()
                .filter(is_working)
                .min_by_key(|day| (day.day() - of).abs());
            of <= date.days_in_month() && near == Some(date)
        }
        Day::LastNear => month().filter(is_working).last() == Some(date),
        Day::Weekday(of) => weekday == of % 7,
        Day::Nth(of, nth) => weekday == of % 7 && (date.day() - 1) / 7 + 1 == nth,
        Day::LastWeekday(of) => weekday == of % 7 && (date + 7.days()).month() != date.month(),
    }
}

/// Items of numbers with what they match: one, a range, one with a step.
fn numbers(first: i8, last: i8) -> impl Strategy<Value = (String, Vec<i8>)> {
    let one = (first..=last).prop_map(|number| (number.to_string(), vec![number]));
    let range = (first..=last, first..=last).prop_map(|(a, b)| {
        let (from, to) = (a.min(b), a.max(b));
        (format!("{from}-{to}"), (from..=to).collect())
    });
    let stepped = (first..last, 1..=last - first).prop_map(move |(from, step)| {
        let step = step.min(last - from);
        let numbers = (from..=last).step_by(step as usize).collect();
        (format!("{from}-{last}/{step}"), numbers)
    });
    prop_oneof![3 => one, 1 => range, 1 => stepped]
}

fn listed<D: Clone + std::fmt::Debug>(
    items: impl Strategy<Value = (String, Vec<D>)>,
) -> impl Strategy<Value = Written<D>> {
    proptest::collection::vec(items, 1..4).prop_map(|items| {
        let texts: Vec<_> = items.iter().map(|(text, _)| text.as_str()).collect();
        Written {
            text: texts.join(","),
            matched: Some(
                items
                    .iter()
                    .flat_map(|(_, numbers)| numbers.clone())
                    .collect(),
            ),
            has_star: false,
        }
    })
}

fn every<D: Clone>() -> Written<D> {
    Written {
        text: "*".into(),
        matched: None,
        has_star: true,
    }
}

fn field(first: i8, last: i8) -> impl Strategy<Value = Written<i8>> {
    let starred = (1..=last - first).prop_map(move |step| Written {
        text: format!("*/{step}"),
        matched: Some((first..=last).step_by(step as usize).collect()),
        has_star: true,
    });
    prop_oneof![1 => Just(every()), 1 => starred, 2 => listed(numbers(first, last))]
}

fn day_of_month() -> impl Strategy<Value = Written<Day>> {
    let lettered = (0..3, 1_i8..=31).prop_map(|(kind, day)| match kind {
        0 => ("L".to_owned(), vec![Day::LastOfMonth]),
        1 => ("lw".to_owned(), vec![Day::LastNear]),
        _ => (format!("{day}W"), vec![Day::Near(day)]),
    });
    let numbered = numbers(1, 31)
        .prop_map(|(text, numbers)| (text, numbers.into_iter().map(Day::Number).collect()));
    prop_oneof![2 => Just(every()), 1 => listed(prop_oneof![2 => numbered, 1 => lettered])]
}

fn day_of_week() -> impl Strategy<Value = Written<Day>> {
    let lettered = (0_i8..=7, 0_i8..=5).prop_map(|(day, nth)| match nth {
        0 => (format!("{day}L"), vec![Day::LastWeekday(day)]),
        _ => (format!("{day}#{nth}"), vec![Day::Nth(day, nth)]),
    });
    let numbered = numbers(0, 7)
        .prop_map(|(text, numbers)| (text, numbers.into_iter().map(Day::Weekday).collect()));
    prop_oneof![2 => Just(every()), 1 => listed(prop_oneof![2 => numbered, 1 => lettered])]
}

fn expression() -> impl Strategy<Value = Expression> {
    let fields = (
        field(0, 59),
        field(0, 23),
        day_of_month(),
        field(1, 12),
        day_of_week(),
    );
    fields.prop_map(|(minute, hour, of_month, month, of_week)| Expression {
        minute,
        hour,
        of_month,
        month,
        of_week,
    })
}

/// Changes of a zone from 1972 on, or the days of 2026 of one that has none.
fn changes(zone: &TimeZone) -> Vec<jiff::Timestamp> {
    let at = |text: &str| text.parse::<jiff::Timestamp>().expect("an instant");
    let until = at("2040-01-01T00:00:00Z");
    let all = zone
        .following(at("1972-02-01T00:00:00Z"))
        .map(|change| change.timestamp());
    let changes: Vec<_> = all.take_while(|change| *change < until).collect();
    if changes.is_empty() {
        return vec![at("2026-03-29T01:00:00Z")];
    }
    changes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn none_is_skipped_none_is_invented_and_each_is_later(
        expression in expression(),
        zone in proptest::sample::select(&ZONES[..]),
        change in any::<proptest::sample::Index>(),
        hours_before in 0_i64..48,
        millis in 0_i64..60_000,
    ) {
        let text = expression.text();
        let Ok(cron) = Cron::parse(&text) else {
            // Days that never come are the one thing that is refused of these.
            prop_assert!(expression.of_week.matched.is_none(), "{text}");
            return Ok(());
        };
        let zone = TimeZone::get(zone).expect("a zone");
        let changes = changes(&zone);
        let first = *change.get(&changes) - SignedDuration::from_hours(hours_before);
        // The first minute that is looked at is the one after the instant.
        let minutes = 72 * 60;
        let expected = expression.looked_for(&zone, first, minutes);
        let end = Timestamp::from_millis((first + MINUTE * minutes as i32).as_millisecond());
        let mut last = Timestamp::from_millis(first.as_millisecond() - 60_000 + millis);
        let recurrence = cron.in_zone(zone);
        let mut found: Vec<Timestamp> = Vec::new();
        while let Some(next) = recurrence.after(last).filter(|next| *next < end) {
            prop_assert!(next > last, "{next} is not after {last}");
            if let Some(before) = found.last() {
                prop_assert!(next.since(*before).as_secs() >= 60, "{before} and {next}");
            }
            found.push(next);
            last = next;
        }
        prop_assert_eq!(found, expected, "{}", text);
    }
}
