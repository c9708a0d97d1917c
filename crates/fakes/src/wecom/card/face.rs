//! Face of a card: what a member sees of it now, and what they can press there.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::check::Kind;

/// Answer of a member to one question of a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selected {
    pub question_key: String,
    /// Ids of the options that were chosen.
    pub option_ids: Vec<String>,
}

/// What a member pressed, as the callback tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::wecom) struct Press {
    /// `template_card_event`, or `template_card_menu_event` for an entry of the menu.
    pub(in crate::wecom) event: &'static str,
    pub(in crate::wecom) card_type: String,
    /// Answers to the card's questions; none when it has no questions, or the menu was used.
    pub(in crate::wecom) selected: Option<Vec<Selected>>,
}

/// Presses the button, submit button or entry of the menu with this key. `chosen` has the answers that differ from those that the card comes with.
/// Errors with what is wrong, and what there is instead.
pub(in crate::wecom) fn press(
    face: &Value,
    key: &str,
    chosen: &[Selected],
) -> Result<Press, String> {
    let card_type = text(face, "card_type").to_owned();
    if menu_keys(face).any(|other| other == key) {
        return Ok(Press {
            event: "template_card_menu_event",
            card_type,
            selected: None,
        });
    }
    if !text(face, "replace_text").is_empty() {
        return Err("its buttons are grey: the card was updated for this member".into());
    }
    if !button_keys(face).any(|other| other == key) {
        let keys: Vec<&str> = button_keys(face).chain(menu_keys(face)).collect();
        return Err(match &keys[..] {
            [] => "it has nothing that calls back".into(),
            keys => format!("it has no key {key:?}: there are {}", keys.join(", ")),
        });
    }
    let questions = questions(face);
    for answer in chosen {
        let question = questions
            .iter()
            .find(|question| question.key() == answer.question_key);
        check_answer(answer, question.copied())?;
    }
    let answer_to = |question: &Question<'_>| {
        let answer = chosen
            .iter()
            .find(|answer| answer.question_key == question.key());
        answer.cloned().unwrap_or_else(|| Selected {
            question_key: question.key().to_owned(),
            option_ids: question.preset(),
        })
    };
    let selected: Vec<Selected> = questions.iter().map(answer_to).collect();
    Ok(Press {
        event: "template_card_event",
        card_type,
        selected: (!selected.is_empty()).then_some(selected),
    })
}

fn check_answer(answer: &Selected, question: Option<Question<'_>>) -> Result<(), String> {
    let Selected {
        question_key,
        option_ids,
    } = answer;
    let question =
        question.ok_or_else(|| format!("it has no question {question_key:?} to answer"))?;
    if question.value()["disable"].as_bool() == Some(true) {
        return Err(format!(
            "its question {question_key:?} cannot be answered any more"
        ));
    }
    let unknown = |id: &&String| !question.ids().any(|other| other == **id);
    if let Some(unknown) = option_ids.iter().find(unknown) {
        let ids: Vec<&str> = question.ids().collect();
        return Err(format!(
            "its question {question_key:?} has no option {unknown:?}: there are {}",
            ids.join(", ")
        ));
    }
    if option_ids.len() > 1 && !question.takes_several() {
        return Err(format!("its question {question_key:?} takes one answer"));
    }
    Ok(())
}

/// Question of a card.
#[derive(Clone, Copy)]
enum Question<'a> {
    /// Options to tick, one or several.
    Vote(&'a Value),
    /// List to choose one option from.
    Select(&'a Value),
}

impl<'a> Question<'a> {
    fn value(self) -> &'a Value {
        match self {
            Self::Vote(value) | Self::Select(value) => value,
        }
    }

    fn key(self) -> &'a str {
        text(self.value(), "question_key")
    }

    fn takes_several(self) -> bool {
        matches!(self, Self::Vote(value) if value["mode"].as_i64() == Some(1))
    }

    /// Ids of all options.
    fn ids(self) -> impl Iterator<Item = &'a str> {
        items(self.value(), "option_list").map(|option| text(option, "id"))
    }

    /// Ids of the options that the card comes with.
    fn preset(self) -> Vec<String> {
        match self {
            Self::Vote(value) => items(value, "option_list")
                .filter(|option| option["is_checked"].as_bool() == Some(true))
                .map(|option| text(option, "id").to_owned())
                .collect(),
            // A list that names no option, or one that it does not have, comes with its first.
            Self::Select(value) => {
                let named = self.ids().find(|id| *id == text(value, "selected_id"));
                let preset = named.or_else(|| self.ids().next());
                preset.map(str::to_owned).into_iter().collect()
            }
        }
    }
}

/// Questions of a card, in the order of its kind.
fn questions(face: &Value) -> Vec<Question<'_>> {
    let part = |name: &str| (!face[name].is_null()).then(|| &face[name]);
    match Kind::of(text(face, "card_type")) {
        Some(Kind::ButtonInteraction) => {
            let selection = part("button_selection").map(Question::Select);
            selection.into_iter().collect()
        }
        Some(Kind::VoteInteraction) => part("checkbox").map(Question::Vote).into_iter().collect(),
        Some(Kind::MultipleInteraction) => {
            items(face, "select_list").map(Question::Select).collect()
        }
        Some(Kind::TextNotice | Kind::NewsNotice) | None => Vec::new(),
    }
}

/// Keys of the buttons that call back.
fn button_keys(face: &Value) -> impl Iterator<Item = &str> {
    let kind = Kind::of(text(face, "card_type"));
    let buttons = match kind {
        Some(Kind::ButtonInteraction) => items(face, "button_list")
            .filter(|button| button["type"].as_i64() != Some(1))
            .collect(),
        Some(Kind::VoteInteraction | Kind::MultipleInteraction) => vec![&face["submit_button"]],
        Some(Kind::TextNotice | Kind::NewsNotice) | None => Vec::new(),
    };
    let keys = buttons.into_iter().map(|button| text(button, "key"));
    keys.filter(|key| !key.is_empty())
}

/// Keys of the menu's entries.
fn menu_keys(face: &Value) -> impl Iterator<Item = &str> {
    items(&face["action_menu"], "action_list").map(|entry| text(entry, "key"))
}

fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or("")
}
