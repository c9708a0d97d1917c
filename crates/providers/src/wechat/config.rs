//! The section of a WeChat Work app.

use std::sync::Arc;
use std::time::Duration;

use acteon_config::{Key, Kind, Problem, Settings, Takes};
use acteon_http::{Url, is_forbidden_host};
use acteon_wecom::{
    Credentials, DEFAULT_BASE_URL, Endpoint, EndpointError, Language, Overflow, Recipients,
};

use crate::catalog::Context;

pub(super) const KEYS: &[Key] = &[
    Key::required(
        "wechat.corp_id",
        Kind::Secret,
        "Corporation ID (企业ID) from the admin console.",
    )
    .taking(Takes::WithSection),
    Key::required(
        "wechat.corp_secret",
        Kind::Secret,
        "The app's Secret from the admin console.",
    ),
    Key::required("wechat.agent_id", Kind::Integer, "The app's AgentId.")
        .taking(Takes::WithSection),
    Key::optional(
        "wechat.default_touser",
        Kind::Text,
        "Userids, separated by |, or \"@all\", where the payload has no touser.",
    )
    .or_blank(),
    Key::optional(
        "wechat.default_toparty",
        Kind::Text,
        "Department ids, separated by |, where the payload has no toparty.",
    )
    .or_blank(),
    Key::optional(
        "wechat.default_totag",
        Kind::Text,
        "Tag ids, separated by |, where the payload has no totag.",
    )
    .or_blank(),
    Key::optional(
        "wechat.default_msgtype",
        Kind::Text,
        "\"text\" (default), \"markdown\" or \"textcard\".",
    ),
    Key::optional(
        "wechat.safe",
        Kind::Flag,
        "Confidential messages: no forwarding, watermarked. Default false.",
    ),
    Key::optional(
        "wechat.enable_duplicate_check",
        Kind::Flag,
        "Have WeChat Work drop a repeated message. Needs duplicate_check_interval.",
    ),
    Key::optional(
        "wechat.duplicate_check_interval",
        Kind::Integer,
        "For how many seconds it is dropped, 1 to 1800.",
    ),
    Key::optional(
        "wechat.token_refresh_buffer_seconds",
        Kind::Integer,
        "How long before its end a token is replaced, below 7200. Default 300.",
    ),
    Key::optional(
        "wechat.api_base_url",
        Kind::Text,
        "Another base URL, for tests or a proxy. https, or http to this machine.",
    )
    .taking(Takes::WithSection),
    Key::optional(
        "wechat.allow_insecure_base_url",
        Kind::Flag,
        "Allow http to other machines. Default false.",
    ),
    Key::optional(
        "wechat.proxy",
        Kind::Text,
        "A proxy's URL. Without it HTTPS_PROXY and NO_PROXY are honoured.",
    ),
    Key::optional(
        "wechat.timeout_seconds",
        Kind::Integer,
        "Longest a call may take, 1 to 12. Default 10.",
    ),
    Key::optional(
        "wechat.language",
        Kind::Text,
        "Language of what is added to texts, such as that one was cut: \"en\" (default) or \"zh\".",
    ),
    Key::optional(
        "wechat.overflow",
        Kind::Text,
        "What to do with too long a text: \"truncate\" (default) or \"reject\".",
    ),
    Key::optional(
        "wechat.max_concurrency",
        Kind::Integer,
        "Most sends in flight, 1 to 1024. Default 512.",
    )
    .taking(Takes::AtStart),
    Key::optional(
        "wechat.max_per_second",
        Kind::Number,
        "Most sends a second, where the corporation's limit is known. Default: found out.",
    )
    .taking(Takes::AtStart),
];

/// Type of message where the payload does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MsgType {
    Text,
    Markdown,
    Textcard,
}

impl MsgType {
    /// Every one by its name; the first where nothing is said.
    pub(super) const ALL: [(&str, Self); 3] = [
        ("text", Self::Text),
        ("markdown", Self::Markdown),
        ("textcard", Self::Textcard),
    ];

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(name, _)| *name == text)
            .map(|(_, msgtype)| msgtype)
    }

    pub(super) fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, msgtype)| *msgtype == self)
            .map_or("", |(name, _)| name)
    }

    /// The fields that hold a message of this type.
    pub(super) const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Text | Self::Markdown => &["content"],
            Self::Textcard => &["title", "description", "url", "btntxt"],
        }
    }
}

/// What turns a payload into a message.
pub(super) struct Config {
    pub(super) agent_id: u32,
    pub(super) defaults: Recipients,
    pub(super) default_msgtype: MsgType,
    pub(super) safe: bool,
    pub(super) duplicate_check: Option<u32>,
    pub(super) overflow: Overflow,
    pub(super) language: Language,
}

/// What reaches the API.
pub(super) struct Connection {
    pub(super) endpoint: Endpoint,
    pub(super) credentials: Credentials,
    pub(super) refresh_buffer: Duration,
    pub(super) max_concurrency: usize,
    pub(super) max_per_second: Option<f64>,
}

impl Config {
    pub(super) fn read(
        settings: &Settings,
        context: &Context,
    ) -> Result<(Self, Connection), Vec<Problem>> {
        let mut problems = Vec::new();
        let mut check = |found: Result<i64, Problem>| {
            found
                .map_err(|problem| problems.push(problem))
                .unwrap_or_default()
        };
        let agent_id = check(ranged(settings, "wechat.agent_id", 0, 1..=u32::MAX.into()));
        let buffer = check(ranged(
            settings,
            "wechat.token_refresh_buffer_seconds",
            300,
            0..=7199,
        ));
        let max_concurrency = check(ranged(settings, "wechat.max_concurrency", 512, 1..=1024));
        let duplicate_check = duplicate_check(settings)
            .map_err(|problem| problems.push(problem))
            .ok()
            .flatten();
        let default_msgtype = word(settings, "wechat.default_msgtype", MsgType::ALL)
            .map_err(|problem| problems.push(problem));
        let overflow = word(
            settings,
            "wechat.overflow",
            [
                ("truncate", Overflow::Truncate),
                ("reject", Overflow::Reject),
            ],
        );
        let overflow = overflow.map_err(|problem| problems.push(problem));
        let language = word(settings, "wechat.language", Language::ALL)
            .map_err(|problem| problems.push(problem));
        let max_per_second = settings.number("wechat.max_per_second");
        if max_per_second
            .is_some_and(|rate| !(rate.is_finite() && (0.01..=100_000.0).contains(&rate)))
        {
            problems.push(Problem::new(
                "wechat.max_per_second",
                "must be from 0.01 to 100000",
            ));
        }
        let timeout = context
            .timeout(settings, "wechat.timeout_seconds", 10, 12)
            .map_err(|problem| problems.push(problem))
            .ok();
        let endpoint = timeout.and_then(|timeout| {
            endpoint(settings, timeout, context)
                .map_err(|problem| problems.push(problem))
                .ok()
        });
        let credentials = credentials(settings)
            .map_err(|found| problems.extend(found))
            .ok();
        let defaults = defaults(settings)
            .map_err(|problem| problems.push(problem))
            .unwrap_or_default();
        let (
            Some(endpoint),
            Some(credentials),
            Ok(default_msgtype),
            Ok(overflow),
            Ok(language),
            true,
        ) = (
            endpoint,
            credentials,
            default_msgtype,
            overflow,
            language,
            problems.is_empty(),
        )
        else {
            return Err(problems);
        };
        let config = Self {
            agent_id: u32::try_from(agent_id).unwrap_or_default(),
            defaults,
            default_msgtype,
            safe: settings.flag("wechat.safe"),
            duplicate_check,
            overflow,
            language,
        };
        let connection = Connection {
            endpoint,
            credentials,
            refresh_buffer: Duration::from_secs(buffer.unsigned_abs()),
            max_concurrency: usize::try_from(max_concurrency).unwrap_or(1),
            max_per_second,
        };
        Ok((config, connection))
    }
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
    // Where there are none every payload says whom it goes to.
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

/// What a word stands for; the first where there is none.
fn word<T: Copy, const N: usize>(
    settings: &Settings,
    key: &'static str,
    words: [(&str, T); N],
) -> Result<T, Problem> {
    let Some(given) = settings.text(key) else {
        return Ok(words[0].1);
    };
    let found = words.iter().find(|(word, _)| *word == given);
    found.map(|(_, meant)| *meant).ok_or_else(|| {
        let mut known = format!("{:?}", words[0].0);
        for (place, (word, _)) in words.iter().enumerate().skip(1) {
            let between = if place + 1 == N { " or" } else { "," };
            known = format!("{known}{between} {word:?}");
        }
        Problem::new(key, format!("must be {known}, is {given:?}"))
    })
}

fn ranged(
    settings: &Settings,
    key: &'static str,
    default: i64,
    range: std::ops::RangeInclusive<i64>,
) -> Result<i64, Problem> {
    let value = settings.integer(key).unwrap_or(default);
    if range.contains(&value) {
        return Ok(value);
    }
    Err(Problem::new(
        key,
        format!(
            "must be from {} to {}, is {value}",
            range.start(),
            range.end()
        ),
    ))
}

fn duplicate_check(settings: &Settings) -> Result<Option<u32>, Problem> {
    const INTERVAL: &str = "wechat.duplicate_check_interval";
    let interval = settings.integer(INTERVAL);
    match (settings.flag("wechat.enable_duplicate_check"), interval) {
        (false, None) => Ok(None),
        (false, Some(_)) => Err(Problem::new(
            INTERVAL,
            "has no effect without wechat.enable_duplicate_check = true; set that, or remove this",
        )),
        (true, None) => Err(Problem::new(
            "wechat.enable_duplicate_check",
            "needs wechat.duplicate_check_interval, in seconds, at most 1800",
        )),
        (true, Some(_)) => {
            ranged(settings, INTERVAL, 0, 1..=1800).map(|interval| u32::try_from(interval).ok())
        }
    }
}

fn endpoint(
    settings: &Settings,
    timeout: Duration,
    context: &Context,
) -> Result<Endpoint, Problem> {
    const BASE: &str = "wechat.api_base_url";
    let base = settings.text(BASE).unwrap_or(DEFAULT_BASE_URL);
    if Url::parse(base).is_ok_and(|url| is_forbidden_host(&url)) {
        return Err(Problem::new(
            BASE,
            "is a link-local or cloud metadata address",
        ));
    }
    let allow_insecure = settings.flag("wechat.allow_insecure_base_url");
    Endpoint::over(
        &context.clients,
        base,
        timeout,
        settings.text("wechat.proxy"),
        allow_insecure,
    )
    .map_err(|error| {
        let is_of_proxy = matches!(
            error,
            EndpointError::NotAProxy | EndpointError::ProxyToLoopback
        );
        let key = if is_of_proxy { "wechat.proxy" } else { BASE };
        Problem::new(key, error.to_string())
    })
}

fn credentials(settings: &Settings) -> Result<Credentials, Vec<Problem>> {
    let (id, secret) = (
        settings.secret("wechat.corp_id"),
        settings.secret("wechat.corp_secret"),
    );
    if let (Some(corp_id), Some(corp_secret)) = (id, secret) {
        return Ok(Credentials {
            corp_id: Arc::new(corp_id.clone()),
            corp_secret: Arc::new(corp_secret.clone()),
        });
    }
    let blank = |key, value: Option<_>| {
        value
            .is_none()
            .then(|| Problem::new(key, "must not be blank"))
    };
    Err([
        blank("wechat.corp_id", id),
        blank("wechat.corp_secret", secret),
    ]
    .into_iter()
    .flatten()
    .collect())
}
