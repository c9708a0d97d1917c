//! Payloads, and the messages made of them.
//!
//! A payload may have fields that no message has, such as those that rules read: they are not sent, and a warning names them. But a name that looks
//! like a misspelt field is refused if that field is missing: with a misspelt `touser` the message would go to the default recipients.

use acteon_core::similar::distance;
use acteon_core::{Action, ErrorKind, Prepared, ProviderError};
use acteon_wecom::{Content, Message, Recipients};
use serde_json::{Map, Value};

use super::config::{Config, MsgType};
use super::listed::listed;
use super::{attachments, elsewhere};
/// Shortest name, in bytes, for which one wrong letter is a slip: shorter names are close to many other words.
const LONG_NAME: usize = 6;
/// Most unknown fields that are compared with the missing ones. A payload with more of them was not written by hand.
const COMPARED: usize = 200;
/// Longest name, in bytes, that can be a slip for a field's.
const LONGEST_SLIP: usize = 24;

/// Fields of every message.
const COMMON: [&str; 6] = [
    "touser",
    "toparty",
    "totag",
    "msgtype",
    "safe",
    "event_action",
];
/// Fields of WeChat Work's own requests that the configuration decides here.
const CONFIGURED: [&str; 3] = [
    "agentid",
    "enable_duplicate_check",
    "duplicate_check_interval",
];

/// Provider that a payload was written for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WrittenFor {
    /// This provider, which the action names.
    This,
    /// Another one, which this provider stands in for: its payloads may have fields such as `to` or `user` of their own.
    Another,
}

/// Request of an action, with warnings about fields that are not sent. Errors when the payload is no message, with what to correct.
pub(super) fn prepare(
    config: &Config,
    action: &Action,
    written_for: WrittenFor,
) -> Result<Prepared, ProviderError> {
    let Ok(fields) = serde_json::from_str::<Map<String, Value>>(action.payload.get()) else {
        return Err(fault(
            "the payload must be a JSON object with the fields of a message, such as {\"content\": \"...\"}",
        ));
    };
    let fields = Fields(&fields);
    if let Some(event) = fields
        .word("event_action")?
        .filter(|event| *event != "send")
    {
        return Err(fault(format!(
            "event_action must be \"send\", is {event:?}; WeChat Work messages have no other event"
        )));
    }
    let msgtype = msgtype(config, &fields)?;
    let warnings = fields.beside(config, msgtype, written_for)?;
    let given = [
        fields.ids("touser")?,
        fields.ids("toparty")?,
        fields.ids("totag")?,
    ];
    let recipients =
        Recipients::resolve(given, &config.defaults).map_err(|error| fault(error.to_string()))?;
    let message = Message {
        recipients,
        agentid: config.agent_id,
        content: content(msgtype, &fields)?,
        safe: u8::from(fields.flag("safe")?.unwrap_or(config.safe)),
        enable_id_trans: None,
        enable_duplicate_check: config.duplicate_check.map(|_| 1),
        duplicate_check_interval: config.duplicate_check,
    };
    let mut ready = message
        .ready(config.overflow, config.language)
        .map_err(|error| fault(error.to_string()))?;
    ready.warnings.extend(warnings);
    ready.warnings.extend(attachments::warning(action));
    let recipients = ready
        .message
        .recipients
        .members()
        .into_iter()
        .map(|member| format!("{}/{member}", config.agent_id))
        .collect();
    Ok(Prepared {
        bytes: ready.message.to_bytes(),
        recipients,
        warnings: ready.warnings,
        repeat_safe: config.duplicate_check.is_some(),
    })
}

/// Fields of a payload that its message has, or that are told apart from others; `None` where the payload is no message.
pub(super) fn heeded(config: &Config, action: &Action) -> Option<Vec<&'static str>> {
    let fields = serde_json::from_str::<Map<String, Value>>(action.payload.get()).ok()?;
    let of_type = msgtype(config, &Fields(&fields)).ok()?.fields();
    let all = COMMON.iter().chain(of_type).chain(&CONFIGURED);
    Some(all.copied().collect())
}

/// Recipients of a request by name: userids, `party/ID`, `tag/ID`, or only `@all`, beside which the service ignores departments and tags.
pub(super) fn addressees(prepared: &Prepared) -> Vec<String> {
    let Some(Message { recipients, .. }) = Message::from_bytes(&prepared.bytes) else {
        return prepared.budgeted().map(str::to_owned).collect();
    };
    if recipients.is_everybody() {
        return vec!["@all".to_owned()];
    }
    let Recipients {
        touser,
        toparty,
        totag,
    } = &recipients;
    let lists = [("", touser), ("party/", toparty), ("tag/", totag)];
    let named = |(kind, ids): (&'static str, &'_ String)| {
        ids.split('|')
            .filter(|id| !id.is_empty())
            .map(|id| format!("{kind}{id}"))
            .collect::<Vec<_>>()
    };
    lists.into_iter().flat_map(named).collect()
}

fn msgtype(config: &Config, fields: &Fields<'_>) -> Result<MsgType, ProviderError> {
    let Some(text) = fields.word("msgtype")? else {
        return Ok(config.default_msgtype);
    };
    MsgType::parse(text).ok_or_else(|| {
        fault(format!(
            "msgtype {text:?} is not supported; it must be \"text\", \"markdown\" or \"textcard\""
        ))
    })
}

fn content(msgtype: MsgType, fields: &Fields<'_>) -> Result<Content, ProviderError> {
    Ok(match msgtype {
        MsgType::Text => Content::text(fields.needed("content", msgtype)?),
        MsgType::Markdown => Content::markdown(fields.needed("content", msgtype)?),
        MsgType::Textcard => Content::textcard(acteon_wecom::Card {
            title: fields.needed("title", msgtype)?,
            description: fields.needed("description", msgtype)?,
            url: fields.needed("url", msgtype)?,
            btntxt: fields
                .text("btntxt")?
                .filter(|text| !text.trim().is_empty())
                .map(str::to_owned),
        }),
    })
}

/// Fields of a payload. A field that is `null` counts as missing.
struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Text of a field; `None` when it is missing. Errors when it is no text.
    fn text(&self, name: &str) -> Result<Option<&'a str>, ProviderError> {
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
    fn word(&self, name: &str) -> Result<Option<&'a str>, ProviderError> {
        let text = self.text(name)?.map(str::trim);
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// Ids of a field; `None` when it is missing. Errors when it is no text, with how to write it.
    fn ids(&self, name: &str) -> Result<Option<&'a str>, ProviderError> {
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
    fn flag(&self, name: &str) -> Result<Option<bool>, ProviderError> {
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
    fn needed(&self, name: &str, msgtype: MsgType) -> Result<String, ProviderError> {
        if let Some(text) = self.text(name)? {
            return Ok(text.to_owned());
        }
        // In WeChat Work's own requests it is one level deeper.
        let native = MsgType::ALL.iter().find(|(within, _)| {
            self.get(within)
                .is_some_and(|object| object.get(name).is_some())
        });
        Err(fault(match native {
            Some((within, _)) => {
                format!(
                    "{name} is missing: put it at the top of the payload, beside \"msgtype\": {within:?}, and not within {within:?}"
                )
            }
            None => format!("{name} is missing; a {} message needs it", msgtype.as_str()),
        }))
    }

    /// Warnings about the fields that no message has. Errors when one of them is a slip for a field that is missing.
    fn beside(
        &self,
        config: &Config,
        msgtype: MsgType,
        written_for: WrittenFor,
    ) -> Result<Vec<String>, ProviderError> {
        let known = || COMMON.iter().chain(msgtype.fields()).copied();
        let missing: Vec<Missing> = known()
            .filter(|known| self.get(known).is_none())
            .map(Missing::of)
            .collect();
        // Where the payload names recipients, they are the ones, whatever its other fields are called.
        let names_nobody = written_for == WrittenFor::This
            && ["touser", "toparty", "totag"]
                .iter()
                .all(|field| self.get(field).is_none());
        let mut unsent = Vec::new();
        let mut configured = Vec::new();
        for (name, value) in self.0 {
            if known().any(|known| known == name) {
                continue;
            }
            if names_nobody && let Some(meant) = elsewhere::meant(&plain(name), value) {
                return Err(fault(format!(
                    "{name:?} is not a field of a WeChat Work message: did you mean {meant:?}? It would go to the default recipients; if it \
                     names none, write whom it is for in \"touser\", \"toparty\" or \"totag\" beside it"
                )));
            }
            let is_compared = unsent.len() + configured.len() < COMPARED;
            if let Some(meant) = is_compared.then(|| meant(name, &missing)).flatten() {
                return Err(fault(format!(
                    "{name:?} is not a field of a WeChat Work message: did you mean {meant:?}?"
                )));
            }
            if name == "agentid" && is_number(value, config.agent_id) {
                continue;
            }
            let list = if CONFIGURED.contains(&name.as_str()) {
                &mut configured
            } else {
                &mut unsent
            };
            list.push(name.as_str());
        }
        let name = msgtype.as_str();
        let mut warnings = Vec::new();
        if !unsent.is_empty() {
            warnings.push(format!(
                "not sent, since a {name} message has no such field: {}",
                listed(&unsent)
            ));
        }
        if !configured.is_empty() {
            warnings.push(format!(
                "not taken from the payload, but from the provider's configuration: {}",
                listed(&configured)
            ));
        }
        Ok(warnings)
    }
}

/// Field that is missing from a payload, in the forms that names are compared with.
struct Missing {
    name: &'static str,
    plain: String,
    letters: Vec<char>,
}

impl Missing {
    fn of(name: &'static str) -> Self {
        let plain = plain(name);
        Self {
            name,
            letters: letters(&plain),
            plain,
        }
    }

    /// Whether a name was most likely meant to be this one: it is in the plural, has its letters in another order, or, if it is not short, one letter
    /// too many, missing or wrong. Payloads also have words of their own, such as `total` or `router`, which are no slips.
    fn is_meant_by(&self, name: &str) -> bool {
        let Self {
            plain,
            letters: own,
            ..
        } = self;
        if name.len().abs_diff(plain.len()) > 1 {
            return false;
        }
        let most = usize::from(plain.len() >= LONG_NAME);
        name.strip_suffix('s') == Some(plain)
            || letters(name) == *own
            || distance(name, plain) <= most
    }
}

/// Missing field that a name was most likely meant to be.
fn meant(name: &str, missing: &[Missing]) -> Option<&'static str> {
    if name.len() > LONGEST_SLIP {
        return None;
    }
    let name = plain(name);
    missing
        .iter()
        .find(|field| field.is_meant_by(&name))
        .map(|field| field.name)
}

/// Name in small letters, without the separators of its words.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Letters of a name in order, for names whose letters were swapped.
fn letters(name: &str) -> Vec<char> {
    let mut letters: Vec<char> = name.chars().collect();
    letters.sort_unstable();
    letters
}

fn is_number(value: &Value, number: u32) -> bool {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()) == Some(number.into())
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
