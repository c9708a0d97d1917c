//! Calendars, and where their days come from.

mod calendars;
mod ics;
