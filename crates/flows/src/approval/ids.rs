//! Ids of what an approval sends.

use acteon_core::ActionId;

use crate::kind::InvalidBody;

/// What the ids of the actions of approvals begin with. No caller posts such an action.
pub const APPROVAL_ACTION_IDS: &str = "approval:";

/// What the id of an action that was approved ends with.
const APPROVED: &str = ":action";

/// Id of the action that was approved.
pub fn approved_id(approval: &str) -> Result<ActionId, InvalidBody> {
    id(&format!("{APPROVAL_ACTION_IDS}{approval}{APPROVED}"))
}

/// Whether an action with this id is what people approved.
pub fn is_approved(id: &str) -> bool {
    id.starts_with(APPROVAL_ACTION_IDS) && id.ends_with(APPROVED)
}

/// Id of the approval whose message to one who decides has this id; `None` of every other action.
pub fn notice_of(id: &str) -> Option<&str> {
    notice_parts(id).map(|(approval, _)| approval)
}

/// Place of a message with this id among those of its round; `None` of every other action.
pub fn notice_place(id: &str) -> Option<usize> {
    notice_parts(id)?.1.parse().ok()
}

/// Approval of a message, and the place of its person, which follows the round.
fn notice_parts(id: &str) -> Option<(&str, &str)> {
    let (rest, person) = id.strip_prefix(APPROVAL_ACTION_IDS)?.rsplit_once(':')?;
    let (approval, round) = rest.rsplit_once(':')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(round) && is_number(person)).then_some((approval, person))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_from_what_was_approved() {
        for approval in ["0197", "chain:x:ask", "a:0:1", "approval:b:action"] {
            let notice = notice_id(approval, 3, 12).expect("an id");
            assert_eq!(notice_of(notice.as_str()), Some(approval));
            assert_eq!(notice_place(notice.as_str()), Some(12));
            assert!(!is_approved(notice.as_str()));
            let approved = approved_id(approval).expect("an id");
            assert_eq!(notice_of(approved.as_str()), None);
        }
        for id in [
            "a:0:1",
            "approval:a",
            "approval:a:1",
            "approval:a:0:",
            "approval:a:x:1",
            "approval:a:-1:1",
        ] {
            assert_eq!(notice_of(id), None, "{id}");
        }
    }
}
