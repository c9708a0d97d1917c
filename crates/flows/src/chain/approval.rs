//! Approvals within a chain: how one begins, and what is read of it when it is over.

use acteon_core::Action;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::body::Parent;
use super::end::End;
use super::ids::child_id;
use crate::kind::{FlowName, InvalidBody, LookedFlow};

/// First body of the flow of an approval that a step of a chain begins.
///
/// When it is over its status is `approved`, `rejected`, `expired` or `cancelled`, and its body says `decided_by` and `comment`. It pokes the chain then,
/// and looks at it while it is not: see [`is_wanted`](super::is_wanted).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalStart {
    /// Action that started the chain.
    pub origin: Action,
    /// Policy of the step, rendered.
    pub policy: Box<RawValue>,
    /// Step that waits for the decision.
    pub parent: Parent,
    /// Who posted the action.
    pub requester: String,
}

/// What is read of an approval that is over.
#[derive(Debug, Default, Deserialize)]
struct Decision {
    #[serde(default)]
    decided_by: Option<String>,
    #[serde(default)]
    comment: Option<String>,
}

/// What an approval says that was approved.
const APPROVED: &str = "approved";

impl ApprovalStart {
    /// Kind of the flows of approvals.
    pub const KIND: &'static str = "approval";

    /// Status of an approval that begins.
    pub const STATUS: &'static str = "pending";

    /// Name of the approval that a step begins.
    pub fn name(chain: &str, step: &str) -> FlowName {
        FlowName {
            kind: Self::KIND.into(),
            id: child_id(chain, step).into(),
        }
    }

    /// Body as it is to be stored.
    pub fn to_json(&self) -> Result<String, InvalidBody> {
        serde_json::to_string(self).map_err(|error| InvalidBody(format!("of an approval: {error}")))
    }
}

/// What the decision of an approval that is over comes to.
pub(super) fn decided(approval: &LookedFlow) -> End {
    // An approval of which nobody can read who decided is decided all the same.
    let decision: Decision =
        serde_json::from_str(&approval.body).unwrap_or_else(|_| Decision::default());
    let body = serde_json::json!({
        "decision": &*approval.status,
        "decided_by": decision.decided_by,
        "comment": decision.comment,
    });
    let end = if &*approval.status == APPROVED {
        End::success(None)
    } else {
        let by = decision
            .decided_by
            .map_or(String::new(), |by| format!(" by {by}"));
        let message = format!("it was not approved: {}{by}", approval.status);
        End::failure(&approval.status.to_uppercase(), message)
    };
    End {
        body: Some(body.to_string()),
        ..end
    }
}
