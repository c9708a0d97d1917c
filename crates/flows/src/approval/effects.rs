//! What an approval sends: messages to those who decide, and what was approved.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Action, ActionId, ActionType, ProviderName};
use serde_json::value::RawValue;

use super::body::Approval;
use super::ids::{approved_id, notice_id};
use super::people::Person;
use crate::card::{Card, card_name};
use crate::kind::{Due, Effect, InvalidBody, Looked};

/// Type of the actions that tell people.
pub const NOTICE_TYPE: &str = "approval_notification";

/// Time after the end of an approval's own for which its cards are kept: as long as a handle to change one works.
const CARD_LIVES: Duration = Duration::from_hours(72);

/// Message to one who decides.
#[derive(Clone, Copy)]
pub struct Notice<'a> {
    /// Id of the approval.
    pub id: &'a str,
    /// Approval itself.
    pub approval: &'a Approval,
    /// Provider that the message goes through.
    pub provider: &'a ProviderName,
    /// Person that it goes to; `None` where nobody is named.
    pub person: Option<&'a Person>,
    /// Why they are told.
    pub reason: Reason,
    /// Id of the card with buttons that the message may be; `None` where it is to have a link alone.
    pub card: Option<&'a str>,
}

/// Message as it was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// Payload.
    pub payload: Box<RawValue>,
    /// Whether it is the card with buttons that it may be.
    pub is_card: bool,
}

/// Why somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// They may decide.
    Asked,
    /// They may decide, since others have not.
    Escalated,
    /// They have not decided.
    Reminded,
}

/// Writer of messages, each in the best form of its provider, with a link to decide by.
pub trait WriteNotices: Send + Sync {
    /// Payload of a message; `None` where its provider has no way to that person alone.
    fn payload(&self, notice: &Notice<'_>) -> Result<Option<Written>, InvalidBody>;
}

/// Messages of an approval.
pub(super) struct Notices<'a>(&'a dyn WriteNotices);

impl<'a> Notices<'a> {
    pub(super) fn new(writer: &'a dyn WriteNotices) -> Self {
        Self(writer)
    }

    /// Message to a person in a round, the first of which is 0, and whether it is a card.
    pub(super) fn notice(
        &self,
        flow: &Looked<'_>,
        notice: &Notice<'_>,
        (round, person): (u32, usize),
    ) -> Result<Option<(Effect, bool)>, InvalidBody> {
        let Some(Written { payload, is_card }) = self.0.payload(notice)? else {
            return Ok(None);
        };
        let action_type = ActionType::parse(NOTICE_TYPE)
            .map_err(|error| InvalidBody(format!("of an approval: {error}")))?;
        let approval = notice.approval;
        let action = Action {
            id: notice_id(flow.id, round, person)?,
            provider: notice.provider.clone(),
            action_type,
            payload,
            ..bare(approval, flow, approval.origin.id.clone())
        };
        let effect = match notice.card.filter(|_| is_card) {
            Some(card) => begin_card(approval, (card, notice), action, flow)?,
            None => admit(approval, action, flow),
        };
        Ok(Some((effect, is_card)))
    }
}

/// Flow of a card, which sends it and follows what becomes of it.
fn begin_card(
    approval: &Approval,
    (card, notice): (&str, &Notice<'_>),
    action: Action,
    flow: &Looked<'_>,
) -> Result<Effect, InvalidBody> {
    let message = (action, approval.requester.clone());
    let until = approval.expires_due + CARD_LIVES;
    let body = Card::new(flow.id, notice.person, message, until).to_json()?;
    Ok(Effect::Begin {
        name: card_name(card),
        status: "open",
        body,
        due: Due::Counted(flow.due_now),
    })
}

/// Action that was approved: what was posted, under an id of its own.
pub(super) fn approved(approval: &Approval, flow: &Looked<'_>) -> Result<Effect, InvalidBody> {
    Ok(admit(approval, approval.approved_action(flow.id)?, flow))
}

impl Approval {
    /// Action that goes once it is approved, under an id of its own.
    pub fn approved_action(&self, id: &str) -> Result<Action, InvalidBody> {
        Ok(Action {
            id: approved_id(id)?,
            ..self.origin.clone().unsigned()
        })
    }
}

fn admit(approval: &Approval, action: Action, flow: &Looked<'_>) -> Effect {
    Effect::Admit {
        action: Arc::new(action),
        since: flow.now,
        requester: approval.requester.clone(),
    }
}

/// Action with the labels and the urgency of what is asked for: silences and rules see what it is about.
fn bare(approval: &Approval, flow: &Looked<'_>, id: ActionId) -> Action {
    let origin = &approval.origin;
    Action {
        id,
        namespace: flow.namespace.clone(),
        tenant: flow.tenant.clone(),
        provider: origin.provider.clone(),
        action_type: origin.action_type.clone(),
        payload: RawValue::NULL.to_owned(),
        metadata: origin.metadata.clone(),
        dedup_key: None,
        status: None,
        fingerprint: None,
        starts_at: None,
        ends_at: None,
        created_at: flow.now,
        expires_at: None,
        template: None,
        priority: origin.priority,
        scheduled_at: None,
        delay_seconds: None,
        attachments: Vec::new(),
        signature: None,
        signer_id: None,
        kid: None,
    }
}
