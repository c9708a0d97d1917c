//! Attachments of actions, which no message has: they are left out, and the sender is told.

use acteon_core::Action;

use super::listed::{listed, short};

/// Warning about the attachments of an action, if it has some.
pub(super) fn warning(action: &Action) -> Option<String> {
    let names: Vec<String> = action
        .attachments
        .iter()
        .map(|attachment| short(&attachment.filename))
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "attachments are not sent, since messages through this provider have none: {}",
            listed(&names)
        )
    })
}
