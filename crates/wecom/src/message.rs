//! Messages, and the bytes of `message/send`.

use serde::{Deserialize, Serialize};

use crate::cut::{Markup, Unit, cut, is_web_address};
use crate::language::Language;
use crate::recipients::Recipients;
use crate::visible::is_blank;

/// Most bytes of a text or markdown message.
const MAX_CONTENT: usize = 2048;
/// Most characters of a card's title.
const MAX_TITLE: usize = 128;
/// Most characters of a card's description.
const MAX_DESCRIPTION: usize = 512;
/// Most bytes of a card's link.
const MAX_URL: usize = 2048;
/// Most characters of a card's button that the client shows.
const MAX_BUTTON: usize = 4;

/// What to do with what is too long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// Cut it, with a mark that says how much is missing. An alert must still arrive.
    #[default]
    Truncate,
    /// Refuse it.
    Reject,
}

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

/// A message with everything that `message/send` wants to know. Serializes to its request body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Whom it goes to.
    #[serde(flatten)]
    pub recipients: Recipients,
    /// The app that sends it.
    pub agentid: u32,
    /// What it says.
    #[serde(flatten)]
    pub content: Content,
    /// 1 for confidential: no forwarding, watermarked.
    pub safe: u8,
    /// 1 to have the server drop the same request within the interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_duplicate_check: Option<u8>,
    /// That interval, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_check_interval: Option<u32>,
}

/// Why a message cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// A field is too long, and must not be cut.
    #[error("{field} is {size} {unit} long, at most {limit} are allowed; shorten it")]
    TooLong {
        /// The field.
        field: &'static str,
        /// Its size.
        size: usize,
        /// What is counted.
        unit: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A field is empty, or nothing of it is seen.
    #[error("{0} is empty: nothing of it would be seen")]
    Empty(&'static str),
    /// The card's link is not a web address.
    #[error("url must begin with http:// or https://")]
    NotALink,
    /// The card's link names no host.
    #[error("url has no host: write the whole address, such as https://wiki.example.com/page")]
    NoHost,
    /// The card's link holds white space or control characters.
    #[error(
        "url has a blank or a line break in it, at byte {0}: leave it out, or write a blank as %20"
    )]
    BlankInLink(usize),
}

/// A message that keeps all limits, with what its sender should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// The message.
    pub message: Message,
    /// What was cut, or will not show as meant.
    pub warnings: Vec<String>,
}

impl Message {
    /// Checks and, if allowed, cuts the content to WeChat Work's limits. What is cut says so in a `language`.
    pub fn ready(mut self, overflow: Overflow, language: Language) -> Result<Ready, MessageError> {
        let mut warnings = Vec::new();
        let mut fit =
            |text: &mut String, limit: Limit| fit(text, limit, (overflow, language), &mut warnings);
        let safe_is_ignored = match &mut self.content {
            Content::Text { text } => {
                fit(
                    &mut text.content,
                    Limit {
                        field: "content",
                        most: MAX_CONTENT,
                        unit: Unit::Bytes,
                        markup: Markup::Tags,
                    },
                )?;
                false
            }
            Content::Markdown { markdown } => {
                fit(
                    &mut markdown.content,
                    Limit {
                        field: "content",
                        most: MAX_CONTENT,
                        unit: Unit::Bytes,
                        markup: Markup::Markdown,
                    },
                )?;
                true
            }
            Content::Textcard { textcard } => {
                let Card {
                    title,
                    description,
                    url,
                    ..
                } = textcard;
                fit(
                    title,
                    Limit {
                        field: "title",
                        most: MAX_TITLE,
                        unit: Unit::Characters,
                        markup: Markup::Plain,
                    },
                )?;
                fit(
                    description,
                    Limit {
                        field: "description",
                        most: MAX_DESCRIPTION,
                        unit: Unit::Characters,
                        markup: Markup::Tags,
                    },
                )?;
                check_url(url)?;
                true
            }
        };
        self.warn(safe_is_ignored, &mut warnings);
        Ok(Ready {
            message: self,
            warnings,
        })
    }

    /// The request body.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a request body that [`Self::to_bytes`] made.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The message with a late mark as the last line of its text, which is cut to make room. The result depends on message and mark only: the
    /// same mark gives the same text, whatever is configured by then.
    #[must_use]
    pub fn mark_late(mut self, mark: &str) -> Self {
        let (text, limit) = match &mut self.content {
            Content::Text { text } => (
                &mut text.content,
                Limit {
                    field: "content",
                    most: MAX_CONTENT,
                    unit: Unit::Bytes,
                    markup: Markup::Tags,
                },
            ),
            Content::Markdown { markdown } => (
                &mut markdown.content,
                Limit {
                    field: "content",
                    most: MAX_CONTENT,
                    unit: Unit::Bytes,
                    markup: Markup::Markdown,
                },
            ),
            Content::Textcard { textcard } => (
                &mut textcard.description,
                Limit {
                    field: "description",
                    most: MAX_DESCRIPTION,
                    unit: Unit::Characters,
                    markup: Markup::Tags,
                },
            ),
        };
        let room = limit.most.saturating_sub(limit.unit.size(mark) + 1);
        if let Some((shorter, _)) = cut(
            text,
            room,
            limit.unit,
            limit.markup,
            Language::of_late_mark(mark),
        ) {
            *text = shorter;
        }
        *text = format!("{text}\n{mark}");
        self
    }

    fn warn(&self, safe_is_ignored: bool, warnings: &mut Vec<String>) {
        if self.safe == 1 && safe_is_ignored {
            warnings.push("safe has no effect on this msgtype".into());
        }
        let Recipients { toparty, totag, .. } = &self.recipients;
        if self.recipients.is_everybody() && !(toparty.is_empty() && totag.is_empty()) {
            warnings.push(
                "touser @all goes to everybody: WeChat Work ignores toparty and totag".into(),
            );
        }
        match &self.content {
            Content::Markdown { .. } => warnings.push(
                "markdown is not shown to members who read in personal WeChat (微工作台)".into(),
            ),
            Content::Textcard { textcard } => {
                let button = textcard.btntxt.as_deref().unwrap_or_default();
                if button.chars().count() > MAX_BUTTON {
                    warnings.push(format!(
                        "btntxt is longer than {MAX_BUTTON} characters: WeChat Work may cut it"
                    ));
                }
            }
            Content::Text { .. } => {}
        }
    }
}

#[derive(Clone, Copy)]
struct Limit {
    field: &'static str,
    most: usize,
    unit: Unit,
    markup: Markup,
}

fn fit(
    text: &mut String,
    limit: Limit,
    (overflow, language): (Overflow, Language),
    warnings: &mut Vec<String>,
) -> Result<(), MessageError> {
    let Limit {
        field,
        most,
        unit,
        markup,
    } = limit;
    if is_blank(text) {
        return Err(MessageError::Empty(field));
    }
    let Some((shorter, missing)) = cut(text, most, unit, markup, language) else {
        return Ok(());
    };
    match overflow {
        Overflow::Reject => Err(MessageError::TooLong {
            field,
            size: unit.size(text),
            unit: unit.name(),
            limit: most,
        }),
        Overflow::Truncate => {
            warnings.push(format!(
                "{field} was cut: {missing} of {} {} are missing (limit {most})",
                unit.size(text),
                unit.name()
            ));
            *text = shorter;
            Ok(())
        }
    }
}

fn check_url(url: &str) -> Result<(), MessageError> {
    if is_blank(url) {
        return Err(MessageError::Empty("url"));
    }
    if !is_web_address(url) {
        return Err(MessageError::NotALink);
    }
    if let Some((at, _)) = url
        .char_indices()
        .find(|(_, letter)| letter.is_whitespace() || letter.is_control())
    {
        return Err(MessageError::BlankInLink(at));
    }
    if host(url).is_empty() {
        return Err(MessageError::NoHost);
    }
    if url.len() > MAX_URL {
        return Err(MessageError::TooLong {
            field: "url",
            size: url.len(),
            unit: "bytes",
            limit: MAX_URL,
        });
    }
    Ok(())
}

/// The host of a web address.
fn host(url: &str) -> &str {
    let behind = url.split_once("//").map_or("", |(_, rest)| rest);
    let authority = behind
        .split(['/', '?', '#', '\\'])
        .next()
        .unwrap_or_default();
    let named = authority
        .rsplit_once('@')
        .map_or(authority, |(_, named)| named);
    // An address of the sixth version has colons in brackets.
    if named.starts_with('[') {
        named
    } else {
        named.split(':').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn message(content: Content) -> Message {
        Message {
            recipients: Recipients {
                touser: "@all".into(),
                ..Recipients::default()
            },
            agentid: 1_000_002,
            content,
            safe: 0,
            enable_duplicate_check: None,
            duplicate_check_interval: None,
        }
    }

    fn card(title: &str, url: &str) -> Content {
        Content::textcard(Card {
            title: title.into(),
            description: "d".into(),
            url: url.into(),
            btntxt: Some("详情".into()),
        })
    }

    #[test]
    fn writes_the_requests_that_the_api_reads() {
        let text = String::from_utf8(message(Content::text("hello")).to_bytes()).expect("UTF-8");
        assert_eq!(
            text,
            r#"{"touser":"@all","agentid":1000002,"msgtype":"text","text":{"content":"hello"},"safe":0}"#
        );
        let mut checked = message(card("t", "https://example.com"));
        checked.enable_duplicate_check = Some(1);
        checked.duplicate_check_interval = Some(1800);
        assert_eq!(
            String::from_utf8(checked.to_bytes()).expect("UTF-8"),
            r#"{"touser":"@all","agentid":1000002,"msgtype":"textcard","textcard":{"title":"t","description":"d","url":"https://example.com","btntxt":"详情"},"safe":0,"enable_duplicate_check":1,"duplicate_check_interval":1800}"#
        );
        assert_eq!(Message::from_bytes(&checked.to_bytes()), Some(checked));
    }

    #[test]
    fn too_long_is_cut_with_a_warning_or_refused() {
        let ready = message(Content::text("中".repeat(1000)))
            .ready(Overflow::Truncate, Language::En)
            .expect("ready");
        assert!(
            ready.warnings[0].contains("of 3000 bytes are missing (limit 2048)"),
            "{:?}",
            ready.warnings
        );
        let refused =
            message(Content::text("中".repeat(1000))).ready(Overflow::Reject, Language::En);
        assert_eq!(
            refused,
            Err(MessageError::TooLong {
                field: "content",
                size: 3000,
                unit: "bytes",
                limit: 2048
            })
        );
        let refused = message(card("t", &format!("https://{}", "x".repeat(2048))))
            .ready(Overflow::Truncate, Language::En);
        assert!(matches!(
            refused,
            Err(MessageError::TooLong { field: "url", .. })
        ));
    }

    #[test]
    fn empty_fields_and_other_links_are_refused() {
        assert_eq!(
            message(Content::text(" \n")).ready(Overflow::Truncate, Language::En),
            Err(MessageError::Empty("content"))
        );
        assert_eq!(
            message(card("", "https://example.com")).ready(Overflow::Truncate, Language::En),
            Err(MessageError::Empty("title"))
        );
        assert_eq!(
            message(card("t", "wiki.example.com")).ready(Overflow::Truncate, Language::En),
            Err(MessageError::NotALink)
        );
        for url in [
            "https://",
            "https:///page",
            "http://?q",
            "https://#x",
            "https://user@",
            "https://:443/x",
        ] {
            assert_eq!(
                message(card("t", url)).ready(Overflow::Truncate, Language::En),
                Err(MessageError::NoHost),
                "{url}"
            );
        }
        for url in [
            "https://e.com/a b",
            "https://e.com/\n",
            "https://e.com/\u{3000}",
        ] {
            assert!(
                matches!(
                    message(card("t", url)).ready(Overflow::Truncate, Language::En),
                    Err(MessageError::BlankInLink(_))
                ),
                "{url}"
            );
        }
        assert!(
            message(card("t", "http://[::1]:8080/告警?a=b@c"))
                .ready(Overflow::Truncate, Language::En)
                .is_ok()
        );
        let invisible = message(Content::markdown("\u{200b}\u{feff}\u{2060}"));
        assert_eq!(
            invisible.ready(Overflow::Truncate, Language::En),
            Err(MessageError::Empty("content"))
        );
        assert!(
            message(card("t", "HTTPS://wiki.example.com"))
                .ready(Overflow::Truncate, Language::En)
                .is_ok()
        );
    }

    #[test]
    fn a_note_fits_into_a_full_message() {
        for (language, end) in [
            (Language::En, "bytes cut]\n[sent 5 min late]"),
            (Language::Zh, " 字节]\n[延迟 5 分钟发送]"),
        ] {
            let mark = language.late_mark(Duration::from_mins(5));
            let Content::Text { text } = message(Content::text("x".repeat(2048)))
                .mark_late(&mark)
                .content
            else {
                panic!("text")
            };
            assert!(
                text.content.len() <= 2048 && text.content.ends_with(end),
                "{}",
                text.content
            );
        }
    }
}
