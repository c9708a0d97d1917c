//! Messages with a link: cards with buttons where people may decide by them, and text cards.

use acteon_core::{Asks, LinkMessage, LinkPayload, NoRecipient};
use acteon_wecom::card::{
    Button, ButtonInteraction, ButtonStyle, CardAction, HorizontalContent, MainTitle, TemplateCard,
};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// Characters of a text that clients show on a card (page 90236 of WeChat Work's documentation).
const SHOWN_ON_A_CARD: usize = 160;

/// Payload of a message with a link, to one member or to whom the configuration says. It is a card only where `cards` says that presses come back.
pub(super) fn with_link(
    message: &LinkMessage<'_>,
    cards: bool,
) -> Result<LinkPayload, NoRecipient> {
    let asks = message.asks.filter(|_| cards);
    let mut payload = match asks {
        Some(asks) => card(message, asks),
        None => textcard(message),
    };
    if let Some(person) = &message.person {
        to_one(&mut payload, person.wechat.ok_or(NoRecipient)?)?;
    }
    Ok(LinkPayload {
        payload: raw(&payload)?,
        is_card: asks.is_some(),
    })
}

/// Payload of a text to one member.
pub(super) fn text_to(member: &str, text: &str) -> Result<Box<RawValue>, NoRecipient> {
    let mut payload = json!({"msgtype": "text", "content": plain(text)});
    to_one(&mut payload, member)?;
    raw(&payload)
}

fn textcard(message: &LinkMessage<'_>) -> Value {
    json!({
        "msgtype": "textcard",
        "title": plain(message.title),
        "description": plain(message.text),
        "url": message.url,
        "btntxt": message.button,
    })
}

/// Card with buttons, above which stands what the gateway knows: what others wrote pushes nothing of it out. A press beside them opens the page, which shows what the card has no room for.
fn card(message: &LinkMessage<'_>, asks: Asks<'_>) -> Value {
    let styles = [ButtonStyle::Primary, ButtonStyle::Warning];
    let buttons = asks.buttons.iter().zip(styles.into_iter().cycle());
    let button_list = buttons
        .map(|((key, label), style)| Button {
            style: Some(style),
            ..Button::callback(*label, *key)
        })
        .collect();
    let rows = asks.rows.iter();
    let rows = rows.map(|(name, value)| HorizontalContent::text(*name, plain(value)));
    let card = TemplateCard::from(ButtonInteraction {
        task_id: asks.card.to_owned(),
        main_title: MainTitle::new(plain(message.title), ""),
        sub_title_text: beginning(&plain(asks.text)),
        horizontal_content_list: rows.collect(),
        card_action: Some(CardAction::url(message.url)),
        button_list,
        ..ButtonInteraction::default()
    });
    json!({"msgtype": "template_card", "template_card": card})
}

/// Beginning of a text that clients show, with a mark where it goes on.
fn beginning(text: &str) -> String {
    if text.chars().count() <= SHOWN_ON_A_CARD {
        return text.to_owned();
    }
    let kept: String = text.chars().take(SHOWN_ON_A_CARD - 1).collect();
    format!("{kept}…")
}

/// WeChat Work knows no escapes: letters of full width look alike, and begin no tag.
pub(super) fn plain(text: &str) -> String {
    text.replace('<', "\u{ff1c}").replace('>', "\u{ff1e}")
}

/// Addresses a payload to one member, and nobody else.
fn to_one(payload: &mut Value, userid: &str) -> Result<(), NoRecipient> {
    // A bar would make two members of it, and the word for all everybody.
    if userid.trim().is_empty() || userid.contains('|') || userid.eq_ignore_ascii_case("@all") {
        return Err(NoRecipient);
    }
    payload["touser"] = userid.into();
    payload["toparty"] = "".into();
    payload["totag"] = "".into();
    Ok(())
}

fn raw(payload: &Value) -> Result<Box<RawValue>, NoRecipient> {
    RawValue::from_string(payload.to_string()).map_err(|_| NoRecipient)
}
