//! Kinds of cards.

use serde::{Deserialize, Serialize};

use super::parts::{
    ActionMenu, CardAction, CardImage, EmphasisContent, HorizontalContent, ImageTextArea, Jump,
    MainTitle, QuoteArea, Source, VerticalContent,
};
use super::questions::{Button, ButtonSelection, Checkbox, Select, SubmitButton};

/// Template card, with its `card_type`. It serializes to the object `template_card` of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "card_type", rename_all = "snake_case")]
pub enum TemplateCard {
    /// Card that tells something in text.
    TextNotice(TextNotice),
    /// Card that tells something with a picture.
    NewsNotice(NewsNotice),
    /// Card with buttons.
    ButtonInteraction(ButtonInteraction),
    /// Card with one question, of which one or several options are chosen.
    VoteInteraction(VoteInteraction),
    /// Card with up to three questions.
    MultipleInteraction(MultipleInteraction),
}

/// Card that tells something in text (`text_notice`). It has a title or a `sub_title_text`, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextNotice {
    /// Origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Menu in the corner. Such a card has a `task_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_menu: Option<ActionMenu>,
    /// Id of the card, unique for the app: at most 128 bytes of letters, digits and `_-@`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub task_id: String,
    /// Title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main_title: Option<MainTitle>,
    /// Quotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote_area: Option<QuoteArea>,
    /// Number in large letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emphasis_content: Option<EmphasisContent>,
    /// Text, of which 160 characters are shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sub_title_text: String,
    /// Names and values, 6 at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub horizontal_content_list: Vec<HorizontalContent>,
    /// Lines that open something, 3 at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jump_list: Vec<Jump>,
    /// What a press on the card opens.
    pub card_action: CardAction,
}

/// Card that tells something with a picture (`news_notice`), which is a `card_image` or in an `image_text_area`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewsNotice {
    /// Origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Menu in the corner. Such a card has a `task_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_menu: Option<ActionMenu>,
    /// Id of the card, as [`TextNotice::task_id`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub task_id: String,
    /// Title.
    pub main_title: MainTitle,
    /// Quotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote_area: Option<QuoteArea>,
    /// Picture beside a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_text_area: Option<ImageTextArea>,
    /// Picture across the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_image: Option<CardImage>,
    /// Titles and texts below each other, 4 at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vertical_content_list: Vec<VerticalContent>,
    /// Names and values, 6 at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub horizontal_content_list: Vec<HorizontalContent>,
    /// Lines that open something, 3 at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jump_list: Vec<Jump>,
    /// What a press on the card opens.
    pub card_action: CardAction,
}

/// Card with buttons (`button_interaction`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ButtonInteraction {
    /// Origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Menu in the corner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_menu: Option<ActionMenu>,
    /// Title.
    pub main_title: MainTitle,
    /// Quotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote_area: Option<QuoteArea>,
    /// Text, of which 160 characters are shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sub_title_text: String,
    /// Names and values, 6 at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub horizontal_content_list: Vec<HorizontalContent>,
    /// What a press on the card beside its buttons opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_action: Option<CardAction>,
    /// Id of the card, as [`TextNotice::task_id`]. Its events have it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub task_id: String,
    /// Question above the buttons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub button_selection: Option<ButtonSelection>,
    /// Buttons, 1 to 6.
    pub button_list: Vec<Button>,
    /// Label that replaces the buttons, in grey; in an update only.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub replace_text: String,
}

/// Card with one question, of which one or several options are chosen (`vote_interaction`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VoteInteraction {
    /// Origin, without a colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Title.
    pub main_title: MainTitle,
    /// Id of the card, as [`TextNotice::task_id`]. Its events have it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub task_id: String,
    /// Options.
    pub checkbox: Checkbox,
    /// Button that sends the answer; optional in an update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submit_button: Option<SubmitButton>,
    /// Label that replaces the button, in grey; in an update only.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub replace_text: String,
}

/// Card with up to three questions (`multiple_interaction`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MultipleInteraction {
    /// Origin, without a colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Title.
    pub main_title: MainTitle,
    /// Id of the card, as [`TextNotice::task_id`]. Its events have it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub task_id: String,
    /// Questions, 1 to 3.
    pub select_list: Vec<Select>,
    /// Button that sends the answers; optional in an update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submit_button: Option<SubmitButton>,
    /// Label that replaces the button, in grey; in an update only.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub replace_text: String,
}

impl TemplateCard {
    /// Text to which a late mark is added, with the most characters of it that are shown.
    pub(crate) fn late_text(&mut self) -> (&mut String, usize) {
        match self {
            Self::TextNotice(card) => (&mut card.sub_title_text, 160),
            Self::NewsNotice(card) => (&mut card.main_title.desc, 44),
            Self::ButtonInteraction(card) => (&mut card.sub_title_text, 160),
            Self::VoteInteraction(card) => (&mut card.main_title.desc, 160),
            Self::MultipleInteraction(card) => (&mut card.main_title.desc, 160),
        }
    }
}

/// Makes a card of each of its kinds.
macro_rules! card_from {
    ($($kind:ident)+) => {
        $(impl From<$kind> for TemplateCard {
            fn from(card: $kind) -> Self {
                Self::$kind(card)
            }
        })+
    };
}

card_from!(TextNotice NewsNotice ButtonInteraction VoteInteraction MultipleInteraction);
