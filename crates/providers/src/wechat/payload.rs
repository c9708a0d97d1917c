//! Payloads, and the messages made of them.
//!
//! The fields of texts, markdown and text cards stand at the top of a payload. Other types have the object that WeChat Work's own requests have, beside
//! `msgtype`; of these all faults are told together. A payload may have fields that no message has, such as those that rules read (see
//! [`Beside`]).

use acteon_core::similar::nearest;
use acteon_core::{Action, Prepared, ProviderError};
use acteon_wecom::{Content, Message, MessageError, Reading, Recipients};
use serde_json::{Map, Value};

use super::attachments;
use super::beside::{Beside, COMMON, CONFIGURED, WrittenFor};
use super::config::{Config, MsgType};
use super::faults::Faults;
use super::fields::{Fields, fault};

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
    let mut faults = Faults::default();
    let beside = faults.keep(Beside::of(&fields, config, msgtype, written_for));
    let recipients = faults.keep(recipients(config, &fields));
    let reading = faults.keep(content(msgtype, &fields));
    let safe = faults.keep(safe(config, msgtype, &fields));
    let id_trans = faults.keep(fields.flag("enable_id_trans"));
    let mut beside = beside.unwrap_or_default();
    let ready = reading.map(|mut reading| {
        beside.add(&mut reading);
        let message = |content| Message {
            // Without them the content is checked all the same, and nothing is sent.
            recipients: recipients.unwrap_or_default(),
            agentid: config.agent_id,
            content,
            safe: safe.unwrap_or_default(),
            enable_id_trans: id_trans.flatten().filter(|is_on| *is_on).map(u8::from),
            enable_duplicate_check: config.duplicate_check.map(|_| 1),
            duplicate_check_interval: config.duplicate_check,
        };
        reading.ready(message, config.overflow, config.language)
    });
    let ready = match ready {
        Some(Ok(ready)) if faults.is_empty() => ready,
        Some(Err(MessageError::Content(error))) => {
            faults.extend(error.violations.iter().map(ToString::to_string));
            return Err(faults.told(msgtype));
        }
        Some(Err(error)) => {
            faults.extend([error.to_string()]);
            return Err(faults.told(msgtype));
        }
        Some(Ok(_)) | None => return Err(faults.told(msgtype)),
    };
    let mut warnings = ready.warnings;
    warnings.extend(beside.warnings(msgtype));
    warnings.extend(attachments::warning(action));
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
        warnings,
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

fn recipients(config: &Config, fields: &Fields<'_>) -> Result<Recipients, ProviderError> {
    let given = [
        fields.ids("touser")?,
        fields.ids("toparty")?,
        fields.ids("totag")?,
    ];
    Recipients::resolve(given, &config.defaults).map_err(|error| fault(error.to_string()))
}

fn msgtype(config: &Config, fields: &Fields<'_>) -> Result<MsgType, ProviderError> {
    let Some(text) = fields.word("msgtype")? else {
        return Ok(config.default_msgtype);
    };
    MsgType::parse(text).ok_or_else(|| {
        let names = MsgType::ALL.map(|(name, _)| name);
        let meant = nearest(text, names)
            .map(|name| format!("; did you mean {name:?}?"))
            .unwrap_or_default();
        let [before @ .., last] = names.map(|name| format!("{name:?}"));
        fault(format!(
            "msgtype {text:?} is not supported; it must be {} or {last}{meant}",
            before.join(", ")
        ))
    })
}

/// Value of `safe`. Only `mpnews` has a third one, 2, for articles that stay in the corporation.
fn safe(config: &Config, msgtype: MsgType, fields: &Fields<'_>) -> Result<u8, ProviderError> {
    let given = fields.get("safe").and_then(Value::as_u64);
    if msgtype == MsgType::Mpnews && given == Some(2) {
        return Ok(2);
    }
    Ok(u8::from(fields.flag("safe")?.unwrap_or(config.safe)))
}

fn content(msgtype: MsgType, fields: &Fields<'_>) -> Result<Reading, ProviderError> {
    let content = match msgtype {
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
        MsgType::Image
        | MsgType::Voice
        | MsgType::Video
        | MsgType::File
        | MsgType::News
        | MsgType::Mpnews
        | MsgType::TemplateCard
        | MsgType::MiniprogramNotice => return fields.object(msgtype),
    };
    Ok(Reading {
        content: Some(content),
        violations: Vec::new(),
        unknown: Vec::new(),
    })
}
