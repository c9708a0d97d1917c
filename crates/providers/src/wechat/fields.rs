//! Fields of a payload, one by one.

use acteon_core::{ErrorKind, ProviderError};
use acteon_wecom::{Content, Reading};
use serde_json::{Map, Value};

use super::config::MsgType;

/// Fields of a payload. A field that is `null` counts as missing.
pub(super) struct Fields<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Text of a field; `None` when it is missing. Errors when it is no text.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, ProviderError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(fault(format!(
                "{name} must be text, is {}",
                type_name(other)
            ))),
        }
    }

    /// Word of a field, which counts as missing when it is blank. (Blank ids mean nobody, and a blank content is an error.)
    pub(super) fn word(&self, name: &str) -> Result<Option<&'a str>, ProviderError> {
        let text = self.text(name)?.map(str::trim);
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// Ids of a field; `None` when it is missing. Errors when it is no text, with how to write it.
    pub(super) fn ids(&self, name: &str) -> Result<Option<&'a str>, ProviderError> {
        match self.get(name) {
            // The example is not from the payload: errors are logged and shown even where the field is redacted.
            Some(Value::Array(_)) => Err(fault(format!(
                "{name} must be text, is a list: join the ids with |, such as {:?}",
                if name == "touser" {
                    "zhangsan|lisi"
                } else {
                    "12|15"
                }
            ))),
            Some(Value::Number(_)) => Err(fault(format!(
                "{name} must be text, is a number: write it in quotes, such as \"12\""
            ))),
            _ => self.text(name),
        }
    }

    /// Flag of a field: `true` or `false`, or 1 or 0 as in WeChat Work's own requests.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ProviderError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::Number(number)) if number.as_u64().is_some_and(|number| number <= 1) => {
                Ok(Some(number.as_u64() == Some(1)))
            }
            Some(other) => Err(fault(format!(
                "{name} must be true or false, without quotes, is {}",
                type_name(other)
            ))),
        }
    }

    /// Text of a field that messages of this type must have.
    pub(super) fn needed(&self, name: &str, msgtype: MsgType) -> Result<String, ProviderError> {
        if let Some(text) = self.text(name)? {
            return Ok(text.to_owned());
        }
        // In WeChat Work's own requests it is one level deeper.
        let native = MsgType::TOP.iter().find(|(within, _)| {
            self.get(within)
                .is_some_and(|object| object.get(name).is_some())
        });
        let other = MsgType::ALL
            .iter()
            .find(|(within, _)| self.get(within).is_some_and(Value::is_object));
        Err(fault(match (native, other) {
            (Some((within, _)), _) => {
                format!(
                    "{name} is missing: put it at the top of the payload, beside \"msgtype\": {within:?}, and not within {within:?}"
                )
            }
            (None, Some((within, other))) if other.is_object() => {
                format!(
                    "{name} is missing; a {} message needs it: to send what is within {within:?}, write \"msgtype\": {within:?} beside it",
                    msgtype.as_str()
                )
            }
            (None, _) => format!("{name} is missing; a {} message needs it", msgtype.as_str()),
        }))
    }

    /// Content of a message that is an object of the name of its type, beside `msgtype`. A text that is such an object in JSON counts as one: fields
    /// that a profile renders are texts.
    pub(super) fn object(&self, msgtype: MsgType) -> Result<Reading, ProviderError> {
        let name = msgtype.as_str();
        let Some(value) = self.get(name) else {
            return Err(fault(format!(
                "{name} is missing: the message is an object of that name, such as \"msgtype\": {name:?}, {name:?}: {}",
                msgtype.example()
            )));
        };
        let rendered = value
            .as_str()
            .and_then(|text| serde_json::from_str::<Value>(text).ok());
        let object = rendered.as_ref().filter(|value| value.is_object());
        Content::read(name, object.unwrap_or(value))
            .ok_or_else(|| fault(format!("msgtype {name:?} is not supported")))
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

pub(super) fn fault(message: impl Into<String>) -> ProviderError {
    ProviderError::new(ErrorKind::Serialization, message)
}
