//! From a payload to a message.

use acteon_core::{Action, ErrorKind, Prepared, ProviderError};
use acteon_wecom::{Content, Message, Recipients};
use serde_json::{Map, Value};

use super::config::{Config, MsgType};

pub(super) fn prepare(config: &Config, action: &Action) -> Result<Prepared, ProviderError> {
    let Ok(fields) = serde_json::from_str::<Map<String, Value>>(action.payload.get()) else {
        return Err(fault("the payload must be a JSON object with the fields of a message, such as {\"content\": \"...\"}"));
    };
    let fields = Fields(&fields);
    if let Some(event) = fields.text("event_action")?.filter(|event| *event != "send") {
        return Err(fault(format!("event_action must be \"send\", is {event:?}; WeChat Work messages have no other event")));
    }
    let given = [fields.text("touser")?, fields.text("toparty")?, fields.text("totag")?];
    let recipients = Recipients::resolve(given, &config.defaults).map_err(|error| fault(error.to_string()))?;
    let message = Message {
        recipients,
        agentid: config.agent_id,
        content: content(config, &fields)?,
        safe: u8::from(config.safe),
        enable_duplicate_check: config.duplicate_check.map(|_| 1),
        duplicate_check_interval: config.duplicate_check,
    };
    let ready = message.ready(config.overflow).map_err(|error| fault(error.to_string()))?;
    let recipients = ready.message.recipients.members().into_iter().map(|member| format!("{}/{member}", config.agent_id)).collect();
    Ok(Prepared { bytes: ready.message.to_bytes(), recipients, warnings: ready.warnings, repeat_safe: config.duplicate_check.is_some() })
}

fn content(config: &Config, fields: &Fields<'_>) -> Result<Content, ProviderError> {
    let msgtype = match fields.text("msgtype")? {
        None => config.default_msgtype,
        Some(text) => MsgType::parse(text)
            .ok_or_else(|| fault(format!("msgtype {text:?} is not supported; it must be \"text\", \"markdown\" or \"textcard\"")))?,
    };
    Ok(match msgtype {
        MsgType::Text => Content::text(fields.needed("content", "text")?),
        MsgType::Markdown => Content::markdown(fields.needed("content", "markdown")?),
        MsgType::Textcard => Content::textcard(acteon_wecom::Card {
            title: fields.needed("title", "textcard")?,
            description: fields.needed("description", "textcard")?,
            url: fields.needed("url", "textcard")?,
            btntxt: fields.text("btntxt")?.filter(|text| !text.trim().is_empty()).map(str::to_owned),
        }),
    })
}

struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// The text of a field; `None` when it is absent or null.
    fn text(&self, name: &str) -> Result<Option<&'a str>, ProviderError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(fault(format!("{name} must be text, is {}", type_name(other)))),
        }
    }

    fn needed(&self, name: &str, msgtype: &str) -> Result<String, ProviderError> {
        let text = self.text(name)?;
        text.map(str::to_owned).ok_or_else(|| fault(format!("{name} is missing; a {msgtype} message needs it")))
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn fault(message: impl Into<String>) -> ProviderError {
    ProviderError::new(ErrorKind::Serialization, message)
}
