//! Messages with a link, as text cards.

use acteon_core::{LinkMessage, NoRecipient};
use serde_json::json;
use serde_json::value::RawValue;

/// Payload of a text card with a link, to one member or to whom the configuration says.
pub(super) fn textcard_with_link(message: &LinkMessage<'_>) -> Result<Box<RawValue>, NoRecipient> {
    // WeChat Work knows no escapes: letters of full width look alike, and begin no tag.
    let plain = |text: &str| text.replace('<', "\u{ff1c}").replace('>', "\u{ff1e}");
    let mut payload = json!({
        "msgtype": "textcard",
        "title": plain(message.title),
        "description": plain(message.text),
        "url": message.url,
        "btntxt": message.button,
    });
    if let Some(person) = &message.person {
        let userid = person.wechat.ok_or(NoRecipient)?;
        // A bar would make two members of it, and the word for all everybody.
        if userid.contains('|') || userid.eq_ignore_ascii_case("@all") {
            return Err(NoRecipient);
        }
        payload["touser"] = userid.into();
        payload["toparty"] = "".into();
        payload["totag"] = "".into();
    }
    RawValue::from_string(payload.to_string()).map_err(|_| NoRecipient)
}
