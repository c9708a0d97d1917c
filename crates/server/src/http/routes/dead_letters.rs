//! Dead letters: listing them, and taking them off the list. Nothing is destroyed: the journal
//! keeps them all.

use std::collections::BTreeMap;
use std::sync::Arc;

use acteon_core::{ActionId, ActionType, Namespace, ProviderName, Scope, Tenant};
use acteon_gateway::ActionView;
use acteon_store::{ActionState, Cursor, HistoryFilter, PageRequest};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::http::answer::{UNKNOWN, answer, written};
use crate::http::error::Refusal;
use crate::http::extract::body::NoBody;
use crate::http::extract::caller::{MayManage, MayRead};
use crate::http::extract::path::Path;
use crate::http::extract::query::{FromQuery, NoQuery, Parameters, Query};
use crate::http::extract::scope::Scoped;
use crate::http::filter::{Filters, Paged, Sought, cursor_text, word};
use crate::http::record::SearchExtent;
use crate::http::routes::actions::{action_id, the_one};
use crate::http::state::AppState;

/// States of dead letters in the API: on the list, and taken off it.
pub(in crate::http) const DEAD: &str = "dead";
pub(in crate::http) const DISCARDED: &str = "discarded";

/// Most dead letters that one drain takes off the list.
const DRAIN: usize = 1000;

/// Parameters of a list of dead letters.
pub(in crate::http) type LettersQuery = (Filters, Sought, Paged, ListedState);

/// State of the dead letters to list; by default those on the list.
pub(in crate::http) struct ListedState(ActionState);

impl FromQuery for ListedState {
    fn names() -> Vec<&'static str> {
        vec!["state"]
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let word = word(parameters, "state", &[DEAD, DISCARDED])?;
        Ok(Self(match word.as_deref() {
            Some(DISCARDED) => ActionState::Discarded,
            _ => ActionState::Dead,
        }))
    }
}

pub(in crate::http) async fn list(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Query((filters, Sought(sought), Paged(page), ListedState(listed))): Query<LettersQuery>,
) -> Result<Response, Refusal> {
    let request = PageRequest {
        count: false,
        ..page
    };
    let filter = HistoryFilter {
        state: Some(listed),
        ..filters.of(&caller)
    };
    if let Some(search) = sought {
        let _turn = state.asides.take().await?;
        let page = state
            .gateway
            .search(filter, search, request.after, request.limit)
            .await?;
        let searched = Some(SearchExtent::of(&page));
        return letters(page.views, page.next, searched).await;
    }
    let _turn = state.reads.take().await?;
    let page = state.gateway.history(filter, request).await?;
    letters(page.views, page.next, None).await
}

async fn letters(
    entries: Vec<ActionView>,
    next: Option<Cursor>,
    searched: Option<SearchExtent>,
) -> Result<Response, Refusal> {
    let body = move || {
        written(&LettersPage {
            count: entries.len(),
            entries,
            next_cursor: next.map(cursor_text),
            searched,
        })
    };
    answer(UNKNOWN, body).await
}

/// Page of dead letters, with the cursor of the next page.
#[derive(Serialize)]
struct LettersPage<T> {
    count: usize,
    entries: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    #[serde(flatten)]
    searched: Option<SearchExtent>,
}

/// Filter for the dead letters on the list, among what `filter` finds.
pub(in crate::http) fn on_the_list(filter: HistoryFilter) -> HistoryFilter {
    HistoryFilter {
        state: Some(ActionState::Dead),
        ..filter
    }
}

pub(in crate::http) async fn get(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
) -> Result<Response, Refusal> {
    let scope = asked.of(&caller);
    let _turn = state.reads.take().await?;
    let view = letter(&state, &scope, &id, &[DEAD, DISCARDED]).await?;
    let bytes = view.action.payload.get().len();
    answer(bytes, move || written(&view)).await
}

async fn letter(
    state: &AppState,
    scope: &Scope,
    id: &str,
    states: &[&str],
) -> Result<ActionView, Refusal> {
    let found = state.gateway.find(scope, &action_id(id)?).await?;
    the_letter(id, found, states)
}

/// Dead letter of an id, in one of these states; a refusal where there is none or several.
pub(in crate::http) fn the_letter(
    id: &str,
    mut found: Vec<ActionView>,
    states: &[&str],
) -> Result<ActionView, Refusal> {
    let other = found
        .iter()
        .find(|view| !states.contains(&view.state))
        .map(|view| (view.state, view.outcome.as_str()));
    found.retain(|view| states.contains(&view.state));
    match other {
        Some((state, outcome)) if found.is_empty() => Err(no_letter(id, state, outcome)),
        _ => the_one(found),
    }
}

/// Refusal of an action that exists and is no dead letter.
fn no_letter(id: &str, state: &str, outcome: &str) -> Refusal {
    let message = if state == DISCARDED {
        format!(
            "the action {id:?} was taken off the list of dead letters already; GET /v1/dlq?state=discarded lists those"
        )
    } else {
        format!(
            "the action {id:?} is no dead letter: it is {state}, with the outcome {outcome}; GET /v1/actions/{{id}} tells more"
        )
    };
    Refusal::new(StatusCode::NOT_FOUND, "NOT_A_DEAD_LETTER", message)
}

/// `DELETE /v1/dlq/{id}`: takes a dead letter off the list.
pub(in crate::http) async fn discard(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    _: NoBody,
) -> Result<StatusCode, Refusal> {
    let letter = letter(&state, &asked.of(&caller), &id, &[DEAD]).await?;
    state.gateway.discard(vec![letter.seq]).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(in crate::http) async fn stats(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Query(asked): Query<Scoped>,
) -> Result<Json<Value>, Refusal> {
    let count = state.gateway.count_dead_letters(&asked.of(&caller)).await?;
    Ok(Json(json!({ "enabled": true, "count": count })))
}

/// `POST /v1/dlq/drain`: answers with whole dead letters, and takes them off the list; for callers
/// who may see everything. A page at most: `next_cursor` says that there are more, for the next
/// drain. A caller whose answer was lost on its way finds them with `GET /v1/dlq?state=discarded`.
pub(in crate::http) async fn drain(
    MayManage(caller): MayManage,
    State(state): State<Arc<AppState>>,
    _: NoQuery,
    _: NoBody,
) -> Result<Response, Refusal> {
    let scope = Scope::of(&caller.grants);
    if !scope.is_everything() {
        let message = "forbidden: drain needs a grant for every tenant and namespace; list and discard your own instead";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "FORBIDDEN", message));
    }
    let request = PageRequest {
        after: None,
        offset: 0,
        limit: DRAIN,
        count: false,
    };
    let _turn = state.reads.take().await?;
    let page = state
        .gateway
        .history(on_the_list(HistoryFilter::of(scope)), request)
        .await?;
    let seqs: Vec<_> = page.views.iter().map(|view| view.seq).collect();
    let next_cursor = page.next.map(cursor_text);
    let body = move || {
        let entries: Vec<DrainedLetter<'_>> = page.views.iter().map(entry).collect();
        written(&LettersPage {
            count: entries.len(),
            entries,
            next_cursor,
            searched: None,
        })
    };
    let handed_out = answer(UNKNOWN, body).await?;
    state.gateway.discard(seqs).await?;
    Ok(handed_out)
}

/// Dead letter in the answer to a drain.
#[derive(Serialize)]
struct DrainedLetter<'a> {
    action_id: &'a ActionId,
    namespace: &'a Namespace,
    tenant: &'a Tenant,
    provider: &'a ProviderName,
    action_type: &'a ActionType,
    error: &'a str,
    code: &'a str,
    attempts: u32,
    timestamp: i64,
    payload: &'a RawValue,
    metadata: &'a BTreeMap<String, String>,
}

fn entry(view: &ActionView) -> DrainedLetter<'_> {
    let action = &view.action;
    let (code, error) = match &view.outcome {
        acteon_core::Outcome::Failed { code, message, .. } => (code.as_str(), message.as_str()),
        _ => ("", ""),
    };
    DrainedLetter {
        action_id: &action.id,
        namespace: &action.namespace,
        tenant: &action.tenant,
        provider: &action.provider,
        action_type: &action.action_type,
        error,
        code,
        attempts: view.attempts,
        timestamp: view.finished_at.map_or(0, |at| at.as_millis() / 1000),
        payload: &action.payload,
        metadata: &action.metadata,
    }
}
