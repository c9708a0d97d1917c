//! Control routes, which show the world and change it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::faults::Switched;
use super::shared::Shared;
use super::world::{App, Counts, Member, Message, Settings};

/// Most messages in one answer.
const PAGE: usize = 200;

pub(super) async fn counts(State(shared): State<Arc<Shared>>) -> Json<Counts> {
    Json(shared.world(|world| world.counts.clone()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Since {
    #[serde(default)]
    since: u64,
}

/// Lists the latest messages after a number, one page at most.
pub(super) async fn messages(
    State(shared): State<Arc<Shared>>,
    Query(Since { since }): Query<Since>,
) -> Json<Vec<Message>> {
    Json(shared.world(|world| {
        let newer = world
            .messages
            .iter()
            .rev()
            .take_while(|message| message.number > since)
            .take(PAGE);
        let mut newer: Vec<Message> = newer.cloned().collect();
        newer.reverse();
        newer
    }))
}

pub(super) async fn switch_fault_on(
    State(shared): State<Arc<Shared>>,
    Json(switched): Json<Switched>,
) -> StatusCode {
    shared.world(|world| world.faults.switch_on(switched));
    StatusCode::NO_CONTENT
}

pub(super) async fn clear_faults(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.world(|world| world.faults.clear());
    StatusCode::NO_CONTENT
}

pub(super) async fn settings(State(shared): State<Arc<Shared>>) -> Json<Settings> {
    Json(shared.world(|world| world.settings.clone()))
}

pub(super) async fn set_settings(
    State(shared): State<Arc<Shared>>,
    Json(settings): Json<Settings>,
) -> StatusCode {
    shared.world(|world| world.settings = settings);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Revocation {
    agent_id: i64,
    #[serde(default = "invalid")]
    code: i64,
}

const fn invalid() -> i64 {
    40014
}

pub(super) async fn revoke(
    State(shared): State<Arc<Shared>>,
    Json(Revocation { agent_id, code }): Json<Revocation>,
) -> StatusCode {
    shared.world(|world| world.revoke(agent_id, code));
    StatusCode::NO_CONTENT
}

/// Adds an app, or replaces the one with its agent id.
pub(super) async fn put_app(State(shared): State<Arc<Shared>>, Json(app): Json<App>) -> StatusCode {
    shared.world(|world| {
        world.apps.retain(|other| other.agent_id != app.agent_id);
        world.apps.push(app);
    });
    StatusCode::NO_CONTENT
}

/// Adds a member, or replaces the one with this userid.
pub(super) async fn put_member(
    State(shared): State<Arc<Shared>>,
    Json(mut member): Json<Member>,
) -> StatusCode {
    member.userid = member.userid.to_lowercase();
    shared.world(|world| world.members.insert(member.userid.clone(), member));
    StatusCode::NO_CONTENT
}

#[derive(Serialize)]
pub(super) struct Directory {
    corp_id: String,
    apps: Vec<AppCard>,
    members: Vec<Member>,
}

#[derive(Serialize)]
struct AppCard {
    agent_id: i64,
    name: String,
    disabled: bool,
}

pub(super) async fn directory(State(shared): State<Arc<Shared>>) -> Json<Directory> {
    Json(shared.world(|world| {
        Directory {
            corp_id: world.corp_id.clone(),
            apps: world
                .apps
                .iter()
                .map(|app| AppCard {
                    agent_id: app.agent_id,
                    name: app.name.clone(),
                    disabled: app.disabled,
                })
                .collect(),
            members: world.members.values().cloned().collect(),
        }
    }))
}
