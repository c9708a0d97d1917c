//! Parts of cards that show something. Fields have the names that the API gives them; an empty text is left out.

use serde::{Deserialize, Serialize};

use super::number::{self, ContentType, DescColor, LinkType};

/// Origin of a card, in its first line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Source {
    /// Address of a picture of 72 times 72 pixels.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub icon_url: String,
    /// Name, of which 20 characters are shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub desc: String,
    /// Colour of the name; votes and multiple choices have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc_color: Option<DescColor>,
}

/// Menu in a card's corner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActionMenu {
    /// Text above the entries.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub desc: String,
    /// Entries, 1 to 3.
    pub action_list: Vec<MenuAction>,
}

/// Entry of a menu.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MenuAction {
    /// Label.
    pub text: String,
    /// Key that the event has, at most 1024 bytes, unique in the menu.
    pub key: String,
}

/// Title of a card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MainTitle {
    /// Title, of which 36 characters are shown, of a vote 16.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Text below it, of which 44 characters are shown, of votes and multiple choices 160.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub desc: String,
}

/// Quotation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuoteArea {
    /// What a press opens.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<LinkType>,
    /// Address, for [`LinkType::Url`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// Mini program, for [`LinkType::MiniProgram`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub appid: String,
    /// Page of the mini program.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pagepath: String,
    /// Title.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub quote_text: String,
}

/// Number, or a short text, in large letters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmphasisContent {
    /// Large text, of which 14 characters are shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Text below it, of which 22 characters are shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub desc: String,
}

/// Picture beside a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImageTextArea {
    /// What a press opens.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<LinkType>,
    /// Address, for [`LinkType::Url`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// Mini program, for [`LinkType::MiniProgram`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub appid: String,
    /// Page of the mini program.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pagepath: String,
    /// Title.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub desc: String,
    /// Address of the picture.
    pub image_url: String,
}

/// Picture across a card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CardImage {
    /// Address of the picture.
    pub url: String,
    /// Width of the picture divided by its height, 1.3 to 2.25; 1.3 without one.
    #[serde(
        deserialize_with = "number::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub aspect_ratio: Option<serde_json::Number>,
}

/// Title and text below each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VerticalContent {
    /// Title, of which 38 characters are shown.
    pub title: String,
    /// Text, of which 160 characters are shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub desc: String,
}

/// Name and value beside each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HorizontalContent {
    /// What a press opens.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ContentType>,
    /// Name, of which 5 characters are shown.
    pub keyname: String,
    /// Value, of which 30 characters are shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// Address, for [`ContentType::Url`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// Id of an uploaded file, for [`ContentType::File`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub media_id: String,
    /// Member, for [`ContentType::Member`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub userid: String,
}

/// Line at the end of a card that opens something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Jump {
    /// What a press opens.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<LinkType>,
    /// Label, of which 18 characters are shown.
    pub title: String,
    /// Address, for [`LinkType::Url`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// Mini program, for [`LinkType::MiniProgram`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub appid: String,
    /// Page of the mini program.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pagepath: String,
}

/// What a press anywhere on a card opens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CardAction {
    /// What a press opens. Notices must have [`LinkType::Url`] or [`LinkType::MiniProgram`].
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<LinkType>,
    /// Address, for [`LinkType::Url`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// Mini program, for [`LinkType::MiniProgram`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub appid: String,
    /// Page of the mini program.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pagepath: String,
}

impl MainTitle {
    /// Title with a text below it, which may be empty.
    pub fn new(title: impl Into<String>, desc: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            desc: desc.into(),
        }
    }
}

impl HorizontalContent {
    /// Name and value that open nothing.
    pub fn text(keyname: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            keyname: keyname.into(),
            value: value.into(),
            ..Self::default()
        }
    }
}

impl Jump {
    /// Line that opens a web page.
    pub fn url(title: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            kind: Some(LinkType::Url),
            title: title.into(),
            url: url.into(),
            ..Self::default()
        }
    }
}

impl CardAction {
    /// Press that opens a web page.
    pub fn url(url: impl Into<String>) -> Self {
        Self {
            kind: Some(LinkType::Url),
            url: url.into(),
            ..Self::default()
        }
    }
}
