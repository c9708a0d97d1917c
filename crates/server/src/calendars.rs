//! Log lines about the calendars that time intervals and recurring actions go by.

use acteon_gateway::Gateway;

/// Warns of calendars that time intervals or recurring actions go by and that end soon, have ended, or are not configured.
pub(crate) async fn warn_of_calendars(gateway: &Gateway) {
    let of_recurring = gateway.recurring_calendar_warnings().await;
    for text in gateway.calendar_warnings().into_iter().chain(of_recurring) {
        tracing::warn!("{text}");
    }
}
