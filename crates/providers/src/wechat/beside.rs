//! Fields beside those of a message: they are not sent, and a warning names them. But a name that looks like a misspelt field is refused if that field is
//! missing: with a misspelt `touser` the message would go to the default recipients.

use acteon_core::ProviderError;
use acteon_wecom::{Fault, Reading, Violation};
use serde_json::Value;

use super::config::{Config, MsgType};
use super::elsewhere;
use super::fields::{Fields, fault};
use super::listed::{listed, short};
use super::slips::{Missing, meant, plain};

/// Most unknown fields that are compared with the missing ones. A payload with more of them was not written by hand.
const COMPARED: usize = 200;

/// Fields of every message.
pub(super) const COMMON: [&str; 7] = [
    "touser",
    "toparty",
    "totag",
    "msgtype",
    "safe",
    "enable_id_trans",
    "event_action",
];
/// Fields of WeChat Work's own requests that the configuration decides here.
pub(super) const CONFIGURED: [&str; 3] = [
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

/// Names of the fields that are not sent.
#[derive(Default)]
pub(super) struct Beside {
    unsent: Vec<String>,
    configured: Vec<String>,
}

impl Beside {
    /// Fields of a payload that no message has. Errors when one of them is a slip for a field that is missing.
    pub(super) fn of(
        fields: &Fields<'_>,
        config: &Config,
        msgtype: MsgType,
        written_for: WrittenFor,
    ) -> Result<Self, ProviderError> {
        let known = || COMMON.iter().chain(msgtype.fields()).copied();
        let missing: Vec<Missing> = known()
            .filter(|known| fields.get(known).is_none())
            .map(Missing::of)
            .collect();
        // Where the payload names recipients, they are the ones, whatever its other fields are called.
        let names_nobody = written_for == WrittenFor::This
            && ["touser", "toparty", "totag"]
                .iter()
                .all(|field| fields.get(field).is_none());
        let mut beside = Self::default();
        for (name, value) in fields.0 {
            if known().any(|known| known == name) {
                continue;
            }
            if names_nobody && let Some(meant) = elsewhere::meant(&plain(name), value) {
                return Err(fault(format!(
                    "{name:?} is not a field of a WeChat Work message: did you mean {meant:?}? It would go to the default recipients; if it \
                     names none, write whom it is for in \"touser\", \"toparty\" or \"totag\" beside it"
                )));
            }
            let is_compared = beside.unsent.len() + beside.configured.len() < COMPARED;
            if let Some(meant) = is_compared.then(|| meant(name, &missing)).flatten() {
                return Err(fault(format!(
                    "{name:?} is not a field of a WeChat Work message: did you mean {meant:?}?"
                )));
            }
            if name == "agentid" && is_number(value, config.agent_id) {
                continue;
            }
            let list = if CONFIGURED.contains(&name.as_str()) {
                &mut beside.configured
            } else {
                &mut beside.unsent
            };
            list.push(short(name));
        }
        Ok(beside)
    }

    /// Adds the fields within a message's object that it does not have. One that is a slip is a fault of the reading.
    pub(super) fn add(&mut self, reading: &mut Reading) {
        for unknown in &reading.unknown {
            let missing: Vec<Missing> = unknown.missing.iter().copied().map(Missing::of).collect();
            let path = format!("{}.{}", unknown.object, short(&unknown.name));
            match meant(&unknown.name, &missing) {
                Some(meant) => reading.violations.push(Violation {
                    path,
                    fault: Fault::Slip(meant),
                }),
                None => self.unsent.push(path),
            }
        }
    }

    /// Warnings about the fields.
    pub(super) fn warnings(&self, msgtype: MsgType) -> Vec<String> {
        let name = msgtype.as_str();
        let mut warnings = Vec::new();
        if !self.unsent.is_empty() {
            warnings.push(format!(
                "not sent, since a {name} message has no such field: {}",
                listed(&self.unsent)
            ));
        }
        if !self.configured.is_empty() {
            warnings.push(format!(
                "not taken from the payload, but from the provider's configuration: {}",
                listed(&self.configured)
            ));
        }
        warnings
    }
}

fn is_number(value: &Value, number: u32) -> bool {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()) == Some(number.into())
}
