//! Calendars, where their days come from, and cron expressions.

mod calendars;
mod cron;
mod ics;
