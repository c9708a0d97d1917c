//! Passive replies: what an app may say in its answer to a callback (page 90241).
//!
//! For cards the documentation contradicts itself on whether a reply has an effect. A setting gives one that greys the button its effect; all others are
//! only read and checked.

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
        /// Text of the grey button that takes the buttons' place, for `update_button`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replace_name: Option<String>,
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
    valid(target, body).unwrap_or_else(|problem| PassiveReply::Invalid { problem })
}

fn valid(target: &Target, body: &[u8]) -> Result<PassiveReply, String> {
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
    let replace_name = match msgtype.as_str() {
        "update_button" => Some(part("ReplaceName")?),
        _ => None,
    };
    Ok(PassiveReply::Valid {
        msgtype,
        replace_name,
    })
}
