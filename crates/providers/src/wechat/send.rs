//! Calls of the API.

use acteon_core::json::nests_deeper_than;
use acteon_core::limits::MAX_DEPTH;
use acteon_core::{Clock, ErrorKind, Health, Prepared, ProviderError, Response, ResponseStatus};
use acteon_wecom::{App, Sent};
use serde_json::{Value, json};

use super::classify::classify;

/// Text that WeChat Work appends to `errmsg` when it understood a request only in part (page 90313 of its documentation).
const FORMAT_WARNING: &str = "Warning: wrong json format";

pub(super) async fn make_ready(app: &App, clock: &dyn Clock) -> Result<(), ProviderError> {
    app.make_ready()
        .await
        .map_err(|error| classify(&error, clock.now()))
}

pub(super) async fn send(
    app: &App,
    clock: &dyn Clock,
    prepared: &Prepared,
) -> Result<Response, ProviderError> {
    let sent = app.send_now(&prepared.bytes).await.map_err(|error| {
        let refused = error.refuses_token();
        let error = classify(&error.of_a_fresh_token(), clock.now());
        if refused { error.not_ready() } else { error }
    })?;
    let body = serde_json::value::to_raw_value(&body(&sent)).map_err(|error| {
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

/// Body of the outcome: the fields of WeChat Work's own answer, but for a card's response code, with which whoever reads it could change the card.
fn body(sent: &Sent) -> Value {
    let Sent {
        errmsg,
        msgid,
        invaliduser,
        invalidparty,
        invalidtag,
        unlicenseduser,
        response_code: _,
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
