//! Messages to those who decide, and what they approved, as the gateway knows them again: by the ids that it alone gives, and, where one is sent again,
//! by the label that it alone writes.

use acteon_core::{Action, Origin};
use acteon_flows::approval::{NOTICE_TYPE, is_approved, notice_of};
use acteon_flows::callback::CALLBACK_ACTION_IDS;
use acteon_flows::card::is_of_card;
use acteon_flows::chain::is_letter;

/// Label of a replay with the id of what it sends for a flow, however many replays are in between: a step of a chain, a message to those who decide, or
/// what they approved. The gateway alone writes it, over what a caller may have put there.
pub(crate) const SENT_FOR: &str = "sent_for";

/// Id of the approval that an action is a message of; `None` of everything else.
pub(crate) fn told_of(action: &Action, origin: Origin) -> Option<&str> {
    let id = sent_as(action, origin)?;
    notice_of(id).filter(|_| action.action_type.as_str() == NOTICE_TYPE)
}

/// Whether an action is the gateway's answer to somebody: what changes a card, or says what one would, or tells who pressed what came of it. No silence
/// holds it back, and no other provider can send it.
pub(crate) fn is_answer(action: &Action, origin: Origin) -> bool {
    let id = action.id.as_str();
    origin == Origin::Notice && (is_of_card(id) || id.starts_with(CALLBACK_ACTION_IDS))
}

/// Id by which an approval sent an action first.
pub(super) fn sent_as(action: &Action, origin: Origin) -> Option<&str> {
    match origin {
        Origin::Approval => Some(action.id.as_str()),
        Origin::Replay => action.metadata.get(SENT_FOR).map(String::as_str),
        Origin::Api | Origin::Recurring | Origin::Chain | Origin::Notice => None,
    }
}

/// Label of a replay whose payload a profile rendered before, with the name of the profile. The gateway alone writes it, over what a caller may have
/// put there.
pub(crate) const RENDERED_BY: &str = "rendered_by";

/// Whether an action is what people approved, and its payload what a profile rendered before they were asked.
pub(crate) fn was_shown_rendered(action: &Action, origin: Origin) -> bool {
    is_rendered(action, origin) && sent_as(action, origin).is_some_and(is_approved)
}

/// Whether the payload of an action has what a profile rendered already, and is not rendered again, whatever became of the profile since: people were
/// shown it, and approved that, or a chain began with it and failed.
pub(crate) fn is_rendered(action: &Action, origin: Origin) -> bool {
    let id = action.id.as_str();
    action.template.is_some()
        && match origin {
            Origin::Approval => is_approved(id),
            Origin::Chain => is_letter(id),
            Origin::Replay => action.metadata.contains_key(RENDERED_BY),
            Origin::Api | Origin::Recurring | Origin::Notice => false,
        }
}
