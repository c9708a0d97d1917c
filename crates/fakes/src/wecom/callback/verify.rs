//! Verification of a callback URL (page 90930): the app decrypts a text and answers with it, within a second.

use std::time::Duration;

use acteon_http::Method;
use serde::{Deserialize, Serialize};

use super::send::request;
use super::target::{Sealed, Target};
use crate::wecom::clock::timed;
use crate::wecom::shared::Shared;

/// Longest time of an answer.
const DEADLINE: Duration = Duration::from_secs(1);
/// Most characters of an answer that a verification shows.
const MAX_SHOWN: usize = 1024;

/// What came of the verification of a URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    pub passed: bool,
    /// Status of the answer; none when there was no answer in time.
    pub status: Option<u16>,
    /// Beginning of the answer.
    pub body: String,
    /// Time until the whole answer was there.
    pub milliseconds: u64,
    /// Reason why it did not pass.
    pub problem: Option<String>,
}

/// Verifies the URL of an app. Errors when the app has none.
pub(in crate::wecom) async fn verify(
    shared: &Shared,
    agent_id: i64,
) -> Result<Verification, String> {
    let (target, text, sealed) = shared.world(|world| {
        let target = Target::of(world, agent_id)?;
        loop {
            let text = format!("{:019}", world.random() >> 1);
            let sealed = target.seal(world, &text);
            // The query must need percent-encoding: `+` and `/` of base64 get lost where it is missing.
            if sealed.text.contains('+') && sealed.text.contains('/') {
                return Ok::<_, String>((target, text, sealed));
            }
        }
    })?;
    let mut url = target.signed_url(&sealed);
    let Sealed { text: echostr, .. } = sealed;
    url.query_pairs_mut().append_pair("echostr", &echostr);
    let asked = request(shared, Method::GET, &url, None, DEADLINE);
    let (answer, milliseconds) = timed(asked).await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(problem) => {
            return Ok(Verification {
                passed: false,
                status: None,
                body: String::new(),
                milliseconds,
                problem: Some(problem),
            });
        }
    };
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    let problem = if answer.status.as_u16() != 200 {
        Some(format!("the answer is {}", answer.status))
    } else if body.trim() == text && body != text {
        Some("the answer has blanks around the text".to_owned())
    } else {
        (body != text).then(|| "the answer is not the text that was sealed".to_owned())
    };
    Ok(Verification {
        passed: problem.is_none(),
        status: Some(answer.status.as_u16()),
        body: body.chars().take(MAX_SHOWN).collect(),
        milliseconds,
        problem,
    })
}
