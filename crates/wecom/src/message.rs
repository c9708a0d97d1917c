//! Messages, and the request body of `message/send` (page 90236).

use serde::{Deserialize, Serialize};

use crate::content::{Card, Content};
use crate::cut::cut;
use crate::language::Language;
use crate::limits::{Limit, MessageError, Overflow, check_url, fit};
use crate::recipients::Recipients;

/// Most characters of a card's button that clients show.
const MAX_BUTTON: usize = 4;

/// Message with all its settings. It serializes to the request body of `message/send`, whose names its fields have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Recipients: members, departments and tags.
    #[serde(flatten)]
    pub recipients: Recipients,
    /// Agent id of the app that sends it, which must be the one whose token is used.
    pub agentid: u32,
    /// Content, with its `msgtype`.
    #[serde(flatten)]
    pub content: Content,
    /// 1 for a confidential message, which shows a watermark and cannot be forwarded; else 0. Text messages only.
    pub safe: u8,
    /// 1 to have the service drop a request with the same bytes within the interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_duplicate_check: Option<u8>,
    /// Interval of the duplicate check, in seconds: 1800 without one, and 14,400 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_check_interval: Option<u32>,
}

/// Message that keeps all limits, with warnings for its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Message that can be sent.
    pub message: Message,
    /// Warnings, one line each: texts that were cut, and settings that have no effect.
    pub warnings: Vec<String>,
}

impl Message {
    /// Checks the message, and cuts texts that are too long if `overflow` allows it; the marks of cuts are in `language`.
    ///
    /// Errors when a text is empty or may not be cut, or a card's link cannot be opened. Recipients are checked before, by [`Recipients::resolve`].
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

    /// Request body of `message/send`. The same message always gives the same bytes, which the service's duplicate check compares.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a request body that [`Self::to_bytes`] made; `None` for other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Adds a late mark ([`Language::late_mark`]) as the last line of the text, which is cut if it needs the room. The result depends on message and
    /// mark alone, so that a repeated request has the same bytes whatever was configured in between.
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

    /// Adds the warnings about settings that have no effect.
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
