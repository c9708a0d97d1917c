//! Contents of messages: texts, cards, media and articles (page 90236). Their limits are the service's, in bytes of UTF-8 or in characters.

use serde::{Deserialize, Serialize};

use crate::card::TemplateCard;
use crate::cut::Markup;
use crate::language::Language;
use crate::limits::Limit;
use crate::media::{Media, Video};
use crate::news::{Mpnews, News};
use crate::notice::MiniprogramNotice;
use crate::report::Report;
use crate::unit::Unit;

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
    /// Picture that was uploaded.
    Image {
        /// Object of the same name in the request.
        image: Media,
    },
    /// Voice that was uploaded.
    Voice {
        /// Object of the same name in the request.
        voice: Media,
    },
    /// Video that was uploaded.
    Video {
        /// Object of the same name in the request.
        video: Video,
    },
    /// File that was uploaded.
    File {
        /// Object of the same name in the request.
        file: Media,
    },
    /// Articles that open a page each.
    News {
        /// Object of the same name in the request.
        news: News,
    },
    /// Articles that WeChat Work keeps itself.
    Mpnews {
        /// Object of the same name in the request.
        mpnews: Mpnews,
    },
    /// Card with buttons, menus or questions, or a notice. Members who read in personal WeChat do not see it.
    #[serde(rename = "template_card")]
    TemplateCard {
        /// Object of the same name in the request.
        template_card: Box<TemplateCard>,
    },
    /// Notice that opens a page of a mini program.
    #[serde(rename = "miniprogram_notice")]
    MiniprogramNotice {
        /// Object of the same name in the request.
        miniprogram_notice: MiniprogramNotice,
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

    /// Content of a template card.
    pub fn template_card(card: impl Into<TemplateCard>) -> Self {
        Self::TemplateCard {
            template_card: Box::new(card.into()),
        }
    }

    /// Whether the service looks at `safe`.
    pub(crate) const fn takes_safe(&self) -> bool {
        match self {
            Self::Text { .. }
            | Self::Image { .. }
            | Self::Video { .. }
            | Self::File { .. }
            | Self::Mpnews { .. } => true,
            Self::Markdown { .. }
            | Self::Textcard { .. }
            | Self::Voice { .. }
            | Self::News { .. }
            | Self::TemplateCard { .. }
            | Self::MiniprogramNotice { .. } => false,
        }
    }

    /// Whether the service looks at `enable_id_trans`.
    pub(crate) const fn takes_id_trans(&self) -> bool {
        match self {
            Self::Text { .. }
            | Self::Textcard { .. }
            | Self::News { .. }
            | Self::Mpnews { .. }
            | Self::TemplateCard { .. }
            | Self::MiniprogramNotice { .. } => true,
            Self::Markdown { .. }
            | Self::Image { .. }
            | Self::Voice { .. }
            | Self::Video { .. }
            | Self::File { .. } => false,
        }
    }

    /// Checks a content that is an object with fields of its own; texts, markdown and text cards are checked where they are cut.
    pub(crate) fn check(&self, report: &mut Report) {
        match self {
            Self::Text { .. } | Self::Markdown { .. } | Self::Textcard { .. } => {}
            Self::Image { image } => image.check("image", report),
            Self::Voice { voice } => voice.check("voice", report),
            Self::File { file } => file.check("file", report),
            Self::Video { video } => video.check(report),
            Self::News { news } => news.check(report),
            Self::Mpnews { mpnews } => mpnews.check(report),
            Self::TemplateCard { template_card } => template_card.check_to_send(report),
            Self::MiniprogramNotice { miniprogram_notice } => miniprogram_notice.check(report),
        }
    }

    /// Cuts the texts of a content that are too long, where its own limits have them cut and not refused.
    pub(crate) fn cut(&mut self, language: Language, warnings: &mut Vec<String>) {
        match self {
            Self::Video { video } => video.cut(language, warnings),
            Self::News { news } => news.cut(language, warnings),
            Self::Mpnews { mpnews } => mpnews.cut(language, warnings),
            Self::Text { .. }
            | Self::Markdown { .. }
            | Self::Textcard { .. }
            | Self::Image { .. }
            | Self::Voice { .. }
            | Self::File { .. }
            | Self::TemplateCard { .. }
            | Self::MiniprogramNotice { .. } => {}
        }
    }

    /// Text to which a late mark is added, with its limit; `None` where there is none.
    pub(crate) fn late_text(&mut self) -> Option<(&mut String, Limit)> {
        Some(match self {
            // The texts of a notice have no room for it.
            Self::Image { .. }
            | Self::Voice { .. }
            | Self::File { .. }
            | Self::MiniprogramNotice { .. } => return None,
            Self::Video { video } => (&mut video.description, Limit::LONG),
            Self::News { news } => (&mut news.articles.first_mut()?.description, Limit::LONG),
            Self::Mpnews { mpnews } => (&mut mpnews.articles.first_mut()?.digest, Limit::LONG),
            Self::Text { text } => (&mut text.content, Limit::TEXT),
            Self::Markdown { markdown } => (&mut markdown.content, Limit::MARKDOWN),
            Self::Textcard { textcard } => (&mut textcard.description, Limit::DESCRIPTION),
            Self::TemplateCard { template_card } => {
                let (text, most) = template_card.late_text();
                let limit = Limit {
                    field: "template_card",
                    most,
                    unit: Unit::Characters,
                    markup: Markup::Plain,
                };
                (text, limit)
            }
        })
    }
}
