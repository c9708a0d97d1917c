//! Limits of a message's texts (page 90236): texts that are too long are cut or refused, and links that cannot be opened are refused.

use crate::cut::{Markup, cut};
use crate::language::Language;
use crate::link::{self, LinkFault, MAX_URL};
use crate::overflow::Overflow;
use crate::report::{ContentError, Place};
use crate::unit::Unit;
use crate::visible::is_blank;

/// Most bytes of a text or markdown message.
const MAX_CONTENT: usize = 2048;
/// Most bytes of the title of a video or an article.
pub(crate) const MAX_SHORT: usize = 128;
/// Most bytes of the description of a video or an article.
pub(crate) const MAX_LONG: usize = 512;
/// Most characters of a card's title.
const MAX_TITLE: usize = 128;
/// Most characters of a card's description.
const MAX_DESCRIPTION: usize = 512;

/// Reason why a message cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// A field is too long, and may not be cut.
    #[error("{field} is {size} {unit} long, at most {limit} are allowed; shorten it")]
    TooLong {
        /// Name of the field, such as `content`.
        field: &'static str,
        /// Size of its text.
        size: usize,
        /// Unit of size and limit: `bytes` or `characters`.
        unit: &'static str,
        /// Largest size that is allowed.
        limit: usize,
    },
    /// The field of this name is empty, or holds only characters that are not seen.
    #[error("{0} is empty: nothing of it would be seen")]
    Empty(&'static str),
    /// The card's link begins with neither `http://` nor `https://`.
    #[error("url must begin with http:// or https://")]
    NotALink,
    /// The card's link names no host.
    #[error("url has no host: write the whole address, such as https://wiki.example.com/page")]
    NoHost,
    /// The card's link holds white space or a control character, at this byte.
    #[error(
        "url has a blank or a line break in it, at byte {0}: leave it out, or write a blank as %20"
    )]
    BlankInLink(usize),
    /// The content, or a setting of the message that it cannot have, would be refused.
    #[error(transparent)]
    Content(#[from] ContentError),
}

/// Limit of a text, with the markup that a cut must close.
#[derive(Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) field: &'static str,
    pub(crate) most: usize,
    pub(crate) unit: Unit,
    pub(crate) markup: Markup,
}

impl Limit {
    /// Limit of a text message.
    pub(crate) const TEXT: Self = Self {
        field: "content",
        most: MAX_CONTENT,
        unit: Unit::Bytes,
        markup: Markup::Tags,
    };
    /// Limit of a markdown message.
    pub(crate) const MARKDOWN: Self = Self {
        markup: Markup::Markdown,
        ..Self::TEXT
    };
    /// Limit of the description of a video or an article.
    pub(crate) const LONG: Self = Self {
        field: "description",
        most: MAX_LONG,
        unit: Unit::Bytes,
        markup: Markup::Plain,
    };
    /// Limit of a card's title.
    pub(crate) const TITLE: Self = Self {
        field: "title",
        most: MAX_TITLE,
        unit: Unit::Characters,
        markup: Markup::Plain,
    };
    /// Limit of a card's description.
    pub(crate) const DESCRIPTION: Self = Self {
        field: "description",
        most: MAX_DESCRIPTION,
        unit: Unit::Characters,
        markup: Markup::Tags,
    };
}

/// Makes `text` fit its limit: cuts it, with a warning, or refuses it. Errors also when nothing of it would be seen.
pub(crate) fn fit(
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
            unit: unit.as_str(),
            limit: most,
        }),
        Overflow::Truncate => {
            warnings.push(format!(
                "{field} was cut: {missing} of {} {} are missing (limit {most})",
                unit.size(text),
                unit.as_str()
            ));
            *text = shorter;
            Ok(())
        }
    }
}

/// Cuts a text without markup to `most` bytes, with a warning that names its place.
pub(crate) fn cut_at(
    text: &mut String,
    at: Place<'_>,
    most: usize,
    language: Language,
    warnings: &mut Vec<String>,
) {
    let Some((shorter, missing)) = cut(text, most, Unit::Bytes, Markup::Plain, language) else {
        return;
    };
    warnings.push(format!(
        "{} was cut: {missing} of {} bytes are missing (limit {most})",
        at.path(),
        text.len()
    ));
    *text = shorter;
}

/// Checks a card's link. Errors when no client could open it.
pub(crate) fn check_url(url: &str) -> Result<(), MessageError> {
    link::check(url).map_err(|fault| match fault {
        LinkFault::Empty => MessageError::Empty("url"),
        LinkFault::NotALink => MessageError::NotALink,
        LinkFault::NoHost => MessageError::NoHost,
        LinkFault::Blank(at) => MessageError::BlankInLink(at),
        LinkFault::TooLong(size) => MessageError::TooLong {
            field: "url",
            size,
            unit: Unit::Bytes.as_str(),
            limit: MAX_URL,
        },
    })
}
