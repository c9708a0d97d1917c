//! Calls of the API.

use acteon_core::json::nests_deeper_than;
use acteon_core::limits::MAX_DEPTH;
use acteon_core::{Clock, ErrorKind, Health, Prepared, ProviderError, Response, ResponseStatus};
use acteon_wecom::{App, Sent};
use serde_json::{Value, json};

use super::change;
use super::classify::classify;
use super::handle::Sealer;

/// Text that WeChat Work appends to `errmsg` when it understood a request only in part (page 90313 of its documentation).
const FORMAT_WARNING: &str = "Warning: wrong json format";

pub(super) async fn make_ready(app: &App, clock: &dyn Clock) -> Result<(), ProviderError> {
    app.make_ready()
        .await
        .map_err(|error| classify(&error, clock.now()))
}

/// Code of a card whose id the service has already (page 90313 of its documentation). Other faults of ids are found before any request.
const KNOWN_CARD: i64 = 42014;

/// What the id of a card begins with that nobody but the gateway sends, as it stands in a request: no other card has it.
const OWN_CARD: &[u8] = b"\"task_id\":\"approval@3A";

/// What stands in the place of a response code.
const REDACTED: &str = "[redacted]";

/// Member of the outcome's body with the handle by which a card can be changed.
const HANDLE: &str = "card_handle";

pub(super) async fn send(
    app: &App,
    (agent_id, sealer): (u32, &Sealer),
    clock: &dyn Clock,
    prepared: &Prepared,
) -> Result<Response, ProviderError> {
    if change::is_change(&prepared.bytes) {
        return send_change(app, (agent_id, sealer), clock, prepared).await;
    }
    let sent = app.send_now(&prepared.bytes).await.map_err(|error| {
        let refused = error.refuses_token();
        let is_known = error.code() == Some(KNOWN_CARD) && is_own_card(&prepared.bytes);
        let error = classify(&error.of_a_fresh_token(), clock.now());
        let error = if is_known {
            error.shows_arrival()
        } else {
            error
        };
        if refused { error.not_ready() } else { error }
    })?;
    let body = serde_json::value::to_raw_value(&body(&sent, sealer)).map_err(|error| {
        // The message was accepted; only its answer cannot be kept.
        ProviderError::new(ErrorKind::ExecutionFailed, error.to_string()).maybe_sent()
    })?;
    let mut response = Response::success(body);
    if sent.is_partial() {
        response.status = ResponseStatus::Partial;
    }
    if sent
        .errmsg
        .as_str()
        .is_some_and(|text| text.contains(FORMAT_WARNING))
    {
        response.headers.insert(
            "acteon-warning".into(),
            "WeChat Work understood the request only in part".into(),
        );
    }
    Ok(response)
}

/// Whether a request is that of a card of an approval.
fn is_own_card(request: &[u8]) -> bool {
    request.windows(OWN_CARD.len()).any(|part| part == OWN_CARD)
}

/// Changes a card. The token may have to be fetched, which takes no longer than a send.
async fn send_change(
    app: &App,
    (agent_id, sealer): (u32, &Sealer),
    clock: &dyn Clock,
    prepared: &Prepared,
) -> Result<Response, ProviderError> {
    let update = change::update(&prepared.bytes, agent_id, sealer)?;
    let updated = app.update_card(&update.to_bytes()).await;
    let updated = updated.map_err(|error| classify(&error, clock.now()))?;
    let body = json!({
        "errcode": 0,
        "errmsg": updated.errmsg,
        "invaliduser": updated.invaliduser.join("|"),
    });
    let body = serde_json::value::to_raw_value(&body).map_err(|error| {
        ProviderError::new(ErrorKind::ExecutionFailed, error.to_string()).maybe_sent()
    })?;
    let mut response = Response::success(body);
    if !updated.invaliduser.is_empty() {
        response.status = ResponseStatus::Partial;
    }
    Ok(response)
}

/// Handle in the body of an outcome by which its card can be changed.
pub(super) fn handle(response: &Response) -> Option<String> {
    let body: Value = serde_json::from_str(response.body.get()).ok()?;
    Some(body.get(HANDLE)?.as_str()?.to_owned())
}

/// Body of the outcome: the fields of WeChat Work's own answer, but for the response code, in whose place its handle stands.
fn body(sent: &Sent, sealer: &Sealer) -> Value {
    let Sent {
        errmsg,
        msgid,
        invaliduser,
        invalidparty,
        invalidtag,
        unlicenseduser,
        response_code,
    } = sent;
    let mut body = json!({
        "errcode": 0,
        "errmsg": flat(errmsg),
        "msgid": flat(msgid),
        "invaliduser": flat(invaliduser),
        "invalidparty": flat(invalidparty),
        "invalidtag": flat(invalidtag),
    });
    if !unlicenseduser.is_null() {
        body["unlicenseduser"] = flat(unlicenseduser);
    }
    if let Some(code) = response_code.as_str().filter(|code| !code.is_empty()) {
        body["response_code"] = REDACTED.into();
        if let Some(handle) = sealer.seal(&code.into()) {
            body[HANDLE] = handle.into();
        }
    }
    body
}

/// Value for the outcome. One with many levels, which the service does not send, is kept as text, so that the outcome stays within its depth.
fn flat(value: &Value) -> Value {
    let text = value.to_string();
    if nests_deeper_than(&text, MAX_DEPTH / 2) {
        Value::String(text)
    } else {
        value.clone()
    }
}

pub(super) async fn health(app: &App, clock: &dyn Clock) -> Result<Health, ProviderError> {
    let (age, finding) = app.health().await;
    let state = finding.map_err(|error| classify(&error, clock.now()))?;
    Ok(Health {
        age,
        remarks: state
            .name
            .map(|name| format!("app {name}"))
            .into_iter()
            .collect(),
    })
}
