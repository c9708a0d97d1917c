//! One callback: posted until a 200 comes back, or it was tried often enough.

use std::time::Duration;

use acteon_http::{
    HeaderMap, HeaderValue, LinkLocal, Method, ProxyChoice, Received, Request, StatusCode, Url,
    header,
};
use serde::{Deserialize, Serialize};

use super::reply::{self, PassiveReply};
use super::target::{Sealed, Target};
use super::xml;
use crate::wecom::clock::timed;
use crate::wecom::shared::Shared;

/// Most bytes of an app's answer that are read.
const MAX_ANSWER: usize = 64 * 1024;

/// One request to an app, and what came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    /// Number of the copy, from 1.
    pub copy: u32,
    /// Status of the answer; none when there was no answer in time.
    pub status: Option<u16>,
    /// Reason why it is tried again; none when it arrived.
    pub problem: Option<String>,
    /// Time until the whole answer was there.
    pub milliseconds: u64,
    pub reply: PassiveReply,
}

/// Answer of an app to one request.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

/// How often and how long a callback is tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Requests after the first that failed.
    pub(super) retries: u32,
    pub(super) timeout: Duration,
    /// Time between two requests.
    pub(super) pause: Duration,
}

/// Posts a text to an app until it answers 200. Each try is sealed for itself, so that only the decrypted text is the same.
pub(super) async fn send(
    shared: &Shared,
    agent_id: i64,
    text: &str,
    copy: u32,
    patience: Patience,
) -> Vec<Try> {
    let mut tries = Vec::new();
    for number in 0..=patience.retries {
        if number > 0 {
            tokio::time::sleep(patience.pause).await;
        }
        let (answer, milliseconds) = timed(post(shared, agent_id, text, patience)).await;
        let latest = match answer {
            Ok((status, reply)) => Try {
                copy,
                status: Some(status.as_u16()),
                problem: (status != StatusCode::OK).then(|| format!("the answer is {status}")),
                milliseconds,
                reply,
            },
            Err(problem) => Try {
                copy,
                status: None,
                problem: Some(problem),
                milliseconds,
                reply: PassiveReply::None,
            },
        };
        let arrived = latest.problem.is_none();
        tries.push(latest);
        if arrived {
            break;
        }
    }
    tries
}

async fn post(
    shared: &Shared,
    agent_id: i64,
    text: &str,
    patience: Patience,
) -> Result<(StatusCode, PassiveReply), String> {
    let (target, sealed) = shared.world(|world| {
        let target = Target::of(world, agent_id)?;
        let sealed = target.seal(world, text);
        Ok::<_, String>((target, sealed))
    })?;
    let url = target.signed_url(&sealed);
    let body = Some(envelope(&target, &sealed));
    let answer = request(shared, Method::POST, &url, body, patience.timeout).await?;
    let reply = match answer.status {
        StatusCode::OK => reply::read(&target, &answer.body),
        _ => PassiveReply::None,
    };
    Ok((answer.status, reply))
}

fn envelope(target: &Target, sealed: &Sealed) -> Vec<u8> {
    let parts = [
        xml::text("ToUserName", &target.corp_id),
        xml::text("AgentID", &target.agent_id.to_string()),
        xml::text("Encrypt", &sealed.text),
    ];
    xml::around("xml", &parts.concat()).into_bytes()
}

/// Sends one request to an app. Errors when the whole answer did not come in time.
pub(super) async fn request(
    shared: &Shared,
    method: Method,
    url: &Url,
    body: Option<Vec<u8>>,
    timeout: Duration,
) -> Result<Answer, String> {
    let choice = ProxyChoice::default_for(url);
    let remote = shared.clients.remote(url, choice, LinkLocal::Allowed);
    let remote = remote.map_err(|error| error.to_string())?;
    let address = remote.address(url.as_str());
    let address = address.map_err(|error| error.to_string())?;
    let mut headers = HeaderMap::new();
    if body.is_some() {
        let xml = HeaderValue::from_static("text/xml");
        headers.insert(header::CONTENT_TYPE, xml);
    }
    let request = Request {
        method,
        address,
        headers,
        body,
        timeout,
    };
    let response = remote.send(request).await;
    let response = response.map_err(|failure| failure.to_string())?;
    let status = response.status();
    match response.body(MAX_ANSWER).await {
        Received { bytes, cut: None } => Ok(Answer {
            status,
            body: bytes,
        }),
        Received { cut: Some(cut), .. } => Err(format!("the answer was cut off: {cut:?}")),
    }
}
