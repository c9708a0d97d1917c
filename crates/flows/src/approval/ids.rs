//! Ids of what an approval sends.

use acteon_core::ActionId;

use crate::kind::InvalidBody;

/// What the ids of the actions of approvals begin with. No caller posts such an action.
pub const APPROVAL_ACTION_IDS: &str = "approval:";

/// What the id of an action that was approved ends with.
pub const APPROVED: &str = ":action";

/// Id of the action that was approved.
pub fn approved_id(approval: &str) -> Result<ActionId, InvalidBody> {
    id(&format!("{APPROVAL_ACTION_IDS}{approval}{APPROVED}"))
}

/// Id of the message that a person gets in a round; the first is 0.
pub(super) fn notice_id(
    approval: &str,
    round: u32,
    person: usize,
) -> Result<ActionId, InvalidBody> {
    id(&format!("{APPROVAL_ACTION_IDS}{approval}:{round}:{person}"))
}

fn id(text: &str) -> Result<ActionId, InvalidBody> {
    ActionId::parse(text).map_err(|error| InvalidBody(format!("of an approval: {error}")))
}
