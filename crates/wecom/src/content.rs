//! The content of a message: text, markdown, or a card.

use serde::{Deserialize, Serialize};

/// The content of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "msgtype", rename_all = "lowercase")]
pub enum Content {
    /// Plain text.
    Text {
        /// The text.
        text: Body,
    },
    /// The markdown of WeChat Work.
    Markdown {
        /// The markdown.
        markdown: Body,
    },
    /// A card that opens a link.
    Textcard {
        /// The card.
        textcard: Card,
    },
}

/// The content of a text or markdown message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// At most 2048 bytes; the server cuts the rest without a word.
    pub content: String,
}

/// The content of a textcard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// At most 128 characters.
    pub title: String,
    /// At most 512 characters.
    pub description: String,
    /// At most 2048 bytes, with its scheme.
    pub url: String,
    /// The button's label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub btntxt: Option<String>,
}

impl Content {
    /// A text message.
    pub fn text(content: impl Into<String>) -> Self {
        Self::Text {
            text: Body {
                content: content.into(),
            },
        }
    }

    /// A markdown message.
    pub fn markdown(content: impl Into<String>) -> Self {
        Self::Markdown {
            markdown: Body {
                content: content.into(),
            },
        }
    }

    /// A card.
    pub fn textcard(card: Card) -> Self {
        Self::Textcard { textcard: card }
    }
}
