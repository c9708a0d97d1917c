//! Sign-in of members: the pages that ask who is there, and `auth/getuserinfo`, which says whose a code is.
//!
//! The real page knows who is signed in to the app that shows it, or to the phone that scans its code. This one asks: each member, and somebody who is
//! none, has a link on it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{Response, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse as _};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::answer;
use super::faults::Call;
use super::gettoken::authorize;
use super::reply::{Refusal, refusal};
use super::shared::Shared;
use super::sign_ins::Whose;
use super::world::World;

/// Longest state, in letters and digits (page 91022).
const MAX_STATE: usize = 128;
/// Value of `as` for somebody who is no member.
const OUTSIDER: &str = "@outsider";

#[derive(Deserialize)]
struct PageQuery {
    #[serde(default)]
    appid: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    agentid: String,
    response_type: Option<String>,
    scope: Option<String>,
    login_type: Option<String>,
    /// Who it is, once that was chosen.
    #[serde(rename = "as")]
    chosen: Option<String>,
}

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/connect/oauth2/authorize", get(in_app_page))
        .route("/wwlogin/sso/login", get(desktop_page))
        .route("/cgi-bin/auth/getuserinfo", any(get_user_info))
        .route("/control/trusted-domains", post(trust))
}

/// The page that the app's own browser passes through.
async fn in_app_page(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    Query(query): Query<PageQuery>,
) -> Response<Body> {
    let known = query.response_type.as_deref() == Some("code")
        && matches!(
            query.scope.as_deref(),
            Some("snsapi_base" | "snsapi_privateinfo")
        );
    page(&shared, &uri, &query, known)
}

/// The page that shows a code to scan.
async fn desktop_page(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    Query(query): Query<PageQuery>,
) -> Response<Body> {
    let known = query.login_type.as_deref() == Some("CorpApp");
    page(&shared, &uri, &query, known)
}

fn page(shared: &Shared, uri: &Uri, query: &PageQuery, is_known: bool) -> Response<Body> {
    let asked = shared.world(|world| asked(world, query, is_known));
    let Ok(agent_id) = asked else {
        return asked.map_or_else(refused, |_| StatusCode::OK.into_response());
    };
    let Some(chosen) = &query.chosen else {
        let members = shared.world(|world| world.members.keys().cloned().collect::<Vec<_>>());
        return Html(chooser(uri, &members)).into_response();
    };
    let code = shared.world(|world| give_out(world, agent_id, chosen));
    match code {
        Ok(code) => {
            let join = if query.redirect_uri.contains('?') {
                '&'
            } else {
                '?'
            };
            let to = format!(
                "{}{join}code={code}&state={}",
                query.redirect_uri, query.state
            );
            (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
        }
        Err(refusal) => refused(refusal),
    }
}

/// Agent id of the app that a page is asked for.
fn asked(world: &World, query: &PageQuery, is_known: bool) -> Result<i64, Refusal> {
    if query.appid != world.corp_id {
        return Err(refusal(40013, "invalid corpid"));
    }
    let agent_id = query.agentid.parse().ok();
    let app = world.apps.iter().find(|app| Some(app.agent_id) == agent_id);
    let app = app.ok_or(refusal(40056, "invalid agentid"))?;
    if !is_known {
        return Err(refusal(40035, "invalid parameter"));
    }
    let is_plain = query.state.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if query.state.len() > MAX_STATE || !is_plain {
        return Err(refusal(40035, "invalid parameter, state"));
    }
    let trusted = world.sign_ins.trusted_domains.get(&app.agent_id);
    let host = host_of(&query.redirect_uri);
    if host.is_none() || trusted.map(String::as_str) != host {
        return Err(refusal(50001, "redirect_url domain not trusted"));
    }
    Ok(app.agent_id)
}

/// Host of an address, with its port.
fn host_of(address: &str) -> Option<&str> {
    let (scheme, rest) = address.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let is_web = matches!(scheme, "http" | "https");
    (is_web && !host.is_empty() && !host.contains('@')).then_some(host)
}

fn give_out(world: &mut World, agent_id: i64, chosen: &str) -> Result<String, Refusal> {
    let userid = chosen.to_lowercase();
    let whose = match chosen {
        OUTSIDER => Whose::Outsider,
        _ if world.members.contains_key(&userid) => Whose::Member(userid),
        _ => return Err(refusal(60111, "userid not found")),
    };
    let now = world.now();
    let code = world.opaque("code");
    world.sign_ins.give(&code, (agent_id, whose), now);
    Ok(code)
}

fn chooser(uri: &Uri, members: &[String]) -> String {
    let query = escaped(uri.query().unwrap_or_default());
    let link = |value: &str, text: &str| {
        format!(
            "<p><a href=\"?{query}&amp;as={}\">{}</a></p>",
            escaped(value),
            escaped(text)
        )
    };
    let members: String = members.iter().map(|userid| link(userid, userid)).collect();
    let outsider = link(OUTSIDER, "somebody who is no member");
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><link rel=\"icon\" href=\"data:,\">\
         <style>a{{display:inline-block;padding:.75rem}}</style><title>Local WeChat Work: sign in</title></head>\
         <body><h1>Who are you?</h1>{members}{outsider}</body></html>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

/// Page of the service's that says what is wrong. Nobody is sent on.
fn refused(Refusal { code, text }: Refusal) -> Response<Body> {
    let page = format!("<!doctype html><title>{code}</title><p>{text} ({code})</p>");
    (StatusCode::OK, Html(page)).into_response()
}

/// Trusted domain that an app gets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trusted {
    agent_id: i64,
    domain: String,
}

/// `/control/trusted-domains`.
async fn trust(
    State(shared): State<Arc<Shared>>,
    Json(Trusted { agent_id, domain }): Json<Trusted>,
) -> StatusCode {
    shared.world(|world| world.sign_ins.trusted_domains.insert(agent_id, domain));
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct CodeQuery {
    access_token: Option<String>,
    #[serde(default)]
    code: String,
}

/// `auth/getuserinfo`.
async fn get_user_info(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Query(query): Query<CodeQuery>,
) -> Response<Body> {
    let work = |world: &mut World, now| {
        let token = query.access_token.as_deref();
        let app = authorize(world, Call::GetUserInfo, peer.ip(), now, token)?;
        whose(world, app.agent_id, &query.code, now)
    };
    answer(&shared, Call::GetUserInfo, peer.ip(), work).await
}

fn whose(world: &mut World, agent_id: i64, code: &str, now: Instant) -> Result<Value, Refusal> {
    match world.sign_ins.take(code, agent_id, now) {
        Some(Whose::Member(userid)) => {
            Ok(json!({ "errcode": 0, "errmsg": "ok", "userid": userid }))
        }
        Some(Whose::Outsider) => Ok(
            json!({ "errcode": 0, "errmsg": "ok", "openid": "oOutsider", "external_userid": "wmOutsider" }),
        ),
        None => Err(refusal(40029, "invalid code")),
    }
}
