//! Calendars in force, by which time intervals go.

use acteon_rules::calendar_warnings;
use acteon_schedule::Calendars;

use crate::shared::Gateway;

impl Gateway {
    /// Calendars in force.
    pub fn calendars(&self) -> Calendars {
        self.inner.policies.load().calendars.clone()
    }

    /// Puts other calendars in force, between two decisions.
    pub async fn set_calendars(&self, calendars: Calendars) {
        self.inner.policies.set_calendars(calendars).await;
    }

    /// Warnings about the calendars that time intervals go by, of rules and of the store: those that end soon or have ended, and those
    /// that are not configured.
    pub fn calendar_warnings(&self) -> Vec<String> {
        let policies = self.inner.policies.load();
        let intervals = policies
            .rules
            .intervals()
            .chain(policies.intervals.compiled());
        calendar_warnings(intervals, &policies.calendars, self.inner.clock.now())
    }
}
