//! Kinds of messages and events (pages 90239 and 90240).

use std::fmt;

use secrecy::SecretString;

use super::error::XmlFault;
use super::xml::Element;

/// What a member wrote or pressed, or what WeChat Work reports about the app.
#[derive(Clone, Debug)]
pub enum Incoming {
    /// Member wrote a text to the app (`text`).
    Text(TextMessage),
    /// Member pressed a button of a card, or submitted it (`template_card_event`).
    CardEvent(CardEvent),
    /// Member chose an entry of the menu in a card's corner (`template_card_menu_event`).
    CardMenuEvent(CardEvent),
    /// Member opened the app (`enter_agent`).
    EnterAgent,
    /// Member came into the app's visible range (`subscribe`).
    Subscribe,
    /// Member left the app's visible range (`unsubscribe`).
    Unsubscribe,
    /// App was not used for long, and will be switched off (`inactive_alert`).
    InactiveAlert {
        /// Time at which it will be, in seconds since the Unix epoch, where the event says it.
        effect_time: Option<u64>,
    },
    /// App was switched off because it was not used (`close_inactive_agent`). Sends fail until an administrator switches it on.
    CloseInactiveAgent,
    /// App that was switched off is on again (`reopen_inactive_agent`).
    ReopenInactiveAgent,
    /// Any other message or event. [`Received::xml`](super::Received::xml) has all of it.
    Other {
        /// Kind of message, such as `image`; `event` for events.
        msg_type: String,
        /// Name of the event, such as `batch_job_result`; empty for messages.
        event: String,
    },
}

/// Text that a member wrote. `Debug` leaves out the text.
#[derive(Clone, PartialEq, Eq)]
pub struct TextMessage {
    /// Text as it was written.
    pub content: String,
    /// Id of the message.
    pub msg_id: u64,
}

/// Press on a card. `Debug` leaves out the response code.
#[derive(Clone, Debug)]
pub struct CardEvent {
    /// Key of the button, of the submit button, or of the menu's entry.
    pub event_key: String,
    /// Task id of the card, as it was sent.
    pub task_id: String,
    /// Kind of card, such as `button_interaction`; empty where the event does not say it.
    pub card_type: String,
    /// Code with which the card can be updated, once and within 72 hours. Each press brings another.
    pub response_code: Option<SecretString>,
    /// Answers to the card's questions, in its order.
    pub selected_items: Vec<SelectedItem>,
}

/// Answer to a question of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectedItem {
    /// Key of the question.
    pub question_key: String,
    /// Ids of the options that were chosen; none where the member chose none.
    pub option_ids: Vec<String>,
}

impl Incoming {
    pub(super) fn read(root: &Element) -> Result<Self, XmlFault> {
        let msg_type = root.needed("MsgType")?;
        let event = root.text_of("Event")?;
        Ok(match (msg_type, event) {
            ("text", _) => Self::Text(TextMessage {
                content: root.text_of("Content")?.to_owned(),
                msg_id: root.number("MsgId")?.ok_or(XmlFault::Missing("MsgId"))?,
            }),
            ("event", "template_card_event") => Self::CardEvent(CardEvent::read(root)?),
            ("event", "template_card_menu_event") => Self::CardMenuEvent(CardEvent::read(root)?),
            ("event", "enter_agent") => Self::EnterAgent,
            ("event", "subscribe") => Self::Subscribe,
            ("event", "unsubscribe") => Self::Unsubscribe,
            ("event", "inactive_alert") => Self::InactiveAlert {
                effect_time: root.number("EffectTime")?,
            },
            ("event", "close_inactive_agent") => Self::CloseInactiveAgent,
            ("event", "reopen_inactive_agent") => Self::ReopenInactiveAgent,
            _ => Self::Other {
                msg_type: msg_type.to_owned(),
                event: event.to_owned(),
            },
        })
    }
}

impl CardEvent {
    fn read(root: &Element) -> Result<Self, XmlFault> {
        let code = root.text_of("ResponseCode")?;
        let items = root.child("SelectedItems")?;
        Ok(Self {
            event_key: root.needed("EventKey")?.to_owned(),
            task_id: root.needed("TaskId")?.to_owned(),
            card_type: root.text_of("CardType")?.to_owned(),
            response_code: (!code.is_empty()).then(|| code.into()),
            selected_items: items
                .into_iter()
                .flat_map(|items| items.all("SelectedItem"))
                .map(SelectedItem::read)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl SelectedItem {
    fn read(item: &Element) -> Result<Self, XmlFault> {
        let options = item.child("OptionIds")?;
        Ok(Self {
            question_key: item.needed("QuestionKey")?.to_owned(),
            option_ids: options
                .into_iter()
                .flat_map(|options| options.all("OptionId"))
                .map(|option| option.text().to_owned())
                .collect(),
        })
    }
}

impl fmt::Debug for TextMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextMessage")
            .field("msg_id", &self.msg_id)
            .finish_non_exhaustive()
    }
}
