//! Bodies about approvals.

use acteon_core::Timestamp;
use acteon_core::limits::{MAX_COMMENT_BYTES, MAX_NAME_BYTES};
use acteon_flows::approval::Choice;
use serde_json::{Value, json};

use crate::http::error::Refusal;
use crate::http::extract::json_body::FromBody;
use crate::http::shape::{Field, FieldType, FieldValues, Shape};

const COMMENT: Field = Field::optional("comment", FieldType::Verbatim(MAX_COMMENT_BYTES));

const DECISION: Shape = Shape {
    what: "a decision about an approval",
    code: "INVALID_BODY",
    fields: &[&[
        Field::needed("decision", FieldType::Word(&["approve", "reject"])),
        COMMENT,
    ]],
};

const DELEGATION: Shape = Shape {
    what: "who decides in your place",
    code: "INVALID_BODY",
    fields: &[&[
        Field::needed("to", FieldType::Text(MAX_NAME_BYTES)),
        COMMENT,
    ]],
};

const REASON: Shape = Shape {
    what: "why an approval is cancelled",
    code: "INVALID_BODY",
    fields: &[&[Field::optional(
        "reason",
        FieldType::Verbatim(MAX_COMMENT_BYTES),
    )]],
};

const REMARK: Shape = Shape {
    what: "a comment on a decision",
    code: "INVALID_BODY",
    fields: &[&[COMMENT]],
};

/// Decision of a caller.
pub(in crate::http) struct DecisionBody {
    pub(in crate::http) choice: Choice,
    pub(in crate::http) comment: Option<String>,
}

/// Decision that is passed on.
pub(in crate::http) struct DelegationBody {
    pub(in crate::http) to: String,
    pub(in crate::http) comment: Option<String>,
}

/// Reason of a cancellation.
#[derive(Default)]
pub(in crate::http) struct ReasonBody {
    pub(in crate::http) reason: Option<String>,
}

/// Comment on a decision by link.
#[derive(Default)]
pub(in crate::http) struct RemarkBody {
    pub(in crate::http) comment: Option<String>,
}

fn owned(values: &mut FieldValues<'_>, name: &str) -> Option<String> {
    values.text(name).map(std::borrow::Cow::into_owned)
}

impl FromBody for DecisionBody {
    const SHAPE: &'static Shape = &DECISION;

    fn example() -> Value {
        json!({ "decision": "approve", "comment": "build 7 was tested" })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        let word = owned(&mut values, "decision");
        let choice = match word.as_deref() {
            Some("approve") => Choice::Approve,
            Some("reject") => Choice::Reject,
            Some(_) | None => {
                return Err(Refusal::field("decision", "must be approve or reject"));
            }
        };
        let comment = owned(&mut values, "comment");
        Ok(Self { choice, comment })
    }
}

impl FromBody for DelegationBody {
    const SHAPE: &'static Shape = &DELEGATION;

    fn example() -> Value {
        json!({ "to": "lisi", "comment": "on leave until Monday" })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        let to = owned(&mut values, "to").ok_or_else(|| Refusal::field("to", "is missing"))?;
        let comment = owned(&mut values, "comment");
        Ok(Self { to, comment })
    }
}

impl FromBody for ReasonBody {
    const SHAPE: &'static Shape = &REASON;

    fn example() -> Value {
        json!({ "reason": "the build was withdrawn" })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        let reason = owned(&mut values, "reason");
        Ok(Self { reason })
    }
}

impl FromBody for RemarkBody {
    const SHAPE: &'static Shape = &REMARK;

    fn example() -> Value {
        json!({ "comment": "build 7 was tested" })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        let comment = owned(&mut values, "comment");
        Ok(Self { comment })
    }
}
