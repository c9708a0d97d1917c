//! Who stands behind a flow, and behind what it sends.

use acteon_core::{ActionId, Origin, Requesters};
use serde::Deserialize;

use crate::approval::{APPROVAL_ACTION_IDS, ApprovalFlow};
use crate::chain::{chain_name, chain_of};
use crate::kind::{FlowName, InvalidBody};
use crate::recurring::{OCCURRENCE_IDS, RecurringFlow};

/// What of the body of a flow, of whatever kind, says who caused it.
#[derive(Deserialize)]
struct Outline {
    #[serde(default = "Requesters::not_kept")]
    requester: Requesters,
}

/// Principals that caused a flow, by its body.
pub fn requester(body: &str) -> Result<Requesters, InvalidBody> {
    let outline: Outline =
        serde_json::from_str(body).map_err(|error| InvalidBody(error.to_string()))?;
    Ok(outline.requester)
}

/// Flow that an action of this origin is sent by; `None` where a flow sends none, or its id is none of a flow's.
pub fn sent_by(origin: Origin, action: &ActionId) -> Option<FlowName> {
    let id = action.as_str();
    let of = |kind: &str, id: &str| FlowName {
        kind: kind.into(),
        id: id.into(),
    };
    match origin {
        Origin::Chain => chain_of(id).map(chain_name),
        Origin::Recurring => {
            let (recurring, _) = id.strip_prefix(OCCURRENCE_IDS)?.rsplit_once(':')?;
            Some(of(RecurringFlow::NAME, recurring))
        }
        // What was approved, or a message about it: the latter asks for nothing, whoever stands behind it.
        Origin::Approval => {
            let (approval, _) = id.strip_prefix(APPROVAL_ACTION_IDS)?.rsplit_once(':')?;
            Some(of(ApprovalFlow::NAME, approval))
        }
        Origin::Api | Origin::Replay | Origin::Notice => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_said_is_lost_and_is_not_nobody() {
        let kept = requester(r#"{"requester":""}"#).expect("it is read");
        assert!(kept.is_empty(), "nobody is known who could have made it");
        let lost = requester("{}").expect("it is read");
        assert!(lost.lost().is_some());
    }

    #[test]
    fn what_a_flow_sends_names_it() {
        for (origin, action, flow) in [
            (
                Origin::Chain,
                "chain-1:deploy:2",
                Some(("chain", "chain-1")),
            ),
            (
                Origin::Chain,
                "chain-1:roll:back:1",
                Some(("chain", "chain-1:roll")),
            ),
            (
                Origin::Recurring,
                "rec:daily:1700",
                Some(("recurring", "daily")),
            ),
            (
                Origin::Approval,
                "approval:chain-1:ask:action",
                Some(("approval", "chain-1:ask")),
            ),
            (Origin::Api, "chain-1:deploy:2", None),
        ] {
            let id = ActionId::parse(action).expect("an id");
            let found = sent_by(origin, &id);
            let found = found.as_ref().map(|name| (&*name.kind, &*name.id));
            assert_eq!(found, flow, "{action}");
        }
    }
}
