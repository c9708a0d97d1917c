//! Body of a card: the message, and how far it came.

use acteon_core::{Action, ActionId, ProviderName, Requesters, Timestamp};
use serde::{Deserialize, Serialize};

use super::face::Face;
use crate::approval::Person;
use crate::kind::InvalidBody;

/// Version of the shape of bodies.
pub(super) const VERSION: u32 = 1;

/// Most handles that are kept: the documentation does not say whether a new one ends those before.
const MAX_HANDLES: usize = 3;

/// Most presses that are remembered, so that one that is told of again brings no handle a second time.
const MAX_PRESSES: usize = 20;

/// Body of a card.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Version of this shape.
    v: u32,
    /// Id of the approval that it asks about.
    pub approval: String,
    /// Person whose card it is; `None` where nobody is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
    /// Message.
    pub notice: Action,
    /// Who caused what is asked about.
    pub requester: Requesters,
    /// When the card is given up, in due time: nobody can change it any more then.
    pub(super) until: Timestamp,
    /// How far it came.
    pub(super) stage: Stage,
    /// What it says, as far as that is known.
    pub(super) face: Face,
    /// Handles by which it can be changed, sealed, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) handles: Vec<Handle>,
    /// Digests of the presses whose handles it got, the last of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    presses: Vec<String>,
    /// Number of changes and messages that it asked for.
    #[serde(default)]
    pub(super) changes: u32,
}

/// Handle of a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Handle {
    /// Handle, sealed.
    pub(super) sealed: String,
    /// When it came, in due time.
    pub(super) at: Timestamp,
}

/// How far a card came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// It is to be sent.
    Waiting,
    /// It is on its way.
    Sending,
    /// It arrived, and says what `face` is.
    Standing,
    /// It is being changed to a face by an action, beside so many handles that are older than the one that it uses.
    Changing(Face, ActionId, usize),
    /// It says what it will say, or never arrived.
    Over,
}

/// Press of a button of a card.
#[derive(Clone, Copy, Debug)]
pub struct Pressed<'a> {
    /// Digest of the event.
    pub event: &'a str,
    /// Handle that it brought, sealed.
    pub handle: Option<&'a str>,
    /// When it came, in due time.
    pub at: Timestamp,
}

impl Card {
    /// Card that is to be sent.
    pub(crate) fn new(
        approval: &str,
        person: Option<&Person>,
        (notice, requester): (Action, Requesters),
        until: Timestamp,
    ) -> Self {
        Self {
            v: VERSION,
            approval: approval.to_owned(),
            person: person.cloned(),
            notice,
            requester,
            until,
            stage: Stage::Waiting,
            face: Face::Asks,
            handles: Vec::new(),
            presses: Vec::new(),
            changes: 0,
        }
    }

    /// Card of a body.
    pub fn read(body: &str) -> Result<Self, InvalidBody> {
        serde_json::from_str(body).map_err(|error| InvalidBody(format!("of a card: {error}")))
    }

    /// Body as it is to be stored.
    pub fn to_json(&self) -> Result<String, InvalidBody> {
        serde_json::to_string(self).map_err(|error| InvalidBody(format!("of a card: {error}")))
    }

    /// Provider that it goes through.
    pub const fn provider(&self) -> &ProviderName {
        &self.notice.provider
    }

    /// Takes the handle that a press brought, which is used before the older ones; `false` where it did so already.
    pub fn take_press(&mut self, press: Pressed<'_>) -> bool {
        if self.presses.iter().any(|known| known == press.event) {
            return false;
        }
        if self.presses.len() >= MAX_PRESSES {
            self.presses.remove(0);
        }
        self.presses.push(press.event.to_owned());
        if let Some(sealed) = press.handle {
            self.take_handle(sealed.to_owned(), press.at);
        }
        // Who can press it has it, also where its send failed and was done over.
        let says_its_end = matches!(self.face, Face::Over(_));
        if self.stage == Stage::Sending || (self.stage == Stage::Over && !says_its_end) {
            self.stage = Stage::Standing;
        }
        true
    }

    /// Takes a handle, in the place of the oldest where there are many.
    pub(super) fn take_handle(&mut self, sealed: String, at: Timestamp) {
        if self.handles.len() >= MAX_HANDLES {
            self.handles.remove(0);
        }
        self.handles.push(Handle { sealed, at });
    }

    /// Action that it waits for.
    pub(super) const fn awaited(&self) -> Option<&ActionId> {
        match &self.stage {
            Stage::Waiting | Stage::Standing | Stage::Over => None,
            Stage::Sending => Some(&self.notice.id),
            Stage::Changing(_, id, _) => Some(id),
        }
    }
}
