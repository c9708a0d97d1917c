//! Replays of earlier actions: any of the audit trail, or dead letters only. One implementation for
//! both.

use std::sync::Arc;

use acteon_gateway::{ActionView, ReplayResult};
use acteon_store::HistoryFilter;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::http::error::Refusal;
use crate::http::extract::body::NoBody;
use crate::http::extract::caller::MayDispatch;
use crate::http::extract::path::Path;
use crate::http::extract::prefer::Preference;
use crate::http::extract::query::Query;
use crate::http::extract::scope::Scoped;
use crate::http::replay::{self, ReplayMany};
use crate::http::routes::actions::{action_id, not_found, the_one};
use crate::http::routes::dead_letters::{DEAD, DISCARDED, on_the_list, the_letter};
use crate::http::state::AppState;

/// State of an action that is not over.
const OPEN: &str = "open";

/// Kind of action that a route replays.
pub(in crate::http) trait Replayable {
    /// Whether only dead letters are replayed, and each only once.
    const LETTERS_ONLY: bool;

    /// Action of an id that may be replayed; a refusal where there is none or several.
    fn the_one(id: &str, found: Vec<ActionView>) -> Result<ActionView, Refusal>;

    /// Filter for those that may be replayed, among what `filter` finds.
    fn narrowed(filter: HistoryFilter) -> HistoryFilter;
}

/// Any action of the audit trail that is over.
pub(in crate::http) struct AnyAction;

impl Replayable for AnyAction {
    const LETTERS_ONLY: bool = false;

    fn the_one(id: &str, found: Vec<ActionView>) -> Result<ActionView, Refusal> {
        let view = the_one(found)?;
        if view.state == OPEN {
            let message = format!(
                "the action {id:?} is still under way, and nothing was sent: it goes on by itself; GET /v1/actions/{{id}} tells how"
            );
            return Err(Refusal::new(StatusCode::CONFLICT, "ACTION_OPEN", message));
        }
        Ok(view)
    }

    fn narrowed(filter: HistoryFilter) -> HistoryFilter {
        filter
    }
}

/// Dead letter on the list, which it leaves if its replay goes.
pub(in crate::http) struct DeadLetter;

impl Replayable for DeadLetter {
    const LETTERS_ONLY: bool = true;

    /// A dead letter that was replayed before counts too: where the answer was lost, its caller
    /// gets the same answer again.
    fn the_one(id: &str, found: Vec<ActionView>) -> Result<ActionView, Refusal> {
        the_letter(id, found, &[DEAD, DISCARDED])
    }

    fn narrowed(filter: HistoryFilter) -> HistoryFilter {
        on_the_list(filter)
    }
}

/// Replays one action. Where two have the id, the caller is asked which is meant, as when it is
/// shown.
pub(in crate::http) async fn one<R: Replayable>(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
    Preference { wait, .. }: Preference,
    _: NoBody,
) -> Result<Response, Refusal> {
    let scope = asked.of(&caller);
    let _turn = state.replays.take().await?;
    let found = state.gateway.find(&scope, &action_id(&id)?).await?;
    let view = R::the_one(&id, found)?;
    let replayed = state
        .gateway
        .replay(&scope, &view.action.id, R::LETTERS_ONLY, &caller, wait)
        .await?;
    let replayed = replayed.ok_or_else(not_found)?;
    if let ReplayResult::Over(why) = &replayed.result {
        let message = format!("nothing was sent: {why}");
        return Err(Refusal::new(StatusCode::CONFLICT, "APPROVAL_OVER", message));
    }
    replay::answered(&replay::one(&replayed))
}

/// Replays what the filters find, such as `?code=CONFIGURATION&from=...`, at most `limit`, oldest
/// first.
pub(in crate::http) async fn many<R: Replayable>(
    MayDispatch(caller): MayDispatch,
    State(state): State<Arc<AppState>>,
    Query(asked): Query<ReplayMany>,
    _: NoBody,
) -> Result<Response, Refusal> {
    let request = asked.of(&caller, R::narrowed);
    let _turn = state.replays.take().await?;
    let page = state.gateway.replay_page(request, &caller).await?;
    replay::answered(&replay::many(&page))
}
