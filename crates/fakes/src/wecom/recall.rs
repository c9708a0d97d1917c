//! `message/recall` (page 94867).

use serde_json::{Value, json};

use super::reply::{Refusal, refusal};
use super::world::{App, World};

/// Time for which a message can be recalled, in milliseconds.
const RECALLABLE_MS: u64 = 24 * 3_600_000;

/// Recalls a message of the same app, so that no member sees it any more. One that was recalled before is recalled again without an error.
pub(super) fn recall(world: &mut World, app: &App, bytes: &[u8]) -> Result<Value, Refusal> {
    let body: Value = serde_json::from_slice(bytes)
        .map_err(|_| refusal(40058, "invalid Request Parameter: not json"))?;
    let msgid = body["msgid"].as_str().unwrap_or("");
    if msgid.is_empty() {
        return Err(refusal(40063, "msgid is empty"));
    }
    let now = world.millis();
    let message = world.message_mut(msgid);
    let message = message
        .filter(|message| message.agent_id == app.agent_id)
        .ok_or(refusal(40058, "invalid Request Parameter: msgid"))?;
    if now.saturating_sub(message.at) >= RECALLABLE_MS {
        return Err(refusal(42052, "msgid expired"));
    }
    message.recalled = true;
    Ok(json!({ "errcode": 0, "errmsg": "ok" }))
}
