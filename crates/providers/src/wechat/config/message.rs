//! Settings of messages: the app that sends them, and values for what payloads leave out.

use acteon_config::{Problem, SectionReader, Settings};
use acteon_wecom::{Language, Overflow, Recipients};

/// Type of a message: WeChat Work's `msgtype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MsgType {
    Text,
    Markdown,
    Textcard,
    Image,
    Voice,
    Video,
    File,
    News,
    Mpnews,
    TemplateCard,
    MiniprogramNotice,
}

impl MsgType {
    /// All types by name.
    pub(crate) const ALL: [(&str, Self); 11] = [
        ("text", Self::Text),
        ("markdown", Self::Markdown),
        ("textcard", Self::Textcard),
        ("image", Self::Image),
        ("voice", Self::Voice),
        ("video", Self::Video),
        ("file", Self::File),
        ("news", Self::News),
        ("mpnews", Self::Mpnews),
        ("template_card", Self::TemplateCard),
        ("miniprogram_notice", Self::MiniprogramNotice),
    ];

    /// Types whose fields stand at the top of a payload; the first is the default. The others have an object of their name.
    pub(crate) const TOP: [(&str, Self); 3] = [Self::ALL[0], Self::ALL[1], Self::ALL[2]];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(name, _)| *name == text)
            .map(|(_, msgtype)| msgtype)
    }

    pub(crate) fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, msgtype)| *msgtype == self)
            .map_or("", |(name, _)| name)
    }

    /// Whether the message is an object of the type's name, and not fields at the top of a payload.
    pub(crate) fn is_object(self) -> bool {
        Self::TOP.iter().all(|(_, msgtype)| *msgtype != self)
    }

    /// Fields of a payload that are only for this type.
    pub(crate) const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Text | Self::Markdown => &["content"],
            Self::Textcard => &["title", "description", "url", "btntxt"],
            Self::Image => &["image"],
            Self::Voice => &["voice"],
            Self::Video => &["video"],
            Self::File => &["file"],
            Self::News => &["news"],
            Self::Mpnews => &["mpnews"],
            Self::TemplateCard => &["template_card"],
            Self::MiniprogramNotice => &["miniprogram_notice"],
        }
    }

    /// Beginning of what such a message is written as.
    pub(crate) const fn example(self) -> &'static str {
        match self {
            Self::Text | Self::Markdown => r#"{"content": "..."}"#,
            Self::Textcard => r#"{"title": "...", "description": "...", "url": "..."}"#,
            Self::Image | Self::Voice | Self::Video | Self::File => r#"{"media_id": "..."}"#,
            Self::News => r#"{"articles": [{"title": "...", "url": "..."}]}"#,
            Self::Mpnews => {
                r#"{"articles": [{"title": "...", "thumb_media_id": "...", "content": "..."}]}"#
            }
            Self::TemplateCard => r#"{"card_type": "text_notice", ...}"#,
            Self::MiniprogramNotice => r#"{"appid": "...", "title": "..."}"#,
        }
    }
}

/// Settings of messages.
pub(crate) struct Config {
    pub(crate) agent_id: u32,
    pub(crate) defaults: Recipients,
    pub(crate) default_msgtype: MsgType,
    pub(crate) safe: bool,
    pub(crate) duplicate_check: Option<u32>,
    pub(crate) overflow: Overflow,
    pub(crate) language: Language,
    pub(crate) ask_by: AskBy,
}

/// How people are asked for a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AskBy {
    /// By a card with buttons.
    Card,
    /// By a link to a page.
    Link,
}

impl Config {
    /// Reads the settings; `None` where one cannot be used, which is reported.
    pub(super) fn read(reader: &mut SectionReader<'_>, has_callback: bool) -> Option<Self> {
        const OVERFLOWS: [(&str, Overflow); 2] = [
            ("truncate", Overflow::Truncate),
            ("reject", Overflow::Reject),
        ];
        let agent_id = reader.integer("wechat.agent_id", 0, 1..=u32::MAX.into());
        let duplicate_check = duplicate_check(reader);
        let default_msgtype = reader.word("wechat.default_msgtype", MsgType::TOP);
        let overflow = reader.word("wechat.overflow", OVERFLOWS);
        let language = reader.word("wechat.language", Language::ALL);
        let defaults = reader.take(defaults(reader.settings()));
        let ask_by = ask_by(reader, has_callback);
        Some(Self {
            agent_id: u32::try_from(agent_id).ok()?,
            defaults: defaults?,
            default_msgtype: default_msgtype?,
            safe: reader.settings().flag("wechat.safe"),
            duplicate_check,
            overflow: overflow?,
            language: language?,
            ask_by: ask_by?,
        })
    }
}

/// How people are asked: by cards where presses come back, unless it is said otherwise.
fn ask_by(reader: &mut SectionReader<'_>, has_callback: bool) -> Option<AskBy> {
    const KEY: &str = "wechat.approval";
    let default = if has_callback {
        AskBy::Card
    } else {
        AskBy::Link
    };
    let words = [
        ("auto", None),
        ("card", Some(AskBy::Card)),
        ("link", Some(AskBy::Link)),
    ];
    let asked = reader.word(KEY, words)?;
    if asked == Some(AskBy::Card) && !has_callback {
        reader.wrong(
            KEY,
            "\"card\" needs wechat.callback_token and wechat.callback_aes_key: WeChat Work refuses cards with buttons of apps without a callback URL (43012)",
        );
    }
    Some(asked.unwrap_or(default))
}

fn defaults(settings: &Settings) -> Result<Recipients, Problem> {
    const KEYS: [&str; 3] = [
        "wechat.default_touser",
        "wechat.default_toparty",
        "wechat.default_totag",
    ];
    let text = |key| settings.text(key).unwrap_or_default().trim().to_owned();
    let [touser, toparty, totag] = KEYS.map(text);
    let defaults = Recipients {
        touser,
        toparty,
        totag,
    };
    // No default recipients are no problem: each payload then names its own.
    let Err(error) = Recipients::resolve([None, None, None], &defaults) else {
        return Ok(defaults);
    };
    match KEYS
        .into_iter()
        .find(|key| error.field().is_some_and(|field| key.ends_with(field)))
    {
        Some(key) => Err(Problem::new(key, error.to_string())),
        None => Ok(defaults),
    }
}

/// Interval in seconds within which WeChat Work drops a repeated message; `None` when the check is off.
fn duplicate_check(reader: &mut SectionReader<'_>) -> Option<u32> {
    const ENABLED: &str = "wechat.enable_duplicate_check";
    const INTERVAL: &str = "wechat.duplicate_check_interval";
    let settings = reader.settings();
    if !settings.flag(ENABLED) {
        reader.without_effect(&[INTERVAL], "wechat.enable_duplicate_check = true");
        return None;
    }
    if !settings.has(INTERVAL) {
        reader.wrong(
            ENABLED,
            "needs wechat.duplicate_check_interval, in seconds, at most 1800",
        );
        return None;
    }
    u32::try_from(reader.integer(INTERVAL, 0, 1..=1800)).ok()
}
