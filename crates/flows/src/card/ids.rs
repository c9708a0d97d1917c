//! Ids of cards, and of what changes them.
//!
//! A card has the id of the message that it is, written with the letters that services take: two messages have two ids, and each tells which it is.

use std::fmt::Write as _;

use acteon_core::ActionId;

use crate::kind::{FlowName, InvalidBody};

/// Name of the kind of the flows of cards.
pub(super) const KIND: &str = "card";

/// What the ids of the actions begin with that change cards, or say what a card would. No caller posts such an action.
pub const CARD_ACTION_IDS: &str = "card:";

/// Longest id of a card, in bytes: WeChat Work takes 128 (page 90236 of its documentation), and so do ids of actions, of which those that change the card
/// begin with a word and end with a number.
const MAX_CARD_ID: usize = 128 - CARD_ACTION_IDS.len() - 1 - 10;

/// Id of the card that a message is; `None` where the message's own is too long for one.
pub(crate) fn card_id(notice: &str) -> Option<String> {
    let mut id = String::with_capacity(notice.len());
    for byte in notice.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            id.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(id, "@{byte:02X}");
        }
    }
    (id.len() <= MAX_CARD_ID).then_some(id)
}

/// Id of the message that a card is; `None` where no message has this card.
pub fn notice_of_card(card: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(card.len());
    let mut rest = card.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'@' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    let notice = String::from_utf8(bytes).ok()?;
    // No other text is written like this.
    (card_id(&notice)? == card).then_some(notice)
}

/// Name of a card's flow.
pub fn card_name(card: &str) -> FlowName {
    FlowName {
        kind: KIND.into(),
        id: card.into(),
    }
}

/// Whether an action with this id changes a card, or says what one would.
pub fn is_of_card(id: &str) -> bool {
    id.starts_with(CARD_ACTION_IDS)
}

/// Card that an action with this id changes; `None` of every other action.
pub fn card_of(id: &str) -> Option<&str> {
    let (card, number) = id.strip_prefix(CARD_ACTION_IDS)?.rsplit_once(':')?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(card)
}

/// Id of the action that changes a card for so many times.
pub(super) fn change_id(card: &str, number: u32) -> Result<ActionId, InvalidBody> {
    ActionId::parse(&format!("{CARD_ACTION_IDS}{card}:{number}"))
        .map_err(|error| InvalidBody(format!("of a card: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_tells_which_message_it_is() {
        for notice in [
            "approval:0197-ab:0:1",
            "approval:chain:x:ask a:0:0",
            "a",
            "é@",
        ] {
            let card = card_id(notice).expect("an id");
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_@".contains(&byte);
            assert!(card.bytes().all(is_plain), "{card}");
            assert_eq!(notice_of_card(&card).as_deref(), Some(notice));
            let change = change_id(&card, 7).expect("an id");
            assert!(is_of_card(change.as_str()));
            assert_eq!(card_of(change.as_str()), Some(&*card));
        }
        assert_eq!(card_id(&":".repeat(38)), None, "114 bytes");
        let longest = card_id(&":".repeat(37)).expect("an id");
        assert!(change_id(&longest, u32::MAX).is_ok());
        for card in ["a@", "a@3", "a@3a", "a@61", "@zz", "a:b", "@FF"] {
            assert_eq!(notice_of_card(card), None, "{card}");
        }
        for id in ["card:", "card:a", "card:a:", "card:a:x", "approval:a:0:1"] {
            assert_eq!(card_of(id), None, "{id}");
        }
    }
}
