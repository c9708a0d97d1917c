//! Ranges of a time interval.

use acteon_schedule::{Calendars, DayKind};
use jiff::civil::{Date, DateTime};
use serde::Serialize;

/// Range of a time interval: every list that is not empty must have a part that matches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct TimeRange {
    /// Times of day, from start to before end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) times: Vec<Times>,
    /// Weekdays from 1, Monday, to 7, Sunday, both included.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) weekdays: Vec<Span>,
    /// Days from 1 to 31, or counted from the end of the month: -1 is its last day. Both included.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) days_of_month: Vec<Span>,
    /// Months from 1 to 12, both included.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) months: Vec<Span>,
    /// Years, such as 2026, both included.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) years: Vec<Span>,
    /// Days of one kind of a calendar.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) days: Option<CalendarDays>,
}

/// Days of one kind of a calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct CalendarDays {
    /// Name of the calendar.
    pub(crate) calendar: String,
    /// `workday` or `holiday`.
    pub(crate) on: DayKind,
}

/// Times from one of day to before another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Times {
    /// First minute of it, such as `09:00`.
    pub(crate) start: String,
    /// First minute behind it, such as `18:00`; `24:00` is the end of the day.
    pub(crate) end: String,
}

/// Numbers from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Span {
    /// Lowest number of the span.
    pub(crate) start: i16,
    /// Highest number of the span.
    pub(crate) end: i16,
}

/// Years after which the calendar repeats.
const CALENDAR_CYCLE: i16 = 400;

impl TimeRange {
    pub(super) fn check(&self) -> Result<(), String> {
        let Self {
            times,
            weekdays,
            days_of_month,
            months,
            years,
            days,
        } = self;
        if times.is_empty()
            && weekdays.is_empty()
            && days_of_month.is_empty()
            && months.is_empty()
            && years.is_empty()
            && days.is_none()
        {
            return Err(
                "says nothing: give times, weekdays, days_of_month, months, years or a calendar"
                    .into(),
            );
        }
        for Times { start, end } in times {
            let (Some(from), Some(to)) = (minute(start), minute(end)) else {
                return Err(format!(
                    "times: {start:?} to {end:?} must be written as HH:MM, up to 24:00"
                ));
            };
            if from >= to {
                return Err(format!(
                    "times: {end} is not after {start}; a night is two ranges, one up to 24:00 and one from 00:00"
                ));
            }
        }
        check_spans("weekdays", weekdays, 1..=7)?;
        check_spans("months", months, 1..=12)?;
        check_spans("years", years, 1..=9999)?;
        for span @ Span { start, end } in days_of_month {
            let valid = |day: i16| day != 0 && (-31..=31).contains(&day);
            let in_order = (*start > 0) != (*end > 0) || start <= end;
            let ever = || (28..=31).any(|length| span.days(length).any(|day| day <= length));
            if !valid(*start) || !valid(*end) || !in_order || !ever() {
                return Err(format!(
                    "days_of_month: {start} to {end} must be from 1 to 31, or from -31 to -1, and not end before it starts; days around the end of a \
                     month are two spans, one up to -1 and one from 1"
                ));
            }
        }
        for span in days_of_month {
            let alone = Self {
                days_of_month: vec![*span],
                ..self.clone()
            };
            if !alone.has_a_day() {
                let Span { start, end } = span;
                return Err(format!(
                    "days_of_month: {start} to {end} never comes in these months, years and weekdays"
                ));
            }
        }
        Ok(())
    }

    /// Whether there is a day that it holds. A month without the day would match never, and as an
    /// active interval mute everything.
    fn has_a_day(&self) -> bool {
        // Of years that are not named, those of one round of the calendar stand for all.
        let all = [Span {
            start: 2000,
            end: 2000 + CALENDAR_CYCLE - 1,
        }];
        let years = if self.years.is_empty() {
            &all[..]
        } else {
            &self.years
        };
        let years = years
            .iter()
            .flat_map(|span| (span.start..=span.end).take(CALENDAR_CYCLE as usize));
        let months = |year: i16| (1..=12).filter_map(move |month| Date::new(year, month, 1).ok());
        let mut days = years
            .flat_map(months)
            .filter(|first| within(&self.months, first.month().into()))
            .flat_map(|first| {
                (1..=first.days_in_month())
                    .filter_map(move |day| Date::new(first.year(), first.month(), day).ok())
            });
        days.any(|day| self.holds_day(day))
    }

    /// Whether a day lies within it, whatever the time and the calendar.
    fn holds_day(&self, day: Date) -> bool {
        let length = i16::from(day.days_in_month());
        let in_days = |span: &Span| span.days(length).contains(&i16::from(day.day()));
        (self.days_of_month.is_empty() || self.days_of_month.iter().any(in_days))
            && within(&self.weekdays, day.weekday().to_monday_one_offset().into())
            && within(&self.months, day.month().into())
            && within(&self.years, day.year())
    }

    /// Whether a time lies within it. A calendar that is not known holds every day: who asks looks first whether it is there.
    pub(super) fn matches(&self, wall: DateTime, calendars: &Calendars) -> bool {
        let minute_of_day = i32::from(wall.hour()) * 60 + i32::from(wall.minute());
        let in_times = |times: &Times| {
            let (from, to) = (minute(&times.start), minute(&times.end));
            from.is_some_and(|from| from <= minute_of_day)
                && to.is_some_and(|to| minute_of_day < to)
        };
        let on = |CalendarDays { calendar, on }: &CalendarDays| {
            let calendar = calendars.get(calendar);
            calendar.is_none_or(|calendar| calendar.kind_of(wall.date()) == *on)
        };
        (self.times.is_empty() || self.times.iter().any(in_times))
            && self.holds_day(wall.date())
            && self.days.as_ref().is_none_or(on)
    }

    /// Minutes of a day at which it may begin or end, midnight apart.
    pub(super) fn edges(&self) -> impl Iterator<Item = i32> {
        self.times
            .iter()
            .flat_map(|times| [minute(&times.start), minute(&times.end)])
            .flatten()
            .filter(|edge| (1..24 * 60).contains(edge))
    }
}

impl Span {
    /// Days that it names, in a month of so many days.
    fn days(self, length: i16) -> std::ops::RangeInclusive<i16> {
        let resolve = |day: i16| if day < 0 { length + 1 + day } else { day };
        resolve(self.start)..=resolve(self.end)
    }
}

fn within(spans: &[Span], number: i16) -> bool {
    spans.is_empty()
        || spans
            .iter()
            .any(|span| (span.start..=span.end).contains(&number))
}

fn check_spans(
    what: &str,
    spans: &[Span],
    valid: std::ops::RangeInclusive<i16>,
) -> Result<(), String> {
    let wrong = spans.iter().find(|span| {
        !valid.contains(&span.start) || !valid.contains(&span.end) || span.start > span.end
    });
    match wrong {
        None => Ok(()),
        Some(Span { start, end }) => Err(format!(
            "{what}: {start} to {end} must lie within {} to {} and not end before it starts",
            valid.start(),
            valid.end()
        )),
    }
}

/// Minutes since midnight of `HH:MM`.
fn minute(text: &str) -> Option<i32> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| {
        (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| part.parse::<i32>().ok())?
    };
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    let valid = (hour < 24 && minute < 60) || (hour == 24 && minute == 0);
    valid.then_some(hour * 60 + minute)
}
