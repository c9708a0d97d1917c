//! Requests to act in the world.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::wecom::callback::{Deliver, Field};
use crate::wecom::card::face::Selected;

/// Press of a member on a card that they see.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Click {
    /// Message id of the card, or else its task id.
    #[serde(default)]
    pub msgid: Option<String>,
    #[serde(default)]
    pub task_id: Option<String>,
    pub userid: String,
    /// Key of the button, submit button, or entry of the menu.
    pub key: String,
    /// Answers to the card's questions, where they differ from those that it comes with.
    #[serde(default)]
    pub selected: Vec<Selected>,
    /// Whether the member's phone still shows the card as it was sent, whatever updated it since.
    #[serde(default)]
    pub stale: bool,
    #[serde(default)]
    pub deliver: Deliver,
}

/// Text that a member writes to an app.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Say {
    pub agent_id: i64,
    pub userid: String,
    pub text: String,
    #[serde(default)]
    pub deliver: Deliver,
}

/// Any other event, such as `enter_agent` or `inactive_alert`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    pub agent_id: i64,
    /// Name of the event.
    pub event: String,
    /// Member whom it is of; the service itself when absent.
    #[serde(default)]
    pub userid: Option<String>,
    /// Elements of its own, such as `EffectTime`.
    #[serde(default)]
    pub fields: BTreeMap<String, Field>,
    #[serde(default)]
    pub deliver: Deliver,
}

/// Reason why something cannot be done in this world. Its text says what, and what there is instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CannotAct(String);

impl fmt::Display for CannotAct {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for CannotAct {}

impl From<String> for CannotAct {
    fn from(text: String) -> Self {
        Self(text)
    }
}
