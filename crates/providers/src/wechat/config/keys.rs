//! Keys of the section.

use acteon_config::{Key, Kind, Takes};

pub(crate) const KEYS: &[Key] = &[
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
        "wechat.oauth",
        Kind::Flag,
        "Show approvals to whom WeChat Work says to be the person asked, and to nobody else with the link. Needs server.external_url. Default false.",
    ),
    Key::optional(
        "wechat.oauth_base_url",
        Kind::Text,
        "Another base URL of the pages where members sign in, for tests or an installation of your own.",
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
    )
    .taking(Takes::WithinLease),
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
        "wechat.callback_token",
        Kind::Secret,
        "Token of the app's callback URL. Needs callback_aes_key.",
    ),
    Key::optional(
        "wechat.callback_aes_key",
        Kind::Secret,
        "EncodingAESKey of the app's callback URL, 43 letters and digits.",
    ),
    Key::optional(
        "wechat.approval",
        Kind::Text,
        "How people are asked to decide: \"card\", with buttons, \"link\", or \"auto\" (default): cards where there is a callback.",
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
