//! Calendars, where their days come from, and cron expressions.

mod calendars;
mod corpus;
mod cron;
mod ics;
mod targets;
