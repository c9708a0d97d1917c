//! Changes of cards that were sent: the payload of one, and its request.

use acteon_core::{Action, CardChange, ErrorKind, Prepared, ProviderError};
use acteon_wecom::Overflow;
use acteon_wecom::card::{
    CardChange as Change, CardRecipients, CardUpdate, QuoteArea, TemplateCard,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::handle::Sealer;
use super::link_message::plain;

/// What the ids of actions that change cards begin with. The gateway alone gives such ids.
const CHANGES: &str = "card:";

/// What the request of a change begins with, by which it is told from a message.
const MARK: &[u8] = b"{\"update_template_card\":";

/// Payload of a change, and its request as it is stored: with the handle in place of the response code.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    update_template_card: Update,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    /// Userid of the one member whose card it is; absent where everybody has the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    userid: Option<String>,
    handle: String,
    template_card: TemplateCard,
}

/// Payload that a card was sent with, as far as its change needs it.
#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    touser: Option<String>,
    template_card: TemplateCard,
}

/// Payload of an action that changes a card; `None` where it was no card with buttons.
pub(super) fn payload(change: &CardChange<'_>) -> Option<Box<RawValue>> {
    let sent: Sent = serde_json::from_str(change.sent.get()).ok()?;
    let TemplateCard::ButtonInteraction(mut card) = sent.template_card else {
        return None;
    };
    card.task_id.clear();
    card.replace_text = plain(change.label);
    card.quote_area = Some(QuoteArea {
        quote_text: plain(change.text),
        ..QuoteArea::default()
    });
    let request = Request {
        update_template_card: Update {
            userid: sent.touser,
            handle: change.handle.to_owned(),
            template_card: TemplateCard::from(card),
        },
    };
    serde_json::value::to_raw_value(&request).ok()
}

/// Request of an action that changes a card; `None` of every other action.
pub(super) fn prepare(action: &Action) -> Option<Result<Prepared, ProviderError>> {
    if !action.id.as_str().starts_with(CHANGES) {
        return None;
    }
    let request: Request = serde_json::from_str(action.payload.get()).ok()?;
    let bytes = serde_json::to_vec(&request)
        .map_err(|error| ProviderError::new(ErrorKind::Serialization, error.to_string()));
    Some(bytes.map(|bytes| Prepared {
        bytes,
        ..Prepared::default()
    }))
}

/// Whether a request is a change of a card.
pub(super) fn is_change(bytes: &[u8]) -> bool {
    bytes.starts_with(MARK)
}

/// Update that a request asks for. Errors when its handle does not open.
pub(super) fn update(
    bytes: &[u8],
    agentid: u32,
    sealer: &Sealer,
) -> Result<CardUpdate, ProviderError> {
    let wrong = |text: String| ProviderError::new(ErrorKind::Serialization, text);
    let request: Request = serde_json::from_slice(bytes).map_err(|error| {
        wrong(format!(
            "the request of a card's change cannot be read: {error}"
        ))
    })?;
    let Update {
        userid,
        handle,
        template_card,
    } = request.update_template_card;
    let response_code = sealer.open(&handle).ok_or_else(|| {
        wrong("the card cannot be changed any more: corp_secret was changed since".to_owned())
    })?;
    let update = CardUpdate {
        recipients: userid.map_or(CardRecipients::Everybody, |userid| CardRecipients::These {
            userids: vec![userid],
            partyids: Vec::new(),
            tagids: Vec::new(),
        }),
        agentid,
        response_code,
        change: Change::Card {
            template_card: Box::new(template_card),
            enable_id_trans: false,
        },
    };
    update
        .check(Overflow::Truncate)
        .map_err(|error| wrong(error.to_string()))?;
    Ok(update)
}
