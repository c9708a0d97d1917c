//! Answers to calls: what their work comes to, or the faults that they meet.

use std::future::pending;
use std::io::Write as _;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::{Call, Fault};
use super::reply::Refusal;
use super::shared::Shared;
use super::world::World;

/// Query of a call with a token.
#[derive(Deserialize)]
pub(super) struct TokenQuery {
    pub(super) access_token: Option<String>,
    pub(super) agentid: Option<String>,
}

/// Mark of an answer that is not sent: the connection is closed instead.
#[derive(Clone, Copy)]
pub(super) struct Cut;

/// Answer to a call: the result of its work, or of the fault that it meets.
pub(super) async fn answer(
    shared: &Shared,
    call: Call,
    caller: IpAddr,
    work: impl FnOnce(&mut World, Instant) -> Result<Value, Refusal>,
) -> Response<Body> {
    let (fault, latency) = shared.world(|world| {
        *world.counts.calls.entry(call).or_default() += 1;
        (
            world.faults.next(call),
            Duration::from_millis(world.settings.latency_ms),
        )
    });
    let delay = latency + fault.as_ref().map_or(Duration::ZERO, Fault::delay_before);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let done = || shared.world(|world| work_and_count(world, caller, work));
    match fault {
        None | Some(Fault::Delay(_)) => json_reply(&done()),
        Some(Fault::Errcode(code)) => json_reply(&shared.world(|world| {
            *world.counts.refused.entry(code).or_default() += 1;
            Refusal {
                code,
                text: "switched on",
            }
            .body(caller, world.trace())
        })),
        Some(Fault::Status(status)) => {
            let page = "<html><body><h1>Bad Gateway</h1></body></html>";
            (
                StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY),
                page,
            )
                .into_response()
        }
        Some(Fault::Garbage(text)) => text.into_response(),
        Some(Fault::Json(text)) => {
            ([(header::CONTENT_TYPE, "application/json")], text).into_response()
        }
        Some(Fault::Around(text)) => text.replacen('@', &done().to_string(), 1).into_response(),
        Some(Fault::Gzip) => {
            ([(header::CONTENT_ENCODING, "gzip")], compressed(&done())).into_response()
        }
        Some(Fault::Reset) => cut(),
        Some(Fault::CutAfterAccept) => {
            drop(done());
            cut()
        }
        Some(Fault::SlowAfterAccept(millis)) => {
            let reply = done();
            match millis {
                u64::MAX => pending().await,
                millis => tokio::time::sleep(Duration::from_millis(millis)).await,
            }
            json_reply(&reply)
        }
        Some(Fault::FormatWarning) => {
            let mut reply = done();
            reply["errmsg"] = json!("ok. Warning: wrong json format. ");
            json_reply(&reply)
        }
    }
}

fn work_and_count(
    world: &mut World,
    caller: IpAddr,
    work: impl FnOnce(&mut World, Instant) -> Result<Value, Refusal>,
) -> Value {
    match work(world, world.now()) {
        Ok(reply) => reply,
        Err(refusal) => {
            *world.counts.refused.entry(refusal.code).or_default() += 1;
            refusal.body(caller, world.trace())
        }
    }
}

fn json_reply(reply: &Value) -> Response<Body> {
    let mut response = (
        [(header::CONTENT_TYPE, "application/json; charset=UTF-8")],
        reply.to_string(),
    )
        .into_response();
    if let Some(code) = reply["errcode"].as_i64().filter(|code| *code != 0) {
        response
            .headers_mut()
            .insert("error-code", header::HeaderValue::from(code));
    }
    response
}

fn compressed(reply: &Value) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    drop(encoder.write_all(reply.to_string().as_bytes()));
    encoder.finish().unwrap_or_default()
}

fn cut() -> Response<Body> {
    let mut response = StatusCode::OK.into_response();
    response.extensions_mut().insert(Cut);
    response
}
