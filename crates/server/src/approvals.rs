//! Log lines about the rules and chains that ask people for approval.

use acteon_gateway::Gateway;

/// Most warnings that are logged at a time.
const MAX_WARNINGS: usize = 20;

/// Warns of rules and chains that ask people who are not there, or fewer than they need.
pub(crate) async fn warn_of_approvals(gateway: &Gateway) {
    let looked_at = gateway.clone();
    let warnings = gateway.aside(move || looked_at.approval_warnings()).await;
    for text in warnings.iter().flatten().take(MAX_WARNINGS) {
        tracing::warn!("{text}");
    }
}
