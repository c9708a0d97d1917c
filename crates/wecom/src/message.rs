//! Messages, and the bytes of `message/send`.

use serde::{Deserialize, Serialize};

use crate::content::{Card, Content};
use crate::cut::cut;
use crate::language::Language;
use crate::limits::{Limit, MessageError, Overflow, check_url, fit};
use crate::recipients::Recipients;

/// Most characters of a card's button that the client shows.
const MAX_BUTTON: usize = 4;

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
                fit(&mut text.content, Limit::TEXT)?;
                false
            }
            Content::Markdown { markdown } => {
                fit(&mut markdown.content, Limit::MARKDOWN)?;
                true
            }
            Content::Textcard { textcard } => {
                let Card {
                    title,
                    description,
                    url,
                    ..
                } = textcard;
                fit(title, Limit::TITLE)?;
                fit(description, Limit::DESCRIPTION)?;
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
            Content::Text { text } => (&mut text.content, Limit::TEXT),
            Content::Markdown { markdown } => (&mut markdown.content, Limit::MARKDOWN),
            Content::Textcard { textcard } => (&mut textcard.description, Limit::DESCRIPTION),
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

#[cfg(test)]
mod tests;
