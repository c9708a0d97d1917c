//! Control routes that act: as a member, as the service that calls back, and as the admin console that verifies URLs.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;

use super::perform;
use super::requests::{CannotAct, Click, Event, Say};
use crate::wecom::callback::{Delivery, Verification};
use crate::wecom::shared::Shared;

/// Answer of a control, or 422 with the reason why it cannot be done.
type Answered<T> = Result<Json<T>, (StatusCode, String)>;

pub(in crate::wecom) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/control/verify", post(verify))
        .route("/control/click", post(click))
        .route("/control/say", post(say))
        .route("/control/event", post(event))
        .route("/control/deliver", post(deliver))
}

fn answered<T>(done: Result<T, CannotAct>) -> Answered<T> {
    let refused = |cannot: CannotAct| (StatusCode::UNPROCESSABLE_ENTITY, cannot.to_string());
    done.map(Json).map_err(refused)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfApp {
    agent_id: i64,
}

async fn verify(
    State(shared): State<Arc<Shared>>,
    Json(OfApp { agent_id }): Json<OfApp>,
) -> Answered<Verification> {
    answered(perform::verify(&shared, agent_id).await)
}

async fn click(State(shared): State<Arc<Shared>>, Json(click): Json<Click>) -> Answered<Delivery> {
    answered(perform::click(&shared, &click).await)
}

async fn say(State(shared): State<Arc<Shared>>, Json(say): Json<Say>) -> Answered<Delivery> {
    answered(perform::say(&shared, &say).await)
}

async fn event(State(shared): State<Arc<Shared>>, Json(event): Json<Event>) -> Answered<Delivery> {
    answered(perform::event(&shared, &event).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Released {
    /// Numbers of callbacks, in the order in which they are delivered; all when absent.
    #[serde(default)]
    numbers: Option<Vec<u64>>,
}

async fn deliver(
    State(shared): State<Arc<Shared>>,
    Json(Released { numbers }): Json<Released>,
) -> Answered<Vec<Delivery>> {
    answered(perform::release(&shared, numbers.as_deref()).await)
}
