//! Contents of messages: text, markdown, or a text card (page 90236). Their limits are the service's, in bytes of UTF-8 or in characters.

use serde::{Deserialize, Serialize};

/// Content of a message, with its `msgtype`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "msgtype", rename_all = "lowercase")]
pub enum Content {
    /// Plain text, in which `<a href="...">` makes a link.
    Text {
        /// Object of the same name in the request.
        text: Body,
    },
    /// WeChat Work's markdown: headings, bold, links, code in a line, quotes and `<font color>`. Members who read in personal WeChat do not see it.
    Markdown {
        /// Object of the same name in the request.
        markdown: Body,
    },
    /// Card with a title, a description and a link that it opens.
    Textcard {
        /// Object of the same name in the request.
        textcard: Card,
    },
}

/// Body of a text or markdown message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// The text itself, at most 2048 bytes. The server cuts off what is longer, without an error.
    pub content: String,
}

/// Body of a text card. The server cuts texts that are too long, without an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Title, at most 128 characters.
    pub title: String,
    /// Description, at most 512 characters; may hold `<br>` and `<div class="gray">`, `highlight` or `normal`.
    pub description: String,
    /// Address that the card opens, at most 2048 bytes, with `http://` or `https://`.
    pub url: String,
    /// Label of the button, at most 4 characters; the client shows 详情 ("details") without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub btntxt: Option<String>,
}

impl Content {
    /// Content of a text message.
    pub fn text(content: impl Into<String>) -> Self {
        Self::Text {
            text: Body {
                content: content.into(),
            },
        }
    }

    /// Content of a markdown message.
    pub fn markdown(content: impl Into<String>) -> Self {
        Self::Markdown {
            markdown: Body {
                content: content.into(),
            },
        }
    }

    /// Content of a text card.
    pub fn textcard(card: Card) -> Self {
        Self::Textcard { textcard: card }
    }
}
