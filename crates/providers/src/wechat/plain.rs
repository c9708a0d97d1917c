//! Plain messages, in the place of what cannot be made.

use acteon_core::Action;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Fields that name recipients.
const RECIPIENTS: [&str; 3] = ["touser", "toparty", "totag"];

/// Payload of a text message to the recipients that an action names.
pub(super) fn plain_text(action: &Action, text: &str) -> Option<Box<RawValue>> {
    let mut fields = Map::new();
    let sent = serde_json::from_str::<Map<String, Value>>(action.payload.get()).ok();
    for (name, value) in sent.into_iter().flatten() {
        if RECIPIENTS.contains(&name.as_str()) {
            fields.insert(name, value);
        }
    }
    fields.insert("msgtype".to_owned(), "text".into());
    fields.insert("content".to_owned(), text.into());
    serde_json::value::to_raw_value(&fields).ok()
}
