//! Bodies about executions of chains: a wish that one ends, a signal, attributes, and what is to be done over.

use std::collections::BTreeMap;

use acteon_core::Timestamp;
use acteon_core::limits::{MAX_DOCUMENT_TEXT_BYTES, MAX_NAME_BYTES};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::error::Refusal;
use super::extract::json_body::FromBody;
use super::recurring::fields::{WHICH, Which};
use super::shape::{Field, FieldType, FieldValues, Shape};

const CANCEL: Shape = Shape {
    what: "why a chain is cancelled",
    code: "INVALID_BODY",
    fields: &[
        WHICH,
        &[
            Field::optional("reason", FieldType::Text(MAX_DOCUMENT_TEXT_BYTES)),
            Field::optional("cancelled_by", FieldType::Text(MAX_NAME_BYTES)),
        ],
    ],
};

const SIGNAL: Shape = Shape {
    what: "a signal",
    code: "INVALID_BODY",
    fields: &[WHICH, &[Field::optional("payload", FieldType::Json)]],
};

const ATTRIBUTES: Shape = Shape {
    what: "attributes of an execution",
    code: "INVALID_BODY",
    fields: &[WHICH, &[Field::needed("attributes", FieldType::Texts)]],
};

const RESET: Shape = Shape {
    what: "what of an execution is done over",
    code: "INVALID_BODY",
    fields: &[
        WHICH,
        &[Field::optional(
            "from_step",
            FieldType::Text(MAX_NAME_BYTES),
        )],
    ],
};

/// Wish that an execution ends.
#[derive(Default)]
pub(super) struct CancelChain {
    pub(super) which: Which,
    pub(super) reason: Option<String>,
    pub(super) cancelled_by: Option<String>,
}

impl FromBody for CancelChain {
    const SHAPE: &'static Shape = &CANCEL;

    fn example() -> Value {
        json!({ "namespace": "incidents", "tenant": "acme", "reason": "rolled back", "cancelled_by": "zhangsan" })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        Ok(Self {
            which: Which::taken(&mut values),
            reason: values.owned("reason"),
            cancelled_by: values.owned("cancelled_by"),
        })
    }
}

/// Signal for an execution.
#[derive(Default)]
pub(super) struct SignalChain {
    pub(super) which: Which,
    pub(super) payload: Option<Box<RawValue>>,
}

impl FromBody for SignalChain {
    const SHAPE: &'static Shape = &SIGNAL;

    fn example() -> Value {
        json!({ "namespace": "incidents", "tenant": "acme", "payload": { "revision": "f0e08a1" } })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        Ok(Self {
            which: Which::taken(&mut values),
            payload: values.json("payload").map(ToOwned::to_owned),
        })
    }
}

/// Attributes that an execution gets.
pub(super) struct ChainAttributes {
    pub(super) which: Which,
    pub(super) attributes: BTreeMap<String, String>,
}

impl FromBody for ChainAttributes {
    const SHAPE: &'static Shape = &ATTRIBUTES;

    fn example() -> Value {
        json!({ "namespace": "incidents", "tenant": "acme", "attributes": { "ticket": "OPS-1234" } })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        let missing = || Refusal::field("attributes", "is missing");
        Ok(Self {
            which: Which::taken(&mut values),
            attributes: values.texts("attributes").ok_or_else(missing)?,
        })
    }
}

/// Step from which on an execution is done over.
#[derive(Default)]
pub(super) struct ResetChain {
    pub(super) which: Which,
    pub(super) from_step: Option<String>,
}

impl FromBody for ResetChain {
    const SHAPE: &'static Shape = &RESET;

    fn example() -> Value {
        json!({ "namespace": "incidents", "tenant": "acme", "from_step": "done" })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        Ok(Self {
            which: Which::taken(&mut values),
            from_step: values.owned("from_step"),
        })
    }
}
