//! `/v1/stream` and `/v1/subscribe/action/{id}`: what happens, as it happens.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use acteon_core::json::head;
use acteon_core::limits::MAX_NAME_BYTES;
use acteon_core::{ActionId, Scope};
use acteon_gateway::{StreamFilter, StreamReader, Subscription, Told};
use acteon_store::Seq;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use tokio::time::timeout;

use crate::http::error::Refusal;
use crate::http::extract::caller::MayRead;
use crate::http::extract::path::Path;
use crate::http::extract::query::{FromQuery, Parameters, Query};
use crate::http::extract::scope::Scoped;
use crate::http::filter::{EVENT_TYPES, OUTCOMES, word};
use crate::http::routes::actions::{action_id, the_one};
use crate::http::sse::{Frames, Reading, answer, begins, frame, ping, subscription_end, told};
use crate::http::state::AppState;
use crate::metrics::Metrics;

/// Longest that a ping waits for the store.
const LOOK_UP: Duration = Duration::from_secs(5);

/// Parameters that filter events, besides their scope.
const FILTERS: [&str; 5] = [
    "action_type",
    "outcome",
    "event_type",
    "action_id",
    "chain_id",
];

/// Filters of the wire format for features that do not exist: nothing can match them.
const NOT_BUILT: [&str; 1] = ["group_id"];

/// Parameters of the stream.
pub(in crate::http) type StreamQuery = (Scoped, EventFilters);

/// Filters for events, as a query gives them.
pub(in crate::http) struct EventFilters {
    action_type: Option<String>,
    outcome: Option<String>,
    event_type: Option<String>,
    action_id: Option<String>,
    chain_id: Option<String>,
    is_vain: bool,
}

impl FromQuery for EventFilters {
    fn names() -> Vec<&'static str> {
        [&FILTERS[..], &NOT_BUILT].concat()
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let name = |name: &str| {
            let given = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
            parameters.parsed(name, "a name", given)
        };
        Ok(Self {
            action_type: name("action_type")?,
            outcome: word(parameters, "outcome", &OUTCOMES)?,
            event_type: word(parameters, "event_type", &EVENT_TYPES)?,
            action_id: name("action_id")?,
            chain_id: name("chain_id")?,
            is_vain: NOT_BUILT.iter().any(|name| parameters.get(name).is_some()),
        })
    }
}

/// `GET /v1/stream`: events from now on, or from behind the one of `Last-Event-ID`.
pub(in crate::http) async fn follow(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Query((asked, filters)): Query<StreamQuery>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let scope = asked.of(&caller);
    let place = state.streams.take(&caller, scope.tenant.as_ref())?;
    let filter = StreamFilter {
        action_type: filters.action_type,
        outcome: filters.outcome,
        kind: filters.event_type,
        action_id: filters.action_id,
        chain_id: filters.chain_id,
        is_vain: filters.is_vain,
        ..StreamFilter::of(scope)
    };
    let reader = state
        .gateway
        .stream(filter, last_event_id(&headers))
        .await?;
    let begins = reader.came_to().map(begins);
    let events = Events {
        begins,
        reader,
        metrics: Arc::clone(&state.metrics),
    };
    Ok(answer(Reading {
        frames: events,
        state,
        caller,
        place,
    }))
}

/// Id of the last event that a reader got, which browsers send when they come back. What is no text is no id that was ever told.
fn last_event_id(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get("last-event-id")?;
    let text = value.to_str().unwrap_or("?").trim();
    (!text.is_empty()).then(|| head(text, MAX_NAME_BYTES))
}

/// Events that a filter lets through.
struct Events {
    /// Tells where it begins, for one that leaves before it has an event.
    begins: Option<Bytes>,
    reader: StreamReader,
    metrics: Arc<Metrics>,
}

impl Frames for Events {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(begins) = self.begins.take() {
            return Some(begins);
        }
        let next = self.reader.next().await?;
        self.metrics.told(&next);
        Some(told(&next))
    }

    async fn ping(&mut self) -> Bytes {
        ping(self.reader.came_to())
    }
}

/// Whether a subscription begins with what has happened already.
pub(in crate::http) struct History(pub(in crate::http) bool);

impl FromQuery for History {
    fn names() -> Vec<&'static str> {
        vec!["include_history"]
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let is_left_out = parameters.get("include_history").is_none();
        Ok(Self(is_left_out || parameters.flag("include_history")?))
    }
}

/// Parameters of a subscription.
pub(in crate::http) type SubscriptionQuery = (Scoped, History);

/// `GET /v1/subscribe/action/{id}`: an action's event, and then the end.
pub(in crate::http) async fn action(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query((asked, History(with_history))): Query<SubscriptionQuery>,
) -> Result<Response, Refusal> {
    let (scope, id) = (asked.of(&caller), action_id(&id)?);
    let place = state.streams.take(&caller, scope.tenant.as_ref())?;
    // It is followed before it is looked up, so that its end is not missed in between.
    let subscription = state.gateway.subscribe(scope.clone(), &id).await?;
    let view = the_one(state.gateway.find(&scope, &id).await?)?;
    let ended = subscription.ended(&view);
    let mut one = OneAction {
        state: Arc::clone(&state),
        scope,
        id,
        seq: view.seq,
        ready: VecDeque::new(),
        subscription: Some(subscription),
        metrics: Arc::clone(&state.metrics),
    };
    if let Some(event) = ended {
        one.end(with_history.then(|| frame(&event)));
    }
    Ok(answer(Reading {
        frames: one,
        state,
        caller,
        place,
    }))
}

/// What is told of one action.
struct OneAction {
    state: Arc<AppState>,
    scope: Scope,
    id: ActionId,
    seq: Seq,
    ready: VecDeque<Bytes>,
    /// What is yet to come; `None` once the action is over.
    subscription: Option<Subscription>,
    metrics: Arc<Metrics>,
}

impl OneAction {
    /// Ends it, behind a last event.
    fn end(&mut self, event: Option<Bytes>) {
        self.ready.extend(event);
        self.ready
            .push_back(subscription_end("action_id", self.id.as_str()));
        self.subscription = None;
    }
}

impl Frames for OneAction {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(subscription) = &mut self.subscription {
            let next = subscription.next(self.seq).await?;
            self.metrics.told(&next);
            match &next {
                Told::Event(event) => self.end(Some(frame(event))),
                Told::Lagged(_) => self.ready.push_back(told(&next)),
            }
        }
        self.ready.pop_front()
    }

    /// Looks the action up: events may wait for others' transactions, and it does not.
    async fn ping(&mut self) -> Bytes {
        let found = self.state.gateway.find(&self.scope, &self.id);
        if let (Ok(Ok(views)), Some(subscription)) =
            (timeout(LOOK_UP, found).await, &self.subscription)
        {
            let view = views.iter().find(|view| view.seq == self.seq);
            if let Some(event) = view.and_then(|view| subscription.ended(view)) {
                self.end(Some(frame(&event)));
            }
        }
        self.ready.pop_front().unwrap_or_else(|| ping(None))
    }
}
