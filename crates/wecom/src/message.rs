//! Messages, and the request body of `message/send` (page 90236).

use serde::{Deserialize, Serialize};

use crate::content::{Card, Content};
use crate::cut::cut;
use crate::language::Language;
use crate::limits::{Limit, MessageError, check_url, fit};
use crate::overflow::Overflow;
use crate::recipients::Recipients;
use crate::report::{ContentError, Fault, Place, Report};

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
    /// 1 for a confidential message, which shows a watermark and cannot be forwarded; else 0. 2 for `mpnews` that stays in the corporation. Other types
    /// than text, image, video, file and `mpnews` cannot be confidential.
    pub safe: u8,
    /// 1 to have the service write names in the place of ids, as in `$userName=zhangsan$`; `None` and 0 leave them as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_id_trans: Option<u8>,
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
    /// Template cards are checked and never cut: clients show as much of their
    /// texts as they have room for.
    ///
    /// Errors when a text is empty or may not be cut, a card's link cannot be opened, or a content of another type would be refused: then with all that is
    /// wrong with it. Recipients are checked before, by [`Recipients::resolve`].
    pub fn ready(mut self, overflow: Overflow, language: Language) -> Result<Ready, MessageError> {
        let mut warnings = Vec::new();
        let mut fit =
            |text: &mut String, limit: Limit| fit(text, limit, (overflow, language), &mut warnings);
        match &mut self.content {
            Content::Text { text } => fit(&mut text.content, Limit::TEXT)?,
            Content::Markdown { markdown } => fit(&mut markdown.content, Limit::MARKDOWN)?,
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
            }
            Content::Image { .. }
            | Content::Voice { .. }
            | Content::Video { .. }
            | Content::File { .. }
            | Content::News { .. }
            | Content::Mpnews { .. }
            | Content::TemplateCard { .. }
            | Content::MiniprogramNotice { .. } => {
                warnings.extend(self.check(overflow)?);
                self.content.cut(language, &mut warnings);
            }
        }
        self.warn(&mut warnings);
        Ok(Ready {
            message: self,
            warnings,
        })
    }

    /// Checks the content, and the settings that not every content may have. Errors with all that is wrong.
    fn check(&self, overflow: Overflow) -> Result<Vec<String>, ContentError> {
        let mut report = Report::new(overflow);
        if matches!(self.content, Content::News { .. }) && self.safe != 0 {
            report.wrong(Place::root("safe"), Fault::Confidential);
        }
        let is_notice = matches!(self.content, Content::MiniprogramNotice { .. });
        if is_notice && self.recipients.is_everybody() {
            report.wrong(Place::root("touser"), Fault::Everybody);
        }
        self.content.check(&mut report);
        report.result()
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
    /// Pictures, voices and files have no text, and a notice's have no room: they stay as they are.
    #[must_use]
    pub fn mark_late(mut self, mark: &str) -> Self {
        let Some((text, limit)) = self.content.late_text() else {
            return self;
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
        let before = if text.is_empty() { "" } else { "\n" };
        *text = format!("{text}{before}{mark}");
        self
    }

    /// Adds the warnings about settings that have no effect.
    fn warn(&self, warnings: &mut Vec<String>) {
        if self.safe == 1 && !self.content.takes_safe() {
            warnings.push("safe has no effect on this msgtype".into());
        }
        if self.enable_id_trans == Some(1) && !self.content.takes_id_trans() {
            warnings.push("enable_id_trans has no effect on this msgtype".into());
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
            Content::TemplateCard { .. } => warnings.push(
                "template_card is not shown to members who read in personal WeChat (微工作台)"
                    .into(),
            ),
            Content::Text { .. }
            | Content::Image { .. }
            | Content::Voice { .. }
            | Content::Video { .. }
            | Content::File { .. }
            | Content::News { .. }
            | Content::Mpnews { .. }
            | Content::MiniprogramNotice { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests;
