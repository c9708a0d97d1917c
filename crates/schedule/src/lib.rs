//! Calendars: which days people work, and which they have off.
//!
//! Everything here is pure: data in, data out; no clock, no store, no network. A [`Calendar`] is a list of holidays and of make-up workdays
//! beside the ordinary week; it comes from lists of dates or from the text of an iCalendar file ([`Calendar::from_ics`]). [`Calendars`] are
//! those that a gateway knows: the configured ones, and the built-in public holidays of China.

#![deny(missing_docs)]

mod calendar;

pub use calendar::{CN_HOLIDAYS, Calendar, CalendarError, Calendars, DayKind};
