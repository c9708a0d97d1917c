//! Calendars that a gateway knows, by name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use acteon_core::Timestamp;
use acteon_core::json::head;
use acteon_core::limits::CALENDAR_NOTICE;
use acteon_core::similar::nearest;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Calendar;
use super::cn_holidays::{DAYS_OFF, LAST_DAY, MAKE_UP_DAYS};

/// Name of the built-in calendar of the public holidays of China.
pub const CN_HOLIDAYS: &str = "cn-holidays";

/// Use of calendars, in the words of messages.
#[derive(Clone, Copy, Debug)]
pub struct CalendarUse {
    /// Those who go by them, such as `time intervals`.
    pub who: &'static str,
    /// What becomes of them while a calendar is not there, such as `they mute nothing`.
    pub while_missing: &'static str,
}

/// Calendars by name: those that are configured, and the built-in one. Cloning is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendars(Arc<BTreeMap<String, Calendar>>);

impl Default for Calendars {
    fn default() -> Self {
        Self::new([])
    }
}

impl Calendars {
    /// Calendars that are configured, and the built-in one, unless one of them has its name.
    pub fn new(configured: impl IntoIterator<Item = Calendar>) -> Self {
        let all = [cn_holidays()].into_iter().chain(configured);
        Self(Arc::new(
            all.map(|calendar| (calendar.name().to_owned(), calendar))
                .collect(),
        ))
    }

    /// Calendar of a name.
    pub fn get(&self, name: &str) -> Option<&Calendar> {
        self.0.get(name)
    }

    /// Message about a name that none of them has.
    pub fn unknown(&self, name: &str) -> String {
        let near = nearest(name, self.names())
            .map_or(String::new(), |near| format!("did you mean {near:?}? "));
        let known: Vec<&str> = self.names().collect();
        format!(
            "there is no calendar {:?}; {near}known are: {}",
            head(name, 64),
            known.join(", ")
        )
    }

    /// What people should know of a calendar by which `who` goes: that it is not configured, with what follows from that, or that it ends soon or has
    /// ended.
    pub fn notice(
        &self,
        name: &str,
        CalendarUse { who, while_missing }: CalendarUse,
        now: Timestamp,
    ) -> Option<String> {
        let Some(calendar) = self.get(name) else {
            return Some(format!(
                "{who} go by the calendar {name:?}, which is not configured: {while_missing} until it is"
            ));
        };
        let soon = jiff::Timestamp::from_millisecond((now + CALENDAR_NOTICE).as_millis())
            .map_or(Date::MAX, |soon| TimeZone::UTC.to_datetime(soon).date());
        let last_day = calendar.last_day();
        (last_day <= soon).then(|| {
            format!(
                "the calendar {name:?} ends on {last_day}, and {who} go by it: after that day Monday to Friday are workdays, and all other days \
                 holidays; give it the days of the next year"
            )
        })
    }

    /// Names of those that are not as they were `before`, added and removed ones among them.
    pub fn changed_from(&self, before: &Self) -> Vec<String> {
        let names: BTreeSet<&str> = self.names().chain(before.names()).collect();
        let is_changed = |name: &&str| self.get(name) != before.get(name);
        names
            .into_iter()
            .filter(is_changed)
            .map(str::to_owned)
            .collect()
    }

    /// Names of all of them, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

fn cn_holidays() -> Calendar {
    let run = |(first, length): &(Date, u8)| first.series(1.day()).take(usize::from(*length));
    Calendar {
        name: CN_HOLIDAYS.to_owned(),
        holidays: DAYS_OFF.iter().flat_map(run).collect(),
        workdays: MAKE_UP_DAYS.iter().copied().collect(),
        last_day: LAST_DAY,
    }
}
