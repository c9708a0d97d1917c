//! Media: their upload (page 90253 of the documentation), and the ids that messages name them by.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, Response, header};
use axum::routing::any;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::answer;
use super::faults::Call;
use super::form::{Part, part};
use super::gettoken::authorize;
use super::medium::{Kind, Medium};
use super::reply::{Refusal, refusal};
use super::shared::Shared;
use super::world::World;

/// Time for which a medium is kept.
const KEPT_FOR: Duration = Duration::from_hours(72);
/// Most media that are kept beside those whose time is over.
const MOST_KEPT: usize = 10_000;
/// Most bytes of a request: the largest file, and the form around it.
const MAX_REQUEST: usize = 21 * 1024 * 1024;
/// Endings of files that can be confidential.
const CONFIDENTIAL: [&str; 14] = [
    "txt", "pdf", "doc", "docx", "ppt", "pptx", "xls", "xlsx", "xml", "jpg", "jpeg", "png", "bmp",
    "gif",
];

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/cgi-bin/media/upload", any(upload_route))
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
}

#[derive(Deserialize)]
struct UploadQuery {
    access_token: Option<String>,
    r#type: Option<String>,
}

async fn upload_route(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Query(query): Query<UploadQuery>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let form = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let work = |world: &mut World, now| {
        let token = query.access_token.as_deref();
        authorize(world, Call::Upload, peer.ip(), now, token)?;
        let kind = query.r#type.as_deref().unwrap_or_default();
        upload(world, kind, part(form, &body, "media"), now)
    };
    answer(&shared, Call::Upload, peer.ip(), work).await
}

fn upload(
    world: &mut World,
    name: &str,
    part: Option<Part<'_>>,
    now: Instant,
) -> Result<Value, Refusal> {
    let kind = Kind::named(name).ok_or(refusal(40005, "invalid type"))?;
    let Some(Part { filename, bytes }) = part.filter(|part| !part.bytes.is_empty()) else {
        return Err(refusal(44001, "empty media data"));
    };
    if bytes.len() <= 5 {
        return Err(refusal(40006, "invalid media size"));
    }
    let (most, too_many) = kind.limit();
    if bytes.len() > most {
        return Err(too_many);
    }
    kind.check_format(bytes)?;
    if world.media.len() >= MOST_KEPT {
        let is_kept = |_: &String, medium: &mut Medium| now.duration_since(medium.at) < KEPT_FOR;
        world.media.retain(is_kept);
    }
    let media_id = world.opaque("media_");
    world.media.insert(
        media_id.clone(),
        Medium {
            kind,
            filename: filename.to_owned(),
            at: now,
        },
    );
    let created_at = (world.millis() / 1000).to_string();
    Ok(
        json!({ "errcode": 0, "errmsg": "", "type": name, "media_id": media_id, "created_at": created_at }),
    )
}

/// Checks the id of a medium in a field of a message. Errors when there is none, or it is no longer kept, or of another kind.
pub(super) fn check_id(
    world: &World,
    (own, field): (&Value, &str),
    kind: Kind,
    now: Instant,
) -> Result<String, Refusal> {
    let id = own[field]
        .as_str()
        .filter(|id| !id.is_empty())
        .ok_or(refusal(41006, "missing media_id"))?;
    let medium = world.media.get(id);
    let medium = medium
        .filter(|medium| medium.kind == kind)
        .ok_or(refusal(40007, "invalid media_id"))?;
    if now.duration_since(medium.at) >= KEPT_FOR {
        return Err(refusal(40145, "media_id expired"));
    }
    Ok(medium.filename.clone())
}

/// Checks a message that is one medium.
pub(super) fn check(
    world: &World,
    (own, kind): (&Value, Kind),
    is_safe: bool,
    now: Instant,
) -> Result<(Value, bool), Refusal> {
    let filename = check_id(world, (own, "media_id"), kind, now)?;
    let ending = filename
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_lowercase());
    let can_be_safe = ending.is_some_and(|ending| CONFIDENTIAL.contains(&ending.as_str()));
    if kind == Kind::File && is_safe && !can_be_safe {
        return Err(refusal(40004, "invalid media file type for a safe message"));
    }
    Ok((json!({ "media_id": own["media_id"] }), false))
}
