//! Checks of a whole card (pages 90236 and 94888).

use serde_json::Value;

use super::fields::Part;
use super::parts;
use crate::wecom::reply::{Refusal, refusal};

/// Kind of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::wecom) enum Kind {
    TextNotice,
    NewsNotice,
    ButtonInteraction,
    VoteInteraction,
    MultipleInteraction,
}

impl Kind {
    /// Kind of a `card_type`.
    pub(in crate::wecom) fn of(card_type: &str) -> Option<Self> {
        match card_type {
            "text_notice" => Some(Self::TextNotice),
            "news_notice" => Some(Self::NewsNotice),
            "button_interaction" => Some(Self::ButtonInteraction),
            "vote_interaction" => Some(Self::VoteInteraction),
            "multiple_interaction" => Some(Self::MultipleInteraction),
            _ => None,
        }
    }

    /// Whether members answer with it, so that it always has a task id.
    pub(in crate::wecom) fn asks(self) -> bool {
        match self {
            Self::TextNotice | Self::NewsNotice => false,
            Self::ButtonInteraction | Self::VoteInteraction | Self::MultipleInteraction => true,
        }
    }
}

/// What a card is checked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::wecom) enum Purpose {
    /// It is sent, and has a task id where it calls back.
    Send,
    /// It replaces another card, whose task id stays, and needs no button to submit with.
    Update,
}

/// What the service knows of a card after its checks.
pub(in crate::wecom) struct Checked<'a> {
    pub(in crate::wecom) task_id: Option<&'a str>,
    /// Whether pressing something on it calls back, so that it has response codes and its app needs a callback URL.
    pub(in crate::wecom) calls_back: bool,
}

/// Checks a card. Errors with the code of its first fault.
pub(in crate::wecom) fn check(card: &Value, purpose: Purpose) -> Result<Checked<'_>, Refusal> {
    let card = Part::read(card)?.ok_or(refusal(41016, "missing template_card"))?;
    let kind = Kind::of(card.text("card_type")?).ok_or(refusal(42031, "invalid card_type"))?;
    parts::source(card)?;
    let menu = match kind {
        Kind::TextNotice => text_notice(card)?,
        Kind::NewsNotice => news_notice(card)?,
        Kind::ButtonInteraction => button_interaction(card)?,
        Kind::VoteInteraction => {
            parts::main_title(card)?;
            parts::checkbox(card)?;
            false
        }
        Kind::MultipleInteraction => {
            parts::main_title(card)?;
            parts::selects(card)?;
            false
        }
    };
    if matches!(kind, Kind::VoteInteraction | Kind::MultipleInteraction) {
        let submits = parts::submit_button(card)?;
        if !submits && purpose == Purpose::Send {
            return Err(refusal(42046, "missing submit_button"));
        }
    }
    card.text("replace_text")?;
    let calls_back = kind.asks() || menu;
    let task_id = match purpose {
        Purpose::Send => parts::task_id(card)?,
        Purpose::Update => None,
    };
    if calls_back && task_id.is_none() && purpose == Purpose::Send {
        return Err(refusal(42014, "missing task_id"));
    }
    Ok(Checked {
        task_id,
        calls_back,
    })
}

fn text_notice(card: Part<'_>) -> Result<bool, Refusal> {
    parts::some_title(card)?;
    parts::quote_area(card)?;
    card.part("emphasis_content")?;
    parts::horizontal_contents(card)?;
    parts::jumps(card)?;
    parts::card_action(card)?;
    parts::action_menu(card)
}

fn news_notice(card: Part<'_>) -> Result<bool, Refusal> {
    parts::main_title(card)?;
    parts::quote_area(card)?;
    parts::image(card)?;
    parts::vertical_contents(card)?;
    parts::horizontal_contents(card)?;
    parts::jumps(card)?;
    parts::card_action(card)?;
    parts::action_menu(card)
}

fn button_interaction(card: Part<'_>) -> Result<bool, Refusal> {
    parts::main_title(card)?;
    parts::quote_area(card)?;
    card.text("sub_title_text")?;
    parts::horizontal_contents(card)?;
    parts::optional_card_action(card)?;
    parts::button_selection(card)?;
    parts::buttons(card)?;
    parts::action_menu(card)
}
