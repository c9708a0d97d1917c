//! Reads an action from a body. All errors are reported together, by field.

use acteon_core::limits::{
    MAX_ATTACHMENTS, MAX_BATCH, MAX_LABEL_BYTES, MAX_NAME_BYTES, MAX_SCHEDULE,
};
use acteon_core::{
    Action, ActionId, ActionType, Attachment, Clock, Entropy, Namespace, Priority, ProviderName,
    Tenant, Timestamp,
};
use acteon_flows::OCCURRENCE_IDS;
use acteon_flows::approval::APPROVAL_ACTION_IDS;
use acteon_flows::callback::CALLBACK_ACTION_IDS;
use acteon_flows::card::CARD_ACTION_IDS;
use acteon_flows::chain::is_of_a_chain;
use acteon_gateway::REPLAY_IDS;
use axum::http::StatusCode;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::error::{FieldErrors, Refusal};
use super::extract::path::TAKEN_BY_ROUTES;
use super::routes::scheduled::too_far;
use super::shape::{Field, FieldType, FieldValues, Shape, WalkedBody, elements};

/// Longest delay that a dispatch may ask for, in seconds.
const MAX_DELAY_SECONDS: i64 = MAX_SCHEDULE.as_secs() as i64;

/// A batch, for messages.
const BATCH: &str = "a list of actions";

pub(super) const ACTION: Shape = Shape {
    what: "an action with namespace, tenant, provider, action_type and payload",
    code: "INVALID_ACTION",
    fields: &[
        FIELDS,
        &[
            Field::optional("id", FieldType::Name),
            Field::optional("created_at", FieldType::Time),
            Field::optional("scheduled_at", FieldType::Time),
            Field::optional("delay_seconds", FieldType::Whole(0..=MAX_DELAY_SECONDS)),
        ],
    ],
};

/// Example of an action, for the `OpenAPI` document.
pub(super) fn action_example() -> Value {
    json!({
        "id": "checkout-5xx-1", "namespace": "incidents", "tenant": "acme", "provider": "wechat-ops", "action_type": "notify",
        "payload": { "content": "checkout answers with 503" }, "metadata": { "severity": "critical" },
    })
}

/// Fields of every action, whether it is sent or only evaluated.
pub(super) const FIELDS: &[Field] = &[
    Field::needed("namespace", FieldType::Name),
    Field::needed("tenant", FieldType::Tenant),
    Field::needed("provider", FieldType::Name),
    Field::needed("action_type", FieldType::Name),
    Field::needed("payload", FieldType::Json),
    Field::optional("metadata", FieldType::Labels),
    Field::optional("dedup_key", FieldType::Text(MAX_LABEL_BYTES)),
    Field::optional("status", FieldType::Text(MAX_LABEL_BYTES)),
    Field::optional("fingerprint", FieldType::Text(MAX_LABEL_BYTES)),
    Field::optional("starts_at", FieldType::Time),
    Field::optional("ends_at", FieldType::Time),
    Field::optional("expires_at", FieldType::Time),
    Field::optional("priority", FieldType::Word(&["high", "normal", "low"])),
    // Where a request comes from in a trace. Clients of the wire format send it, and a server of it looks at the headers instead.
    Field::optional("trace_context", FieldType::Unheeded),
    Field::optional("template", FieldType::Text(MAX_NAME_BYTES)),
    Field::optional(
        "attachments",
        FieldType::Objects(ATTACHMENT, MAX_ATTACHMENTS),
    ),
    Field::optional("signature", FieldType::Text(MAX_LABEL_BYTES)),
    Field::optional("signer_id", FieldType::Text(MAX_NAME_BYTES)),
    Field::optional("kid", FieldType::Text(MAX_NAME_BYTES)),
];

/// Fields of an attachment.
const ATTACHMENT: &[Field] = &[
    Field::optional("id", FieldType::Text(MAX_NAME_BYTES)),
    Field::optional("name", FieldType::Text(MAX_NAME_BYTES)),
    Field::needed("filename", FieldType::Text(MAX_NAME_BYTES)),
    Field::needed("content_type", FieldType::Text(MAX_NAME_BYTES)),
    Field::needed("data_base64", FieldType::Base64),
];

/// Sources of values for fields that are absent.
pub(super) struct Defaults<'a> {
    pub(super) clock: &'a dyn Clock,
    pub(super) entropy: &'a dyn Entropy,
    /// The `Idempotency-Key` header: the id where the body has none.
    pub(super) idempotency_key: Option<&'a str>,
}

/// Reads one action. The same is accepted for every reader: nobody later need check for what cannot
/// be read.
pub(super) fn action(text: &str, defaults: &Defaults<'_>) -> Result<Action, Refusal> {
    let now = defaults.clock.now();
    let mut body = WalkedBody::walk(text, &ACTION)?;
    let id = id(&mut body, defaults.idempotency_key);
    let (scheduled_at, delay_seconds) = schedule(&mut body, now);
    let mut values = body.checked()?;
    let id = id.unwrap_or_else(|| defaults.entropy.action_id(now));
    let created_at = values.time("created_at").unwrap_or(now);
    Ok(Action {
        scheduled_at,
        delay_seconds,
        ..made_of(values, id, created_at)?
    })
}

/// The instant and the delay that an action is scheduled by. One given beside the other, or too far ahead, is a fault; one that is past is none: who
/// repeats a request gets its outcome.
fn schedule(body: &mut WalkedBody<'_>, now: Timestamp) -> (Option<Timestamp>, Option<u32>) {
    let at = body.values.time("scheduled_at");
    let delay = body.values.whole("delay_seconds");
    if at.is_some() && delay.is_some() {
        body.faults.add("delay_seconds", || {
            "and scheduled_at are both given: give one".to_owned()
        });
    }
    if let Some(message) = at.and_then(|at| too_far(at, now)) {
        body.faults.add("scheduled_at", || message);
    }
    (at, delay.and_then(|delay| u32::try_from(delay).ok()))
}

/// Action of fields that a walk has checked.
pub(super) fn made_of(
    mut values: FieldValues<'_>,
    id: ActionId,
    created_at: Timestamp,
) -> Result<Action, Refusal> {
    let (Some(namespace), Some(tenant), Some(provider), Some(action_type), Some(payload)) = (
        values.name("namespace", Namespace::parse),
        values.name("tenant", Tenant::parse),
        values.name("provider", ProviderName::parse),
        values.name("action_type", ActionType::parse),
        values.json("payload"),
    ) else {
        // The walk has looked.
        return Err(Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            ACTION.code,
            "a field of the action is missing",
        ));
    };
    Ok(Action {
        id,
        namespace,
        tenant,
        provider,
        action_type,
        payload: payload.to_owned(),
        template: values.owned("template"),
        metadata: values.texts("metadata").unwrap_or_default(),
        dedup_key: values.owned("dedup_key"),
        status: values.owned("status"),
        fingerprint: values.owned("fingerprint"),
        starts_at: values.time("starts_at"),
        ends_at: values.time("ends_at"),
        created_at,
        expires_at: values.time("expires_at"),
        // The table refuses other words; what is left out is normal.
        priority: values
            .text("priority")
            .and_then(|word| Priority::parse(&word))
            .unwrap_or_default(),
        scheduled_at: None,
        delay_seconds: None,
        attachments: attachments(&mut values)?,
        signature: values.owned("signature"),
        signer_id: values.owned("signer_id"),
        kid: values.owned("kid"),
    })
}

/// Attachments of an action, which a walk has checked.
fn attachments(values: &mut FieldValues<'_>) -> Result<Vec<Attachment>, Refusal> {
    let missing = |name: &str| Refusal::field(&format!("attachments.{name}"), "is missing");
    let attachment = |mut values: FieldValues<'_>| {
        let mut needed = |name: &str| values.owned(name).ok_or_else(|| missing(name));
        Ok(Attachment {
            filename: needed("filename")?,
            content_type: needed("content_type")?,
            data_base64: Some(needed("data_base64")?.into()),
            id: values.owned("id"),
            name: values.owned("name"),
        })
    };
    let listed = values.objects("attachments").into_iter().flatten();
    listed.map(attachment).collect()
}

/// Id that the caller gave: the body's, else the header's. One that could not be asked for later,
/// or that a replay could need, is refused.
fn id(body: &mut WalkedBody<'_>, idempotency_key: Option<&str>) -> Option<ActionId> {
    let own = body.values.name("id", ActionId::parse);
    let (field, id) = match (own, idempotency_key) {
        (Some(id), _) => ("id", id),
        (None, Some(key)) => match ActionId::parse_new(key) {
            Ok(id) => ("Idempotency-Key", id),
            Err(error) => {
                body.faults.add("Idempotency-Key", || error.to_string());
                return None;
            }
        },
        (None, None) => return None,
    };
    check_id(field, id.as_str(), &mut body.faults);
    Some(id)
}

fn check_id(field: &str, id: &str, faults: &mut FieldErrors) {
    if id.starts_with(REPLAY_IDS) {
        faults.add(field, || format!("must not begin with {REPLAY_IDS}: such ids are the gateway's own, for what it replays"));
    } else if id.starts_with(OCCURRENCE_IDS) {
        faults.add(field, || format!("must not begin with {OCCURRENCE_IDS}: such ids are the gateway's own, for occurrences of recurring actions"));
    } else if is_of_a_chain(id) {
        faults.add(field, || "must not be made of the id of a chain: such ids are the gateway's own, for what chains send".to_owned());
    } else if id.starts_with(APPROVAL_ACTION_IDS) {
        faults.add(field, || format!("must not begin with {APPROVAL_ACTION_IDS}: such ids are the gateway's own, for what approvals send"));
    } else if [CARD_ACTION_IDS, CALLBACK_ACTION_IDS]
        .iter()
        .any(|own| id.starts_with(own))
    {
        faults.add(field, || format!("must not begin with {CARD_ACTION_IDS} or {CALLBACK_ACTION_IDS}: such ids are the gateway's own, for cards and answers"));
    } else if TAKEN_BY_ROUTES.contains(&id) {
        faults.add(field, || format!("must not be {id:?}: /v1/audit and /v1/dlq have a route of that name; use another id"));
    }
}

/// Items of a batch, not read yet.
pub(super) fn batch(text: &str) -> Result<Vec<&RawValue>, Refusal> {
    let items = elements(text, BATCH)?;
    if items.len() > MAX_BATCH {
        let message = format!(
            "the batch has {} actions, at most {MAX_BATCH} are allowed",
            items.len()
        );
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "BATCH_TOO_LARGE",
            message,
        ));
    }
    Ok(items)
}
