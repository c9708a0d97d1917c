//! Tests that need no server: settings and payloads.

mod objects;

use acteon_config::{Setting, Settings};
use acteon_core::{Action, ErrorKind, Prepared, ProviderName};
use proptest::prelude::*;

use super::build;
use crate::context::Context;

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.set("wechat.corp_id", Setting::Secret("ww-corp".into()));
    settings.set("wechat.corp_secret", Setting::Secret("s3cret".into()));
    settings.set("wechat.agent_id", Setting::Integer(1_000_002));
    settings
}

fn problems(key: &'static str, value: Setting) -> Vec<&'static str> {
    let mut settings = settings();
    settings.set(key, value);
    let name = ProviderName::parse("wechat-ops").expect("a name");
    build(&name, &settings, &Context::default())
        .err()
        .unwrap_or_default()
        .into_iter()
        .map(|problem| problem.key)
        .collect()
}

fn prepare_with(settings: &Settings, payload: &str) -> Result<Prepared, String> {
    let name = ProviderName::parse("wechat-ops").expect("a name");
    let provider =
        build(&name, settings, &Context::default()).map_err(|problems| format!("{problems:?}"))?;
    let action = format!(
        r#"{{"id":"a","namespace":"n","tenant":"t","provider":"wechat-ops","action_type":"x","payload":{payload},"created_at":"2026-01-01T00:00:00Z"}}"#
    );
    let action: Action = serde_json::from_str(&action).map_err(|error| error.to_string())?;
    provider.prepare(&action).map_err(|error| {
        assert_eq!(error.kind(), ErrorKind::Serialization);
        error.to_string()
    })
}

fn prepare(payload: &str) -> Result<String, String> {
    prepare_with(&settings(), payload)
        .map(|prepared| String::from_utf8(prepared.bytes).expect("UTF-8"))
}

#[test]
fn settings_out_of_range_are_refused_by_key() {
    for (key, bad) in [
        ("wechat.agent_id", vec![0, -1, 5_000_000_000]),
        ("wechat.token_refresh_buffer_seconds", vec![7200, -1]),
        ("wechat.duplicate_check_interval", vec![1800]),
        ("wechat.timeout_seconds", vec![0, 60]),
    ] {
        for value in bad {
            assert_eq!(problems(key, Setting::Integer(value)), [key], "{value}");
        }
    }
    assert_eq!(
        problems("wechat.enable_duplicate_check", Setting::Flag(true)),
        ["wechat.enable_duplicate_check"]
    );
    assert_eq!(
        problems("wechat.default_msgtype", Setting::Text("image".into())),
        ["wechat.default_msgtype"]
    );
    assert_eq!(
        problems("wechat.overflow", Setting::Text("split".into())),
        ["wechat.overflow"]
    );
    assert_eq!(
        problems(
            "wechat.api_base_url",
            Setting::Text("http://example.com".into())
        ),
        ["wechat.api_base_url"]
    );
    assert_eq!(
        problems("wechat.corp_id", Setting::Secret(" ".into())),
        ["wechat.corp_id"]
    );
    assert_eq!(
        problems("wechat.default_touser", Setting::Text(" ".into())),
        [""; 0]
    );
    assert_eq!(
        problems(
            "wechat.default_touser",
            Setting::Text("zhangsan,lisi".into())
        ),
        ["wechat.default_touser"]
    );
    assert_eq!(
        problems(
            "wechat.default_totag",
            Setting::Text(vec!["1"; 101].join("|"))
        ),
        ["wechat.default_totag"]
    );
    assert_eq!(
        problems("wechat.language", Setting::Text("fr".into())),
        ["wechat.language"]
    );
    assert_eq!(
        problems("wechat.language", Setting::Text("zh".into())),
        [""; 0]
    );
}

#[test]
fn the_duplicate_check_takes_one_to_thirty_minutes() {
    for (interval, allowed) in [(0, false), (1, true), (1800, true), (1801, false)] {
        let mut settings = settings();
        settings.set("wechat.enable_duplicate_check", Setting::Flag(true));
        settings.set(
            "wechat.duplicate_check_interval",
            Setting::Integer(interval),
        );
        assert_eq!(
            prepare_with(&settings, r#"{"touser":"u1","content":"x"}"#).is_ok(),
            allowed,
            "{interval}"
        );
    }
}

#[test]
fn a_blank_word_counts_as_absent() {
    let plain = prepare(r#"{"touser":"u1","content":"x"}"#);
    assert!(plain.is_ok(), "{plain:?}");
    for payload in [
        r#"{"touser":"u1","content":"x","msgtype":""}"#,
        r#"{"touser":"u1","content":"x","msgtype":" ","event_action":""}"#,
        r#"{"touser":"u1","content":"x","msgtype":"text ","event_action":" send"}"#,
    ] {
        assert_eq!(prepare(payload), plain, "{payload}");
    }
}

#[test]
fn the_messages_of_the_documentation_become_requests() {
    assert_eq!(
        prepare(r#"{"touser":"@all","content":"Deploy #4823 shipped to production."}"#).as_deref(),
        Ok(
            r#"{"touser":"@all","agentid":1000002,"msgtype":"text","text":{"content":"Deploy #4823 shipped to production."},"safe":0}"#
        )
    );
    assert_eq!(
        prepare(r#"{"toparty":"12|15","msgtype":"markdown","content":"> Latency"}"#).as_deref(),
        Ok(
            r#"{"toparty":"12|15","agentid":1000002,"msgtype":"markdown","markdown":{"content":"> Latency"},"safe":0}"#
        )
    );
    assert_eq!(
        prepare(r#"{"totag":"oncall","msgtype":"textcard","title":"T","description":"D","url":"https://e.com","btntxt":"Open runbook"}"#)
            .as_deref(),
        Ok(
            r#"{"totag":"oncall","agentid":1000002,"msgtype":"textcard","textcard":{"title":"T","description":"D","url":"https://e.com","btntxt":"Open runbook"},"safe":0}"#
        )
    );
}

#[test]
fn a_faulty_payload_names_the_field() {
    for (payload, field) in [
        (r#""text""#, "payload"),
        ("[1]", "payload"),
        (r#"{"content":"x"}"#, "touser"),
        (r#"{"touser":"","content":"x"}"#, "touser"),
        (
            r#"{"touser":5,"content":"x"}"#,
            "touser must be text, is a number",
        ),
        (r#"{"touser":"u"}"#, "content is missing"),
        (
            r#"{"touser":"u","content":["x"]}"#,
            "content must be text, is a list",
        ),
        (r#"{"touser":"u","content":" "}"#, "content is empty"),
        (
            r#"{"touser":"u","content":"x","msgtype":"imgae"}"#,
            "msgtype \"imgae\" is not supported; it must be \"text\", \"markdown\", \"textcard\", \"image\", \"voice\", \"video\", \"file\", \"news\", \"mpnews\", \"template_card\" or \"miniprogram_notice\"; did you mean \"image\"?",
        ),
        (
            r#"{"touser":"u","content":"x","msgtype":"quiz"}"#,
            "msgtype \"quiz\" is not supported; it must be",
        ),
        (
            r#"{"touser":"u","content":"x","event_action":"resolve"}"#,
            "event_action",
        ),
        (
            r#"{"touser":"u","msgtype":"textcard","title":"t","description":"d"}"#,
            "url is missing",
        ),
        (
            r#"{"touser":"u","msgtype":"textcard","title":"t","description":"d","url":"e.com"}"#,
            "url must begin with",
        ),
    ] {
        let error = prepare(payload).expect_err(payload);
        assert!(error.contains(field), "{payload}: {error}");
    }
}

#[test]
fn named_members_count_against_their_budget() {
    let prepared = prepare_with(
        &settings(),
        r#"{"touser":"Zhang | li|zhang","content":"x"}"#,
    )
    .expect("prepared");
    assert_eq!(prepared.recipients, ["1000002/li", "1000002/zhang"]);
    let prepared = prepare_with(
        &settings(),
        r#"{"touser":"@all","toparty":"1","content":"x"}"#,
    )
    .expect("prepared");
    assert!(prepared.recipients.is_empty());
    assert!(
        prepared.warnings[0].contains("@all"),
        "{:?}",
        prepared.warnings
    );
}

#[test]
fn so_many_names_are_compared_and_no_more() {
    let with_others = |count: usize| {
        let mut payload = serde_json::json!({ "touser": "u", "content": "x", "msgtypes": "text" });
        for number in 0..count {
            payload[format!("a{number:03}")] = number.into();
        }
        prepare_with(&settings(), &payload.to_string())
    };
    let error = with_others(199).expect_err("a slip");
    assert!(error.contains("did you mean \"msgtype\""), "{error}");
    let prepared = with_others(200).expect("prepared");
    assert!(
        prepared.warnings[0].contains("196 more"),
        "{:?}",
        prepared.warnings
    );
}

proptest! {
    #[test]
    fn no_payload_panics(text in "\\PC{0,200}") {
        let payload = serde_json::json!({ "touser": text, "content": text, "msgtype": "markdown" }).to_string();
        drop(prepare(&payload));
    }
}
