//! Checks of a card's parts (page 90236). Lengths that the page only recommends are not checked.
//!
//! The documentation names the codes of lists that are too long without saying which list has which; they are given out here in the order of its text.

use std::collections::BTreeSet;

use super::fields::Part;
use crate::wecom::reply::{Refusal, refusal};

/// Most bytes of a key: of a button, a question or an entry of the menu.
const MAX_KEY_BYTES: usize = 1024;
/// Most bytes of an option's id.
const MAX_OPTION_BYTES: usize = 128;
/// Most bytes of a task id.
const MAX_TASK_BYTES: usize = 128;
/// Most options of a question, and of a vote.
pub(super) const MAX_OPTIONS: usize = 10;
pub(super) const MAX_VOTES: usize = 20;

const NO_TITLE: Refusal = refusal(42033, "invalid title of template_card");
const NO_URL: Refusal = refusal(42028, "invalid url of template_card");
const NO_APP: Refusal = refusal(42030, "invalid appid of template_card");

/// Task id of a card: absent, or of letters, digits, `_`, `-` and `@`, at most 128 bytes long.
pub(super) fn task_id(card: Part<'_>) -> Result<Option<&str>, Refusal> {
    let id = card.text("task_id")?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '@');
    if id.len() > MAX_TASK_BYTES || !id.chars().all(allowed) {
        return Err(refusal(42014, "invalid task_id"));
    }
    Ok((!id.is_empty()).then_some(id))
}

/// Where a part leads to: nowhere, to a URL, or to a mini program.
fn target(part: Part<'_>) -> Result<(), Refusal> {
    match part.number("type")? {
        1 if part.text("url")?.is_empty() => Err(NO_URL),
        2 if part.text("appid")?.is_empty() => Err(NO_APP),
        _ => Ok(()),
    }
}

/// `main_title` with a title.
pub(super) fn main_title(card: Part<'_>) -> Result<(), Refusal> {
    let title = card.part("main_title")?;
    let title = title.map_or(Ok(""), |part| part.text("title"))?;
    if title.is_empty() {
        Err(NO_TITLE)
    } else {
        Ok(())
    }
}

/// `main_title.title` and `sub_title_text`, of which a text notice needs one.
pub(super) fn some_title(card: Part<'_>) -> Result<(), Refusal> {
    if card.text("sub_title_text")?.is_empty() {
        main_title(card)
    } else {
        card.part("main_title").map(drop)
    }
}

pub(super) fn source(card: Part<'_>) -> Result<(), Refusal> {
    let Some(source) = card.part("source")? else {
        return Ok(());
    };
    source.text("icon_url")?;
    source.text("desc")?;
    source.number("desc_color").map(drop)
}

/// Whether the card has an `action_menu`, whose entries have texts, and keys of their own.
pub(super) fn action_menu(card: Part<'_>) -> Result<bool, Refusal> {
    let Some(menu) = card.part("action_menu")? else {
        return Ok(false);
    };
    let entries = menu.list("action_list")?;
    if !(1..=3).contains(&entries.len()) {
        return Err(refusal(42047, "invalid length of action_list"));
    }
    let mut keys = BTreeSet::new();
    for entry in entries {
        entry.needed(
            "text",
            usize::MAX,
            refusal(42020, "invalid text of an action"),
        )?;
        let key = entry.needed(
            "key",
            MAX_KEY_BYTES,
            refusal(42018, "invalid key of an action"),
        )?;
        if !keys.insert(key) {
            return Err(refusal(42051, "duplicate key of an action"));
        }
    }
    Ok(true)
}

pub(super) fn quote_area(card: Part<'_>) -> Result<(), Refusal> {
    card.part("quote_area")?.map_or(Ok(()), target)
}

/// `image_text_area` or `card_image`, of which a news notice needs one.
pub(super) fn image(card: Part<'_>) -> Result<(), Refusal> {
    const NO_IMAGE: Refusal = refusal(42044, "invalid card_image.url");
    let (area, image) = (card.part("image_text_area")?, card.part("card_image")?);
    if area.is_none() && image.is_none() {
        return Err(NO_IMAGE);
    }
    if let Some(area) = area {
        area.needed("image_url", usize::MAX, NO_IMAGE)?;
        target(area)?;
    }
    if let Some(image) = image {
        image.needed("url", usize::MAX, NO_IMAGE)?;
    }
    Ok(())
}

pub(super) fn vertical_contents(card: Part<'_>) -> Result<(), Refusal> {
    let items = card.list("vertical_content_list")?;
    if items.len() > 4 {
        return Err(refusal(42037, "invalid length of vertical_content_list"));
    }
    for item in items {
        item.needed("title", usize::MAX, NO_TITLE)?;
    }
    Ok(())
}

pub(super) fn horizontal_contents(card: Part<'_>) -> Result<(), Refusal> {
    let items = card.list("horizontal_content_list")?;
    if items.len() > 6 {
        return Err(refusal(42035, "invalid length of horizontal_content_list"));
    }
    for item in items {
        item.needed("keyname", usize::MAX, refusal(42027, "invalid keyname"))?;
        match item.number("type")? {
            1 => item.needed("url", usize::MAX, NO_URL)?,
            2 => item.needed("media_id", usize::MAX, refusal(42029, "invalid media_id"))?,
            3 => item.needed("userid", usize::MAX, refusal(42050, "invalid userid"))?,
            _ => item.text("value")?,
        };
    }
    Ok(())
}

pub(super) fn jumps(card: Part<'_>) -> Result<(), Refusal> {
    let items = card.list("jump_list")?;
    if items.len() > 3 {
        return Err(refusal(42036, "invalid length of jump_list"));
    }
    for item in items {
        item.needed("title", usize::MAX, NO_TITLE)?;
        target(item)?;
    }
    Ok(())
}

/// `card_action` of a notice, which leads to a URL or to a mini program.
pub(super) fn card_action(card: Part<'_>) -> Result<(), Refusal> {
    const WRONG: Refusal = refusal(42045, "invalid card_action");
    let action = card.part("card_action")?.ok_or(WRONG)?;
    if !matches!(action.number("type")?, 1 | 2) {
        return Err(WRONG);
    }
    target(action)
}

pub(super) fn optional_card_action(card: Part<'_>) -> Result<(), Refusal> {
    card.part("card_action")?.map_or(Ok(()), target)
}

/// `button_list`: one to six buttons, which call back with a key of their own or lead to a URL.
pub(super) fn buttons(card: Part<'_>) -> Result<(), Refusal> {
    const KEY: Refusal = refusal(42039, "invalid key of a button");
    let buttons = card.list("button_list")?;
    if !(1..=6).contains(&buttons.len()) {
        return Err(refusal(42017, "invalid length of button_list"));
    }
    let mut keys = BTreeSet::new();
    for button in buttons {
        button.needed(
            "text",
            usize::MAX,
            refusal(42038, "invalid text of a button"),
        )?;
        if button.number("type")? == 1 {
            button.needed("url", usize::MAX, NO_URL)?;
        } else if !keys.insert(button.needed("key", MAX_KEY_BYTES, KEY)?) {
            return Err(KEY);
        }
    }
    Ok(())
}

pub(super) fn button_selection(card: Part<'_>) -> Result<(), Refusal> {
    let selection = card.part("button_selection")?;
    selection.map_or(Ok(()), |question| {
        question_key(question)?;
        options(question, MAX_OPTIONS)
    })
}

pub(super) fn checkbox(card: Part<'_>) -> Result<(), Refusal> {
    let question = card.part("checkbox")?;
    let question = question.ok_or(refusal(42043, "missing checkbox"))?;
    question_key(question)?;
    question.number("mode")?;
    options(question, MAX_VOTES)
}

/// `select_list`: one to three questions with keys of their own.
pub(super) fn selects(card: Part<'_>) -> Result<(), Refusal> {
    let questions = card.list("select_list")?;
    if !(1..=3).contains(&questions.len()) {
        return Err(refusal(42047, "invalid length of select_list"));
    }
    let mut keys = BTreeSet::new();
    for question in questions {
        if !keys.insert(question_key(question)?) {
            return Err(refusal(42043, "duplicate question_key"));
        }
        options(question, MAX_OPTIONS)?;
    }
    Ok(())
}

/// `submit_button`, if there is one, has a key.
pub(super) fn submit_button(card: Part<'_>) -> Result<bool, Refusal> {
    let Some(button) = card.part("submit_button")? else {
        return Ok(false);
    };
    button.text("text")?;
    button.needed(
        "key",
        MAX_KEY_BYTES,
        refusal(42049, "invalid key of submit_button"),
    )?;
    Ok(true)
}

fn question_key(question: Part<'_>) -> Result<&str, Refusal> {
    question.needed(
        "question_key",
        MAX_KEY_BYTES,
        refusal(42043, "invalid question_key"),
    )
}

fn options(question: Part<'_>, most: usize) -> Result<(), Refusal> {
    const ID: Refusal = refusal(42040, "invalid id of an option");
    let options = question.list("option_list")?;
    if !(1..=most).contains(&options.len()) {
        return Err(refusal(42042, "invalid length of option_list"));
    }
    let mut ids = BTreeSet::new();
    for option in options {
        if !ids.insert(option.needed("id", MAX_OPTION_BYTES, ID)?) {
            return Err(ID);
        }
        option.needed(
            "text",
            usize::MAX,
            refusal(42041, "invalid text of an option"),
        )?;
    }
    Ok(())
}
