//! Calendars, where their days come from, cron expressions, and time zones.

mod calendars;
mod corpus;
mod cron;
mod ics;
mod targets;
mod zones;
