//! A time interval together with the calendars that it goes by.

use acteon_core::Timestamp;
use acteon_schedule::Calendars;

use super::TimeInterval;
use crate::on_mute::OnMute;
use crate::zone::civil;

/// Time interval whose calendars are all known.
#[derive(Clone, Copy, Debug)]
pub struct IntervalInForce<'i> {
    pub(super) interval: &'i TimeInterval,
    pub(super) calendars: &'i Calendars,
}

impl IntervalInForce<'_> {
    /// Whether `now` lies within it.
    pub fn matches(&self, now: Timestamp) -> bool {
        let wall = civil(now, &self.interval.zone);
        let mut ranges = self.interval.spec.time_ranges.iter();
        ranges.any(|range| range.matches(wall, self.calendars))
    }

    /// What becomes of actions that it mutes, where their rule does not say.
    pub fn on_mute(&self) -> Option<OnMute> {
        self.interval.spec.on_mute
    }
}
