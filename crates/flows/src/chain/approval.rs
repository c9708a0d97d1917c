//! Approvals within a chain: how one begins, and what is read of it when it is over.

use acteon_core::{Action, Requesters};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::body::Parent;
use super::end::End;
use super::ids::child_id;
use crate::kind::{FlowName, InvalidBody, LookedFlow};

/// First body of the flow of an approval that a step of a chain begins.
///
/// When it is over its status is `approved`, `rejected`, `expired` or `cancelled`, and its body says `decided_by`, `comment` and `ended_by`. It pokes the chain then,
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
    /// Name of its chain's definition.
    pub chain_name: String,
    /// Who caused the action.
    pub requester: Requesters,
}

/// What is read of an approval that was decided.
#[derive(Debug, Default, Deserialize)]
struct Decision {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    decided_by: Option<String>,
    #[serde(default)]
    comment: Option<String>,
    #[serde(default)]
    ended_by: Option<String>,
}

/// What an approval says that was approved.
const APPROVED: &str = "approved";

/// What an approval says to be ended by that could not be asked for.
const FAULT: &str = "fault";

/// What a step came to of which nobody could be asked, in its body.
pub(super) const NOT_ASKED_DECISION: &str = "not_asked";

/// Code of a step whose approval could not be asked for.
const NOT_ASKED: &str = "APPROVAL_NOT_ASKED";

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

/// What an approval came to; `None` while that is open. People are told that their decision counts when it is in the body: it does, although the approval's
/// own next step, which ends it, is yet to come. Where that is over, its row says what it came to: its body may be one that could not be read.
pub(super) fn decided(approval: &LookedFlow) -> Option<End> {
    // An approval of which nobody can read who decided is decided all the same.
    let decision: Decision =
        serde_json::from_str(&approval.body).unwrap_or_else(|_| Decision::default());
    let in_body = decision.status.as_deref();
    let in_body = in_body.filter(|status| *status != ApprovalStart::STATUS);
    let status = match in_body {
        _ if approval.is_over => &*approval.status,
        Some(status) => status,
        None => return None,
    };
    if decision.ended_by.as_deref() == Some(FAULT) {
        let why = decision
            .comment
            .unwrap_or_else(|| "its policy is wrong".to_owned());
        let message = format!("its approval could not be asked for: {why}");
        return Some(not_asked(NOT_ASKED, message, &why));
    }
    let body = serde_json::json!({
        "decision": status,
        "decided_by": decision.decided_by,
        "comment": decision.comment,
    });
    let end = if status == APPROVED {
        End::success(None)
    } else {
        decision.failure(status)
    };
    Some(End {
        body: Some(body.to_string()),
        ..end
    })
}

/// End of a step of which nobody could be asked, with a body as all of its kind have it: the steps behind it tell people of it.
pub(super) fn not_asked(code: &str, message: String, why: &str) -> End {
    let body = serde_json::json!({
        "decision": NOT_ASKED_DECISION,
        "decided_by": null,
        "comment": why,
    });
    End {
        body: Some(body.to_string()),
        ..End::failure(code, message)
    }
}

impl Decision {
    /// Failure of a step that was not approved.
    fn failure(&self, status: &str) -> End {
        let comment = self.comment.as_deref();
        let by = self.decided_by.as_deref();
        let by = by.map_or(String::new(), |by| format!(" by {by}"));
        let comment = comment.map_or(String::new(), |comment| format!(": {comment}"));
        let message = format!("it was not approved: {status}{by}{comment}");
        End::failure(&status.to_uppercase(), message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_of_an_approval_that_is_over_goes_before_its_body() {
        let came_to = |body: &str, status: &str, is_over| {
            let approval = LookedFlow {
                name: ApprovalStart::name("c", "ask"),
                status: status.into(),
                body: body.into(),
                is_over,
                is_damaged: false,
            };
            let body = decided(&approval)?.body.expect("a body");
            let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
            Some(body["decision"].as_str().expect("a word").to_owned())
        };
        let approved = r#"{"status":"approved"}"#;
        for (body, status, is_over, decision) in [
            (approved, "pending", false, Some("approved")),
            (approved, "stuck", false, Some("approved")),
            (approved, "cancelled", true, Some("cancelled")),
            ("not JSON", "cancelled", true, Some("cancelled")),
            (
                r#"{"status":"pending"}"#,
                "cancelled",
                true,
                Some("cancelled"),
            ),
            (r#"{"status":"pending"}"#, "pending", false, None),
        ] {
            let found = came_to(body, status, is_over);
            assert_eq!(found.as_deref(), decision, "{body} {status}");
        }
    }
}
