//! What values are escaped for.

mod markup;

use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Error, ErrorKind, Output, State, Value};

use crate::value;

/// What the values in a template are escaped for: the markup of the text that it becomes part of. What the template itself writes stays as it is, and so does a
/// value with `| safe`.
///
/// Services that know no escapes, as WeChat Work, get letters of full width in place of those that begin markup; they look alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Escaping {
    /// Values stand as they are.
    #[default]
    None,
    /// Values stand as JSON, texts in quotes.
    Json,
    /// `<`, `>`, `&` and quotes are written as entities.
    Html,
    /// A text message of WeChat Work: no value makes a link or a mention (`<a href=...>`, `<@userid>`).
    WechatText,
    /// Markdown of WeChat Work: no value makes a tag, a mention, a link, a heading, a quotation, bold text or code.
    WechatMarkdown,
    /// The description of a text card of WeChat Work: no value makes a tag (`<div class=...>`, `<br>`).
    WechatTextcard,
    /// A message of WeChat Work that is an object, such as `news` or `template_card`: within the field of that name values stand as JSON, and in others as
    /// they are. Its clients read no markup there.
    WechatObject,
    /// Articles of WeChat Work that have their text in HTML (`mpnews`): as [`Self::WechatObject`], and no value makes a tag.
    WechatMpnews,
}

/// Types of messages that are objects, whose clients read no markup.
const OBJECTS: [&str; 7] = [
    "image",
    "voice",
    "video",
    "file",
    "news",
    "template_card",
    "miniprogram_notice",
];
/// Type of articles in HTML.
const MPNEWS: &str = "mpnews";

impl Escaping {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::Json,
        Self::Html,
        Self::WechatText,
        Self::WechatMarkdown,
        Self::WechatTextcard,
        Self::WechatObject,
        Self::WechatMpnews,
    ];

    /// Name, as it is written in templates and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Json => "json",
            Self::Html => "html",
            Self::WechatText => "wechat_text",
            Self::WechatMarkdown => "wechat_markdown",
            Self::WechatTextcard => "wechat_textcard",
            Self::WechatObject => "wechat_object",
            Self::WechatMpnews => "wechat_mpnews",
        }
    }

    /// The one of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.name() == name)
    }

    /// Escaping for a type of message of WeChat Work (`msgtype`). What is no markup there stays as it is.
    pub fn of_wechat(msgtype: &str) -> Self {
        match msgtype {
            "text" => Self::WechatText,
            "markdown" | "markdown_v2" => Self::WechatMarkdown,
            "textcard" => Self::WechatTextcard,
            MPNEWS => Self::WechatMpnews,
            object if OBJECTS.contains(&object) => Self::WechatObject,
            _ => Self::None,
        }
    }

    /// Escaping of one field of the payload that a message is made of.
    #[must_use]
    pub fn of_field(self, field: &str) -> Self {
        match self {
            Self::WechatObject if OBJECTS.contains(&field) => Self::Json,
            Self::WechatMpnews if field == MPNEWS => self,
            Self::WechatObject | Self::WechatMpnews => Self::None,
            Self::None
            | Self::Json
            | Self::Html
            | Self::WechatText
            | Self::WechatMarkdown
            | Self::WechatTextcard => self,
        }
    }

    /// Whether values stand as JSON.
    pub(crate) const fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::WechatMpnews)
    }

    /// JSON as it stands in such a text, where it is a value's.
    pub(crate) fn json(self, json: String) -> String {
        match self {
            Self::WechatMpnews => markup::tags(&json),
            _ => json,
        }
    }

    /// `text` in which nothing is markup.
    pub fn escape(self, text: &str) -> String {
        match self {
            Self::None | Self::WechatObject => text.to_owned(),
            Self::Json | Self::WechatMpnews => self.json(value::quoted(text)),
            Self::Html => markup::html(text),
            Self::WechatText | Self::WechatTextcard => markup::tags(text),
            Self::WechatMarkdown => markup::markdown(text),
        }
    }

    /// What a value is written as.
    pub(crate) fn written(self, value: &Value) -> Result<String, Error> {
        match value.kind() {
            ValueKind::Undefined => Err(ErrorKind::UndefinedError.into()),
            _ if self.is_json() => value::to_json(value).map(|json| self.json(json)),
            ValueKind::String | ValueKind::Number => Ok(self.escape(&value.to_string())),
            ValueKind::None => Ok(String::new()),
            _ => Ok(self.escape(&value::to_json(value)?)),
        }
    }

    /// The one that a rendering was begun with.
    pub(crate) fn of(state: &mut State) -> Self {
        state
            .lookup(VARIABLE)
            .and_then(|name| Self::from_name(name.as_str()?))
            .unwrap_or_default()
    }
}

/// Name of the variable by which a rendering says what it escapes for. No template can write it.
pub(crate) const VARIABLE: &str = " escaping";

/// Name of the place in which a rendering keeps the value that it wrote last.
pub(crate) const LAST_VALUE: &str = "value";

/// Writes a value into a template's text.
pub(crate) fn format(output: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    state.set_temp(LAST_VALUE, value.clone());
    let is_off = value.is_safe() || matches!(state.auto_escape(), AutoEscape::None);
    let escaping = if is_off {
        Escaping::None
    } else {
        Escaping::of(state)
    };
    let text = escaping.written(value)?;
    output.write_str(&text).map_err(Error::from)
}
