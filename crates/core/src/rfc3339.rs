//! Rules of RFC 3339 for a time beyond its form: which days, times of day, offsets and leap seconds
//! there are.
//!
//! The calendar library takes more than the standard has, such as an offset of 25 hours, and less,
//! such as ten digits behind the second.

use std::borrow::Cow;

/// Reason why a text is no instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTime {
    /// It looks like no time at all.
    #[error("it is no time")]
    Form,
    /// A date without a time of day.
    #[error("its time of day and zone are missing, such as T09:00:00Z")]
    NoTimeOfDay,
    /// A time without a zone.
    #[error("its zone is missing: write Z for UTC, or an offset such as +08:00")]
    NoZone,
    /// A blank before the offset, which a query's `+` is read as.
    #[error("it has a blank where the sign of its offset should be: write + as %2B in a query")]
    NoSign,
    /// The year 0, or one before.
    #[error("there is no year 0000")]
    Year,
    /// A month that is none.
    #[error("there is no such month: they go from 01 to 12")]
    Month,
    /// A day that the month does not have.
    #[error("there is no such day: {year:04}-{month:02} has {days} days")]
    Day {
        /// Year that was given.
        year: u16,
        /// Month that was given.
        month: u16,
        /// Number of days that the month has.
        days: u16,
    },
    /// A time that no day has.
    #[error("there is no such time of day: it goes from 00:00:00 to 23:59:59")]
    TimeOfDay,
    /// A second 60 where no leap second can be.
    #[error("there is no such second: a leap second is 23:59:60Z at the end of a month")]
    LeapSecond,
    /// A zone in brackets behind the offset, as RFC 9557 has them, that is none or contradicts it.
    #[error("its zone in brackets is none, or has another offset then: leave the brackets out")]
    Zone,
    /// An offset of a day or more.
    #[error("there is no such offset: it goes from -23:59 to +23:59")]
    Offset,
}

impl InvalidTime {
    /// Hint behind the text, if there is more to say than that it is no time; empty otherwise.
    pub fn hint(self) -> String {
        if self == Self::Form {
            String::new()
        } else {
            format!(": {self}")
        }
    }
}

/// Digits behind the second that the calendar library reads at most.
const MAX_DIGITS: usize = 9;

/// Text as the calendar library reads it, if it can be an instant. What has another form than
/// `2026-01-31T09:00:00.25+08:00` is left to it.
pub(crate) fn readable(text: &str) -> Result<Cow<'_, str>, InvalidTime> {
    let as_it_is = Ok(Cow::Borrowed(text));
    let Some((year, month, day, rest)) = date(text) else {
        return as_it_is;
    };
    let days = days_of(year, month)?;
    if !(1..=days).contains(&day) {
        return Err(InvalidTime::Day { year, month, days });
    }
    if rest.trim().is_empty() {
        return Err(InvalidTime::NoTimeOfDay);
    }
    let Some(clock) = rest.strip_prefix(['T', 't', ' ']) else {
        return as_it_is;
    };
    let Some((hour, clock)) = number(clock, 2) else {
        return as_it_is;
    };
    let Some((minute, clock)) = clock.strip_prefix(':').and_then(|clock| number(clock, 2)) else {
        return as_it_is;
    };
    let (second, rest) = clock
        .strip_prefix(':')
        .and_then(|clock| number(clock, 2))
        .unwrap_or((0, clock));
    if hour > 23 || minute > 59 || second > 60 {
        return Err(InvalidTime::TimeOfDay);
    }
    let fraction = rest.strip_prefix(['.', ',']).map_or(0, |digits| {
        digits.bytes().take_while(u8::is_ascii_digit).count() + 1
    });
    let zone = &rest[fraction..];
    let offset = offset(zone)?;
    if second == 60 {
        let minute_of_day = i32::from(hour) * 60 + i32::from(minute) - offset;
        let is_last_day = match minute_of_day {
            ..0 => day == 1,
            0..1440 => day == days,
            1440.. => day + 1 == days,
        };
        if minute_of_day.rem_euclid(1440) != 1439 || !is_last_day {
            return Err(InvalidTime::LeapSecond);
        }
    }
    if fraction <= MAX_DIGITS + 1 {
        return as_it_is;
    }
    let before = &text[..text.len() - zone.len() - (fraction - MAX_DIGITS - 1)];
    Ok(Cow::Owned(format!("{before}{zone}")))
}

/// Year, month and day of a text, and what follows them.
fn date(text: &str) -> Option<(u16, u16, u16, &str)> {
    let (year, rest) = number(text, 4)?;
    let (month, rest) = number(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = number(rest.strip_prefix('-')?, 2)?;
    Some((year, month, day, rest))
}

/// Number of days of a month.
fn days_of(year: u16, month: u16) -> Result<u16, InvalidTime> {
    if year == 0 && month != 12 {
        return Err(InvalidTime::Year);
    }
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => Ok(if is_leap { 29 } else { 28 }),
        4 | 6 | 9 | 11 => Ok(30),
        1..=12 => Ok(31),
        _ => Err(InvalidTime::Month),
    }
}

/// Offset in minutes east of UTC; 0 for `Z`, and for what is left to the calendar library.
fn offset(zone: &str) -> Result<i32, InvalidTime> {
    if zone.trim().is_empty() {
        return Err(InvalidTime::NoZone);
    }
    if zone
        .strip_prefix(' ')
        .is_some_and(|digits| digits.starts_with(|letter: char| letter.is_ascii_digit()))
    {
        return Err(InvalidTime::NoSign);
    }
    let Some(digits) = zone.strip_prefix(['+', '-', '\u{2212}']) else {
        return Ok(0);
    };
    let Some((hours, rest)) = number(digits, 2) else {
        return Ok(0);
    };
    let minutes =
        number(rest.strip_prefix(':').unwrap_or(rest), 2).map_or(0, |(minutes, _)| minutes);
    if hours > 23 || minutes > 59 {
        return Err(InvalidTime::Offset);
    }
    let minutes = i32::from(hours) * 60 + i32::from(minutes);
    Ok(if zone.starts_with('+') {
        minutes
    } else {
        -minutes
    })
}

/// Number of so many digits, and what follows it.
fn number(text: &str, digits: usize) -> Option<(u16, &str)> {
    let (number, rest) = text.split_at_checked(digits)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((number.parse().ok()?, rest))
}
