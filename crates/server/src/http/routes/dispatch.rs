//! `POST /v1/dispatch` and `POST /v1/dispatch/batch`: accept actions.

use std::borrow::Cow;
use std::sync::Arc;

use acteon_core::limits::{MAX_DRY_RUNS_OF_A_BATCH, MAX_REFUSAL_BYTES};
use acteon_core::{Action, ActionId, Namespace, Origin, Outcome, Tenant, Timestamp};
use acteon_gateway::{DispatchAnswer, LinkTarget};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::future::join_all;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;

use crate::http::envelope::{self, Defaults};
use crate::http::error::{Refusal, about, bounded};
use crate::http::extract::body::Incoming;
use crate::http::extract::caller::{MayDispatch, check_action};
use crate::http::extract::idempotency::IdempotencyKey;
use crate::http::extract::prefer::Preference;
use crate::http::extract::query::{FromQuery, Parameters, Query, refusal};
use crate::http::json::json;
use crate::http::offload::off_runtime;
use crate::http::state::AppState;

/// Bytes that the refusal of one item of a batch may always take: room for its code and a sentence.
const MIN_ITEM_REFUSAL: usize = 1024;

pub(in crate::http) async fn one(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Query(DryRunQuery(dry_run)): Query<DryRunQuery>,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    preference: Preference,
    body: Incoming,
) -> Result<Response, Refusal> {
    let text = body.text().await?;
    let (reader, length) = (Arc::clone(&state), text.len());
    let read = move || envelope::action(&text, &defaults(&reader, idempotency_key.as_deref()));
    let action = off_runtime(length, read).await??;
    check_action(&caller, &action)?;
    state.gateway.check_profile_of(&action)?;
    let id = action.id.clone();
    let of = (action.namespace.clone(), action.tenant.clone());
    let refused = |refusal: Refusal| refusal.of_action(&id);
    if let Some(DryRun { at }) = dry_run {
        let outcome = state
            .gateway
            .dry_run(&action, &caller, at)
            .await
            .map_err(|error| refused(error.into()))?;
        return Ok(about(&id, json(StatusCode::OK, outcome.to_string())));
    }
    state.metrics.dispatched();
    let answer = state
        .gateway
        .dispatch(action, Origin::Api, caller, preference.wait)
        .await;
    let DispatchAnswer { outcome, pending } = answer.map_err(|error| refused(error.into()))?;
    let status = if pending && preference.said {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    let outcome = with_links(&state, &of, outcome);
    let mut response = json(status, wire(&outcome, false).into_owned());
    if let Some(seconds) = come_again_after(&outcome) {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(about(&id, response))
}

/// Seconds after which an action that was refused for now may be posted again; `None` for other
/// outcomes.
fn come_again_after(outcome: &str) -> Option<u64> {
    if !outcome.starts_with(r#"{"Throttled""#) && !outcome.starts_with(r#"{"QuotaExceeded""#) {
        return None;
    }
    match serde_json::from_str(outcome).ok()? {
        Outcome::Throttled { retry_after, .. } | Outcome::QuotaExceeded { retry_after, .. } => {
            Some(retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0))
        }
        _ => None,
    }
}

pub(in crate::http) async fn batch(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Query(DryRunQuery(dry_run)): Query<DryRunQuery>,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    preference: Preference,
    body: Incoming,
) -> Result<Response, Refusal> {
    let text = body.text().await?;
    let (reader, length) = (Arc::clone(&state), text.len());
    let actions = off_runtime(length, move || {
        items(&reader, &text, idempotency_key.as_deref())
    })
    .await??;
    actions
        .iter()
        .flatten()
        .try_for_each(|action| check_action(&caller, action))?;
    let dry_runs = Semaphore::new(MAX_DRY_RUNS_OF_A_BATCH);
    let items = acteon_gateway::items_in_order(actions.len());
    let outcomes = join_all(actions.into_iter().zip(items).map(|(action, place)| async {
        let action = match action {
            Ok(action) => action,
            Err(refusal) => return refusal,
        };
        let id = action.id.clone();
        let of = (action.namespace.clone(), action.tenant.clone());
        if let Err(error) = state.gateway.check_profile_of(&action) {
            return item_refusal(Refusal::from(error).of_action(&id), MIN_ITEM_REFUSAL);
        }
        let outcome = if let Some(DryRun { at }) = dry_run {
            let _turn = dry_runs.acquire().await;
            state
                .gateway
                .dry_run(&action, &caller, at)
                .await
                .map_err(Refusal::from)
        } else {
            state.metrics.dispatched();
            let answer = state
                .gateway
                .dispatch_of_batch(action, caller.clone(), preference.wait, place)
                .await;
            answer
                .map(|answer| with_links(&state, &of, answer.outcome))
                .map_err(Refusal::from)
        };
        match outcome {
            Ok(outcome) => item(&outcome, &id),
            Err(refusal) => item_refusal(refusal.of_action(&id), MIN_ITEM_REFUSAL),
        }
    }));
    Ok(json(
        StatusCode::OK,
        format!("[{}]", outcomes.await.join(",")),
    ))
}

/// Actions of a batch, and refusals of the items that are none. The idempotency key of the batch
/// makes one for each item.
fn items(
    state: &AppState,
    text: &str,
    idempotency_key: Option<&str>,
) -> Result<Vec<Result<Action, String>>, Refusal> {
    let items = envelope::batch(text)?;
    let share = (MAX_REFUSAL_BYTES / items.len().max(1)).max(MIN_ITEM_REFUSAL);
    let read = |(place, item): (usize, &RawValue)| {
        let key = idempotency_key.map(|key| format!("{key}:{place}"));
        envelope::action(item.get(), &defaults(state, key.as_deref()))
            .map_err(|refusal| item_refusal(refusal, share))
    };
    Ok(items.into_iter().enumerate().map(read).collect())
}

fn item_refusal(refusal: Refusal, limit: usize) -> String {
    format!(r#"{{"error":{}}}"#, bounded(*refusal.body, limit))
}

/// JSON of an item's outcome, with the action's id among the variant's fields. `Deduplicated` has
/// none: clients read null there.
fn item(outcome: &str, id: &ActionId) -> String {
    let wired = wire(outcome, true);
    let has_id = wired.starts_with(r#"{"Scheduled""#);
    match (wired.split_once(r#"":{"#), serde_json::to_string(id)) {
        (Some((tag, fields)), Ok(id)) if !has_id && !fields.starts_with('}') => {
            format!(r#"{tag}":{{"action_id":{id},{fields}"#)
        }
        _ => wired.into_owned(),
    }
}

/// Outcome for who posted the action: with the links to approve it and to reject it, which nobody is shown otherwise.
fn with_links(state: &AppState, of: &(Namespace, Tenant), outcome: Arc<str>) -> Arc<str> {
    if !outcome.starts_with(r#"{"PendingApproval""#) {
        return outcome;
    }
    let Ok(Outcome::PendingApproval {
        approval_id,
        expires_at,
        notification_sent,
        matched_rule,
        ..
    }) = serde_json::from_str(&outcome)
    else {
        return outcome;
    };
    let (namespace, tenant) = of;
    let target = LinkTarget {
        namespace: namespace.as_str(),
        tenant: tenant.as_str(),
        id: &approval_id,
        expires_at: expires_at.as_millis().div_euclid(1000),
    };
    let (approve_url, reject_url) = state.gateway.published_links(&target);
    let outcome = Outcome::PendingApproval {
        approval_id,
        expires_at,
        approve_url,
        reject_url,
        notification_sent,
        matched_rule,
    };
    outcome.to_json()
}

/// An outcome as the published clients read it: `Deduplicated` is a bare word, and within a batch, where some need an object, one with null. They
/// know no `Cancelled`, which is a failure for them.
pub(in crate::http) fn wire(outcome: &str, in_batch: bool) -> Cow<'_, str> {
    if outcome.starts_with(r#"{"Cancelled""#)
        && let Ok(cancelled) = serde_json::from_str::<Outcome>(outcome)
    {
        return Cow::Owned(cancelled.as_published().to_json().to_string());
    }
    match (outcome.starts_with(r#"{"Deduplicated""#), in_batch) {
        (false, _) => Cow::Borrowed(outcome),
        (true, true) => Cow::Borrowed(r#"{"Deduplicated":null}"#),
        (true, false) => Cow::Borrowed(r#""Deduplicated""#),
    }
}

fn defaults<'a>(state: &'a AppState, idempotency_key: Option<&'a str>) -> Defaults<'a> {
    Defaults {
        clock: &*state.clock,
        entropy: &*state.entropy,
        idempotency_key,
    }
}

/// Dry run: nothing is written, and the answer is what the action would come to.
#[derive(Clone, Copy)]
struct DryRun {
    /// Instant to decide for; `None` for now.
    at: Option<Timestamp>,
}

/// Dry run that a query asks for, if any.
pub(in crate::http) struct DryRunQuery(Option<DryRun>);

impl FromQuery for DryRunQuery {
    fn names() -> Vec<&'static str> {
        vec!["dry_run", "evaluate_at"]
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let at = parameters.time("evaluate_at")?;
        match (parameters.flag("dry_run")?, at) {
            (true, at) => Ok(Self(Some(DryRun { at }))),
            (false, None) => Ok(Self(None)),
            (false, Some(_)) => Err(refusal(
                "evaluate_at is for dry runs: add dry_run=true, or leave it out",
            )),
        }
    }
}
