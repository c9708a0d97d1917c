//! Log lines about the calendars that time intervals go by.

use acteon_gateway::Gateway;

/// Warns of calendars that time intervals go by and that end soon, have ended, or are not configured.
pub(crate) fn warn_of_calendars(gateway: &Gateway) {
    for text in gateway.calendar_warnings() {
        tracing::warn!("{text}");
    }
}
