//! What became of the approvals that messages are of.

use std::sync::Arc;

use acteon_core::{Action, ActionId, Origin, Scope};
use acteon_flows::approval::{ApprovalFlow, Status, notice_place};
use acteon_store::{Flow, FlowKey, Record, StoreError};

use super::ApprovalError;
use super::look::opened;
use super::message::{SENT_FOR, sent_as};
use crate::flows::words::STUCK;
use crate::shared::Inner;

/// Why the message of an approval asks for nothing any more, if that is so.
pub(crate) async fn is_over(
    inner: &Arc<Inner>,
    action: &Action,
    approval: &str,
) -> Result<Option<String>, StoreError> {
    let key = FlowKey::new(ApprovalFlow::NAME, approval);
    let flow = inner.store.flow(&key).await?;
    let is_its = |flow: &Flow| flow.namespace == action.namespace && flow.tenant == action.tenant;
    let Some(flow) = flow.filter(is_its) else {
        return Ok(Some(format!(
            "the approval {approval:?} is not kept any more"
        )));
    };
    let about = format!("it tells of the approval {approval:?}");
    let read = match opened(inner, &flow) {
        Ok(read) => read,
        Err(over @ ApprovalError::Refused(_)) => return Ok(Some(format!("{about}: {over}"))),
        // One that cannot be read here is told of: another gateway may know it.
        Err(_) => return Ok(None),
    };
    let Err(over) = read.check_pending(inner.due.now()) else {
        let has_to_decide = place(action).is_none_or(|place| read.has_to_decide(place));
        let lost = format!("{about}, about which its person has nothing to decide any more");
        return Ok(Some(lost).filter(|_| !has_to_decide));
    };
    Ok(Some(
        if &*flow.state.status == STUCK && read.status == Status::Pending {
            format!("{about}, whose time is over, and which is stuck")
        } else {
            format!("{about}: {over}")
        },
    ))
}

/// Place of a message among those of its round, also where it is sent again.
fn place(action: &Action) -> Option<usize> {
    let sent_for = action.metadata.get(SENT_FOR).map(String::as_str);
    notice_place(action.id.as_str()).or_else(|| notice_place(sent_for?))
}

/// Whether a message that was sent again is what its approval sent: older versions kept what callers wrote in the label.
pub(crate) async fn is_as_sent(inner: &Inner, record: &Record) -> Result<bool, StoreError> {
    let action = &record.action;
    let Some(id) = sent_as(action, record.origin) else {
        return Ok(false);
    };
    if record.origin == Origin::Approval {
        return Ok(true);
    }
    let Ok(id) = ActionId::parse(id) else {
        return Ok(false);
    };
    let scope = Scope::exactly(&action.namespace, &action.tenant);
    let found = inner.store.find(&scope, &id).await?;
    Ok(found.iter().any(|first| {
        first.origin == Origin::Approval
            && first.action.payload.get() == action.payload.get()
            && first.action.provider == action.provider
    }))
}
