//! Field of a cron expression: its name, its numbers, and the names of these.

use acteon_core::json::head;

/// Longest part of a word that messages show.
const SHOWN_BYTES: usize = 32;

/// Names of the months, the first of which is 1.
const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];

/// Names of the days of the week, the first of which is 0.
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Field of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Minute,
    Hour,
    DayOfMonth,
    Month,
    DayOfWeek,
}

impl Field {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day of month",
            Self::Month => "month",
            Self::DayOfWeek => "day of week",
        }
    }

    /// Smallest number.
    pub(super) const fn first(self) -> u8 {
        match self {
            Self::Minute | Self::Hour | Self::DayOfWeek => 0,
            Self::DayOfMonth | Self::Month => 1,
        }
    }

    /// Largest number of what `*` stands for. Of the days of the week it is Saturday.
    pub(super) const fn last(self) -> u8 {
        match self {
            Self::Minute => 59,
            Self::Hour => 23,
            Self::DayOfMonth => 31,
            Self::Month => 12,
            Self::DayOfWeek => 6,
        }
    }

    /// Largest number that may be written: 7 is Sunday once more.
    pub(super) const fn largest(self) -> u8 {
        match self {
            Self::DayOfWeek => 7,
            Self::Minute | Self::Hour | Self::DayOfMonth | Self::Month => self.last(),
        }
    }

    /// Names of the numbers from the first on.
    pub(super) const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Minute | Self::Hour | Self::DayOfMonth => &[],
            Self::Month => &MONTHS,
            Self::DayOfWeek => &WEEKDAYS,
        }
    }

    /// What may stand in the field beside what every field takes.
    pub(super) const fn allowed(self) -> &'static str {
        match self {
            Self::Minute => "0 to 59",
            Self::Hour => "0 to 23",
            Self::DayOfMonth => {
                "1 to 31, L (the last day), 15W (the day of Monday to Friday nearest to the 15th), LW (the last of those)"
            }
            Self::Month => "1 to 12, JAN to DEC",
            Self::DayOfWeek => {
                "0 to 7 (0 and 7 are Sunday), SUN to SAT, MON#2 (the second Monday), FRIL (the last Friday)"
            }
        }
    }
}

/// Word of an expression, with its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'e> {
    pub(super) text: &'e str,
    /// Bytes before it, which are characters too: an expression is ASCII.
    pub(super) before: usize,
}

impl<'e> Word<'e> {
    /// The word as messages show it, of which a long one is cut.
    pub(super) fn shown(self) -> &'e str {
        head(self.text, SHOWN_BYTES)
    }

    /// Column of its first character, from 1.
    pub(super) const fn column(self) -> usize {
        self.before + 1
    }

    /// Words between the places of a character, each with its own place.
    pub(super) fn split(self, at: char) -> impl Iterator<Item = Self> {
        let mut before = self.before;
        self.text.split(at).map(move |text| {
            let word = Self { text, before };
            before += text.len() + at.len_utf8();
            word
        })
    }

    /// Words before and behind the first place of a character.
    pub(super) fn split_once(self, at: char) -> Option<(Self, Self)> {
        let (left, right) = self.text.split_once(at)?;
        let before = self.before + left.len() + at.len_utf8();
        Some((
            Self {
                text: left,
                before: self.before,
            },
            Self {
                text: right,
                before,
            },
        ))
    }

    /// The word without a character at its end, whose case counts for nothing; `None` where it ends otherwise.
    pub(super) fn without_last(self, last: char) -> Option<Self> {
        let lower = last.to_ascii_lowercase();
        let text: &'e str = self.text.strip_suffix([last, lower])?;
        Some(Self {
            text,
            before: self.before,
        })
    }
}
