//! Parts of cards that members press or answer.

use serde::{Deserialize, Serialize};

use super::number::{ButtonStyle, ButtonType, CheckboxMode};

/// Button of a card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Button {
    /// What the button does.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ButtonType>,
    /// Label, of which 10 characters are shown.
    pub text: String,
    /// Look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<ButtonStyle>,
    /// Key that the event has, at most 1024 bytes, unique in the card; for [`ButtonType::Callback`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Address that the button opens, for [`ButtonType::Url`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
}

/// Question above a card's buttons, with one answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ButtonSelection {
    /// Key of the question, at most 1024 bytes.
    pub question_key: String,
    /// Label.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Options, 1 to 10.
    pub option_list: Vec<SelectOption>,
    /// Id of the option that is chosen at first; the first one without it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub selected_id: String,
}

/// Option of a question with one answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SelectOption {
    /// Id, at most 128 bytes, unique in its question.
    pub id: String,
    /// Label, of which 16 characters are shown.
    pub text: String,
}

/// Options of a vote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Checkbox {
    /// Key of the question, at most 1024 bytes.
    pub question_key: String,
    /// Options, 1 to 20.
    pub option_list: Vec<CheckOption>,
    /// Whether the options are grey; in an update only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable: Option<bool>,
    /// How many options may be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<CheckboxMode>,
}

/// Option of a vote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckOption {
    /// Id, at most 128 bytes, unique in the vote.
    pub id: String,
    /// Label, of which 17 characters are shown.
    pub text: String,
    /// Whether the option is chosen at first.
    pub is_checked: bool,
}

/// Question of a multiple choice, with one answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Select {
    /// Key of the question, at most 1024 bytes, unique in the card.
    pub question_key: String,
    /// Label.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Whether the question is grey; in an update only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable: Option<bool>,
    /// Id of the option that is chosen at first; the first one without it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub selected_id: String,
    /// Options, 1 to 10.
    pub option_list: Vec<SelectOption>,
}

/// Button that sends the answers to a card's questions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SubmitButton {
    /// Label, of which 10 characters are shown; 提交 ("submit") without one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Key that the event has, at most 1024 bytes.
    pub key: String,
}

impl Button {
    /// Button that sends an event to the callback URL.
    pub fn callback(text: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            key: key.into(),
            ..Self::default()
        }
    }

    /// Button that opens a web page.
    pub fn url(text: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            kind: Some(ButtonType::Url),
            text: text.into(),
            url: url.into(),
            ..Self::default()
        }
    }
}

impl SelectOption {
    /// Option with its label.
    pub fn new(id: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            text: text.into(),
        }
    }
}

impl CheckOption {
    /// Option with its label, not chosen at first.
    pub fn new(id: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            text: text.into(),
            is_checked: false,
        }
    }
}
