//! Calendars, which tell the days on which people work, and cron expressions, which tell instants that recur.
//!
//! Everything here is pure: data in, data out; no clock, no store, no network. A [`Calendar`] is a list of holidays and of make-up workdays
//! beside the ordinary week; it comes from lists of dates or from the text of an iCalendar file ([`Calendar::from_ics`]). [`Calendars`] are
//! those that a gateway knows: the configured ones, and the built-in public holidays of China. A [`Cron`] is five fields as they are written; in a time
//! zone it is a [`Recurrence`], which finds its occurrences.

#![deny(missing_docs)]

mod calendar;
mod cron;
mod zone;

pub use calendar::{CN_HOLIDAYS, Calendar, CalendarError, CalendarUse, Calendars, DayKind};
pub use cron::{Cron, CronError, Recurrence};
pub use zone::{UnknownZone, minute, time_zone};
