//! Days that the fields for them match.

use jiff::civil::{Date, Weekday};

/// Days of an expression. Where both fields say something, a day that either matches is one (POSIX).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Days {
    /// `None` is every day.
    pub(super) of_month: Option<DaysOfMonth>,
    /// `None` is every day.
    pub(super) of_week: Option<DaysOfWeek>,
}

/// Days by their number in the month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DaysOfMonth {
    /// Bit of each day.
    pub(super) days: u32,
    /// Bit of each day whose nearest day of Monday to Friday is meant.
    pub(super) near: u32,
    pub(super) is_last: bool,
    pub(super) is_last_near: bool,
}

/// Days by their place in the week.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DaysOfWeek {
    /// Bit of each day; that of Sunday is bit 0.
    pub(super) days: u8,
    /// The same for the first of a month, the second, and so on.
    pub(super) nth: [u8; 5],
    /// The same for the last of a month.
    pub(super) last: u8,
}

impl Days {
    pub(super) fn matches(&self, day: Date) -> bool {
        match (&self.of_month, &self.of_week) {
            (None, None) => true,
            (Some(of_month), None) => of_month.matches(day),
            (None, Some(of_week)) => of_week.matches(day),
            (Some(of_month), Some(of_week)) => of_month.matches(day) || of_week.matches(day),
        }
    }
}

impl DaysOfMonth {
    fn matches(&self, day: Date) -> bool {
        let last = day.days_in_month();
        let is_near = |of: i8| self.near & (1 << of) != 0 && nearest(day, of) == day.day();
        self.days & (1 << day.day()) != 0
            || (self.is_last && day.day() == last)
            || (self.is_last_near && nearest(day, last) == day.day())
            // A Saturday moves by two days at most, and so does a Sunday.
            || (day.day() - 2..=day.day() + 2)
                .filter(|of| (1..=last).contains(of))
                .any(is_near)
    }

    /// Whether one of the days is in a month of so many days.
    pub(super) fn fit(&self, length: u8) -> bool {
        let up_to = (2_u64 << length) - 1;
        self.is_last || self.is_last_near || u64::from(self.days | self.near) & up_to != 0
    }
}

impl DaysOfWeek {
    fn matches(&self, day: Date) -> bool {
        let bit = 1 << day.weekday().to_sunday_zero_offset();
        let nth = self.nth[usize::from(day.day().unsigned_abs() - 1) / 7];
        let is_last = day.day() + 7 > day.days_in_month();
        (self.days | nth) & bit != 0 || (is_last && self.last & bit != 0)
    }
}

/// Day of Monday to Friday that is nearest to one of the month of `month`, and in the same month.
fn nearest(month: Date, day: i8) -> i8 {
    let last = month.days_in_month();
    let days_on = i32::from(day) - i32::from(month.day());
    let weekday = month.weekday().wrapping_add(days_on);
    match weekday {
        Weekday::Saturday if day == 1 => 3,
        Weekday::Saturday => day - 1,
        Weekday::Sunday if day == last => day - 2,
        Weekday::Sunday => day + 1,
        Weekday::Monday
        | Weekday::Tuesday
        | Weekday::Wednesday
        | Weekday::Thursday
        | Weekday::Friday => day,
    }
}
