//! Requests to replay earlier actions, and their answers.

use acteon_core::{ActionId, Caller, with_causes};
use acteon_gateway::{ReplayCursor, ReplayPage, ReplayRequest, ReplayResult, Replayed};
use acteon_store::{HistoryFilter, Seq};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;

use super::answer::written;
use super::error::Refusal;
use super::extract::query::{FromQuery, Parameters};
use super::filter::{Filters, cursor_text, limit, parse_cursor};
use super::json::json;
use super::routes::dispatch::wire;

/// Parameters besides the filters.
const PARAMETERS: [&str; 4] = ["limit", "cursor", "max_replays", "all"];

/// Most actions that one request replays by default.
const DEFAULT_REPLAY: usize = 100;

/// Actions to replay, and how many.
pub(super) struct ReplayMany {
    filters: Filters,
    after: Option<ReplayCursor>,
    limit: usize,
    max_replays: Option<u32>,
}

impl ReplayMany {
    /// Request of a caller to the gateway. `narrowed` keeps what may be replayed of what their
    /// filter finds.
    pub(super) fn of(
        self,
        caller: &Caller,
        narrowed: fn(HistoryFilter) -> HistoryFilter,
    ) -> ReplayRequest {
        ReplayRequest {
            filter: narrowed(self.filters.of(caller)),
            after: self.after,
            limit: self.limit,
            max_replays: self.max_replays,
        }
    }
}

impl FromQuery for ReplayMany {
    fn names() -> Vec<&'static str> {
        [&Filters::names()[..], &PARAMETERS].concat()
    }

    /// Reads the query. A filter must be given: nobody means everything without saying so.
    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let filters = Filters::read(parameters)?;
        if !parameters.flag("all")? && filters.is_empty {
            let message = format!(
                "say which actions: give at least one of {}, or all=true",
                Filters::names().join(", ")
            );
            return Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "FILTER_MISSING",
                message,
            ));
        }
        Ok(Self {
            filters,
            after: parameters.parsed(
                "cursor",
                "the next_cursor of the replay before",
                parse_replay_cursor,
            )?,
            limit: limit(parameters, DEFAULT_REPLAY)?,
            max_replays: parameters.parsed("max_replays", "a number such as 0", |text| {
                text.parse().ok()
            })?,
        })
    }
}

/// Outcome of one replay, written as it came, however deep a service's answer in it nests.
#[derive(Serialize)]
pub(super) struct ReplayedAction<'a> {
    original_action_id: &'a ActionId,
    new_action_id: &'a ActionId,
    success: bool,
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    skipped: bool,
}

/// Outcomes of many replays.
#[derive(Serialize)]
pub(super) struct ReplayedActions<'a> {
    replayed: usize,
    failed: usize,
    skipped: usize,
    results: Vec<ReplayedAction<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Answer with the outcome of a replay.
pub(super) fn answered(body: &impl Serialize) -> Result<Response, Refusal> {
    Ok(json(StatusCode::OK, written(body)?))
}

/// Body about one replayed action.
pub(super) fn one(replayed: &Replayed) -> ReplayedAction<'_> {
    let Replayed {
        original,
        new_id,
        result,
    } = replayed;
    let (is_sent, error, answer) = match result {
        ReplayResult::Sent(answer) => (true, None, Some(answer)),
        ReplayResult::HeldBack(answer) => (
            false,
            Some("held back: it was not sent".to_owned()),
            Some(answer),
        ),
        ReplayResult::Over(why) => (false, Some(why.clone()), None),
        ReplayResult::LeftAlone(why) => (false, Some(format!("left alone: {why}")), None),
        ReplayResult::Refused(error) => (false, Some(with_causes(error).to_string()), None),
    };
    let outcome = answer.map(|answer| wire(&answer.outcome, false));
    let failed = outcome
        .as_ref()
        .is_some_and(|outcome| outcome.starts_with(r#"{"Failed""#));
    ReplayedAction {
        original_action_id: original,
        new_action_id: new_id,
        success: is_sent && !failed,
        error,
        outcome: outcome.and_then(|outcome| RawValue::from_string(outcome.into_owned()).ok()),
        skipped: matches!(
            result,
            ReplayResult::HeldBack(_) | ReplayResult::LeftAlone(_)
        ),
    }
}

/// Body about many replayed actions.
pub(super) fn many(page: &ReplayPage) -> ReplayedActions<'_> {
    let results: Vec<ReplayedAction<'_>> = page.replayed.iter().map(one).collect();
    let skipped = results.iter().filter(|one| one.skipped).count();
    let replayed = results.iter().filter(|one| one.success).count();
    let failed = results.len() - replayed - skipped;
    let next_cursor = page
        .next
        .map(|next| format!("{}.{}", cursor_text(next.after), next.end.0));
    ReplayedActions {
        replayed,
        failed,
        skipped,
        results,
        next_cursor,
    }
}

fn parse_replay_cursor(text: &str) -> Option<ReplayCursor> {
    let (after, end) = text.rsplit_once('.')?;
    Some(ReplayCursor {
        after: parse_cursor(after)?,
        end: Seq(end.parse().ok()?),
    })
}
