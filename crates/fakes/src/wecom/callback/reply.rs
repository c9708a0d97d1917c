//! Passive replies: what an app may say in its answer to a callback (page 90241).
//!
//! They are read and checked, and have no effect: for cards the documentation contradicts itself on whether they have one, and an app that relies on
//! `update_template_card` is right either way.

use serde::{Deserialize, Serialize};

use super::codec;
use super::target::Target;
use super::xml;

/// Types that a reply may have.
const TYPES: [&str; 7] = [
    "text",
    "image",
    "voice",
    "video",
    "news",
    "update_button",
    "update_template_card",
];

/// Passive reply of an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PassiveReply {
    /// The answer is empty, as it should be.
    None,
    /// The answer is a sealed reply.
    Valid {
        msgtype: String,
    },
    Invalid {
        problem: String,
    },
}

/// Reads the body of an answer.
pub(super) fn read(target: &Target, body: &[u8]) -> PassiveReply {
    if body.is_empty() {
        return PassiveReply::None;
    }
    match msgtype(target, body) {
        Ok(msgtype) => PassiveReply::Valid { msgtype },
        Err(problem) => PassiveReply::Invalid { problem },
    }
}

fn msgtype(target: &Target, body: &[u8]) -> Result<String, String> {
    let body = std::str::from_utf8(body).map_err(|_| "the answer is no UTF-8")?;
    let part = |name: &str| xml::find(body, name).ok_or_else(|| format!("it has no {name}"));
    let sealed = part("Encrypt")?;
    let (timestamp, nonce) = (part("TimeStamp")?, part("Nonce")?);
    let signature = codec::signature(&target.token, &timestamp, &nonce, &sealed);
    if part("MsgSignature")? != signature {
        return Err("its signature is wrong".into());
    }
    let inside = codec::open(&target.key, &sealed, &target.corp_id)?;
    let part = |name: &str| {
        let found = xml::find(&inside, name).filter(|text| !text.is_empty());
        found.ok_or_else(|| format!("what was sealed has no {name}"))
    };
    part("ToUserName")?;
    part("CreateTime")?;
    if part("FromUserName")? != target.corp_id {
        return Err("FromUserName is not the corporation".into());
    }
    let msgtype = part("MsgType")?;
    if !TYPES.contains(&msgtype.as_str()) {
        return Err(format!("MsgType {msgtype:?} is none that a reply may have"));
    }
    Ok(msgtype)
}
