//! Routes of cards: the calls that update and recall, and the controls that show response codes and make things older.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse as _;
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde::Deserialize;

use super::answer::{TokenQuery, answer};
use super::cards::CardCodes;
use super::faults::Call;
use super::gettoken::authorize;
use super::recall::recall;
use super::shared::Shared;
use super::update::update_card;
use super::world::World;

/// Most seconds by which one request makes anything older: ten years.
const MAX_SECONDS: u64 = 10 * 366 * 86_400;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/cgi-bin/message/recall", any(recall_route))
        .route("/cgi-bin/message/update_template_card", any(update_route))
        .route("/control/cards", get(cards))
        .route("/control/age", post(age))
}

async fn recall_route(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Query(query): Query<TokenQuery>,
    body: Bytes,
) -> Response<Body> {
    let (call, token) = (Call::Recall, query.access_token.as_deref());
    let work = |world: &mut World, now| {
        let app = authorize(world, call, peer.ip(), now, token)?;
        recall(world, &app, &body)
    };
    answer(&shared, call, peer.ip(), work).await
}

async fn update_route(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Query(query): Query<TokenQuery>,
    body: Bytes,
) -> Response<Body> {
    let (call, token) = (Call::UpdateCard, query.access_token.as_deref());
    let work = |world: &mut World, now| {
        let app = authorize(world, call, peer.ip(), now, token)?;
        update_card(world, &app, &body)
    };
    answer(&shared, call, peer.ip(), work).await
}

async fn cards(State(shared): State<Arc<Shared>>) -> Json<Vec<CardCodes>> {
    Json(shared.world(|world| world.response_codes()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ageing {
    seconds: u64,
    /// Message that becomes older, with its response codes; the whole world when absent.
    #[serde(default)]
    msgid: Option<String>,
}

async fn age(State(shared): State<Arc<Shared>>, Json(ageing): Json<Ageing>) -> Response<Body> {
    let Ageing { seconds, msgid } = ageing;
    if seconds > MAX_SECONDS {
        let text = format!("seconds is {seconds}: it must be at most {MAX_SECONDS}");
        return (StatusCode::UNPROCESSABLE_ENTITY, text).into_response();
    }
    let Some(msgid) = msgid else {
        shared.world(|world| world.advance(Duration::from_secs(seconds)));
        return StatusCode::NO_CONTENT.into_response();
    };
    if shared.world(|world| world.age(&msgid, seconds)) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        let text = format!("there is no message {msgid:?}");
        (StatusCode::NOT_FOUND, text).into_response()
    }
}
