//! Contents that people wrote as JSON, read with all that is wrong with them.
//!
//! `serde` stops at the first fault, and names no place. Here each fault is kept with its path, and something empty is read in its place, so that the
//! rest is read and checked as well. Which fields there are, and of which kind, is what the types of the contents say; nothing lists them again.

mod field;
mod fields;
mod reader;

use serde_json::Value;

use crate::card::TemplateCard;
use crate::content::Content;
use crate::language::Language;
use crate::limits::MessageError;
use crate::message::{Message, Ready};
use crate::overflow::Overflow;
use crate::report::{ContentError, Violation};
pub(crate) use field::read;
pub(crate) use fields::fields_of;
pub(crate) use reader::Reader;
pub use reader::UnknownField;

/// Content that was read from JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Content, in which what could not be read is empty; `None` where not even its kind is known.
    pub content: Option<Content>,
    /// Fields that could not be read, at most 200.
    pub violations: Vec<Violation>,
    /// Fields that the content does not have, at most 200. They are not in it.
    pub unknown: Vec<UnknownField>,
}

impl Content {
    /// Reads the object that stands beside a `msgtype` in a request, and bears its name: such as that of `news`. It is not checked against any limit.
    ///
    /// `None` where there is no such type.
    pub fn read(msgtype: &str, object: &Value) -> Option<Reading> {
        let reader = Reader::default();
        let content = match msgtype {
            "text" => read(&reader, "text", object).map(|text| Self::Text { text }),
            "markdown" => {
                read(&reader, "markdown", object).map(|markdown| Self::Markdown { markdown })
            }
            "textcard" => {
                read(&reader, "textcard", object).map(|textcard| Self::Textcard { textcard })
            }
            "image" => read(&reader, "image", object).map(|image| Self::Image { image }),
            "voice" => read(&reader, "voice", object).map(|voice| Self::Voice { voice }),
            "video" => read(&reader, "video", object).map(|video| Self::Video { video }),
            "file" => read(&reader, "file", object).map(|file| Self::File { file }),
            "news" => read(&reader, "news", object).map(|news| Self::News { news }),
            "mpnews" => read(&reader, "mpnews", object).map(|mpnews| Self::Mpnews { mpnews }),
            "template_card" => TemplateCard::read(&reader, object).map(Self::template_card),
            "miniprogram_notice" => read(&reader, "miniprogram_notice", object)
                .map(|miniprogram_notice| Self::MiniprogramNotice { miniprogram_notice }),
            _ => return None,
        };
        Some(Reading {
            content,
            violations: reader.violations.into_inner(),
            unknown: reader.unknown.into_inner(),
        })
    }
}

impl Reading {
    /// Message of the content, as [`Message::ready`] has it. Errors with what could not be read and what that finds, all together; what it finds in the
    /// place of a field that could not be read is left out.
    pub fn ready(
        self,
        message: impl FnOnce(Content) -> Message,
        overflow: Overflow,
        language: Language,
    ) -> Result<Ready, MessageError> {
        let mut violations = self.violations;
        let Some(content) = self.content else {
            return Err(ContentError { violations }.into());
        };
        let checked = message(content).ready(overflow, language);
        if violations.is_empty() {
            return checked;
        }
        if let Err(MessageError::Content(error)) = checked {
            let unread: Vec<String> = violations
                .iter()
                .map(|unread| unread.path.clone())
                .collect();
            let is_new =
                |found: &Violation| !unread.iter().any(|path| is_within(&found.path, path));
            violations.extend(error.violations.into_iter().filter(is_new));
        }
        Err(ContentError { violations }.into())
    }
}

/// Whether a path is another one, or leads into it.
fn is_within(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests;
