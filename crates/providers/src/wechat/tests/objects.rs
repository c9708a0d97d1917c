//! Payloads of messages that are an object beside `msgtype`.

use acteon_config::Setting;
use acteon_core::ProviderName;
use acteon_wecom::Message;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{prepare, prepare_with, settings};
use crate::context::Context;
use crate::wechat::build;
use crate::wechat::config::MsgType;

fn to_lisi(msgtype: &str, object: &Value) -> Value {
    json!({ "touser": "lisi", "msgtype": msgtype, msgtype: object })
}

/// Error of a payload, without what it has behind so many bytes.
fn error(payload: &Value) -> String {
    prepare(&payload.to_string()).expect_err("a fault")
}

#[test]
fn each_type_becomes_the_request_that_the_service_reads() {
    for (msgtype, object) in [
        ("image", r#"{"media_id":"m"}"#),
        ("voice", r#"{"media_id":"m"}"#),
        ("file", r#"{"media_id":"m"}"#),
        ("video", r#"{"media_id":"m","title":"t","description":"d"}"#),
        (
            "news",
            r#"{"articles":[{"title":"t","url":"https://e.com"}]}"#,
        ),
        (
            "mpnews",
            r#"{"articles":[{"title":"t","thumb_media_id":"m","content":"<p>c</p>"}]}"#,
        ),
        (
            "template_card",
            r#"{"card_type":"text_notice","sub_title_text":"s","card_action":{"type":1,"url":"https://e.com"}}"#,
        ),
        (
            "miniprogram_notice",
            r#"{"appid":"wx1","title":"会议室预订","content_item":[{"key":"k","value":"v"}]}"#,
        ),
    ] {
        let request = format!(
            r#"{{"touser":"lisi","agentid":1000002,"msgtype":"{msgtype}","{msgtype}":{object},"safe":0}}"#
        );
        let payload = to_lisi(msgtype, &serde_json::from_str(object).expect("JSON"));
        assert_eq!(prepare(&payload.to_string()), Ok(request.clone()));
        // What a profile renders is a text.
        let rendered = to_lisi(msgtype, &json!(object));
        assert_eq!(prepare(&rendered.to_string()), Ok(request));
    }
}

#[test]
fn settings_of_the_payload_stand_beside_the_object() {
    let mut payload = to_lisi(
        "mpnews",
        &json!({ "articles": [{ "title": "t", "thumb_media_id": "m", "content": "c" }] }),
    );
    payload["safe"] = json!(2);
    payload["enable_id_trans"] = json!(true);
    let request = prepare(&payload.to_string()).expect("a request");
    assert!(
        request.ends_with(r#""safe":2,"enable_id_trans":1}"#),
        "{request}"
    );
    let mut payload =
        json!({ "touser": "lisi", "content": "$userName=lisi$", "enable_id_trans": 1 });
    assert_eq!(
        prepare(&payload.to_string()).as_deref(),
        Ok(
            r#"{"touser":"lisi","agentid":1000002,"msgtype":"text","text":{"content":"$userName=lisi$"},"safe":0,"enable_id_trans":1}"#
        )
    );
    payload["msgtype"] = json!("markdown");
    let prepared = prepare_with(&settings(), &payload.to_string()).expect("prepared");
    assert!(
        prepared
            .warnings
            .iter()
            .any(|warning| warning.contains("enable_id_trans has no effect"))
    );
    payload["enable_id_trans"] = json!("yes");
    assert!(error(&payload).starts_with("enable_id_trans must be true or false"));
}

#[test]
fn all_faults_are_told_together() {
    let payload = json!({
        "touser": ["lisi"], "safe": "1", "msgtype": "template_card",
        "template_card": {
            "card_type": "button_interaction",
            "main_titel": { "title": "t" },
            "button_list": [{ "text": "a", "key": "k" }, { "text": "b", "key": 5 }, { "text": "c", "key": "k" }],
        },
    });
    assert_eq!(
        error(&payload),
        "touser must be text, is a list: join the ids with |, such as \"zhangsan|lisi\"; \
         safe must be true or false, without quotes, is text; \
         template_card.button_list[1].key must be text, is a number; \
         template_card.main_titel is no field there: did you mean \"main_title\"?; \
         template_card.main_title.title is missing or empty; \
         template_card.task_id is missing or empty; \
         template_card.button_list[2].key is another's as well: it must be unique in its list"
    );
    let articles: Vec<Value> = vec![json!({}); 9];
    let told = error(&to_lisi("news", &json!({ "articles": articles })));
    assert!(
        told.starts_with(
            "news.articles has 9 entries, at most 8 are allowed; news.articles[0].title is missing"
        ),
        "{told}"
    );
    assert!(told.len() <= 1024 && told.ends_with(" more"), "{told}");
}

#[test]
fn what_is_not_sent_is_warned_of_by_its_path() {
    let mut payload = to_lisi(
        "news",
        &json!({ "articles": [{ "title": "t", "url": "https://e.com", "severity": "high" }] }),
    );
    payload["service"] = json!("checkout");
    let prepared = prepare_with(&settings(), &payload.to_string()).expect("prepared");
    assert_eq!(
        prepared.warnings,
        ["not sent, since a news message has no such field: service, news.articles[0].severity"]
    );
}

#[test]
fn an_object_that_is_missing_or_none_is_told_with_how_to_write_it() {
    for (payload, told) in [
        (
            json!({ "touser": "lisi", "msgtype": "image", "media_id": "m" }),
            "image is missing: the message is an object of that name, such as \"msgtype\": \"image\", \"image\": {\"media_id\": \"...\"}",
        ),
        (
            to_lisi("news", &json!([])),
            "news must be an object, is a list",
        ),
        (
            to_lisi("news", &json!("{\"articles\": [}")),
            "news must be an object, is text",
        ),
        (
            json!({ "touser": "lisi", "news": { "articles": [] } }),
            "content is missing; a text message needs it: to send what is within \"news\", write \"msgtype\": \"news\" beside it",
        ),
        (
            json!({ "touser": "lisi", "msgtype": "news", "News": { "articles": [] } }),
            "\"News\" is not a field of a WeChat Work message: did you mean \"news\"?; news is missing",
        ),
        (
            to_lisi("template_card", &json!({ "sub_title_text": "s" })),
            "template_card.card_type must be text_notice, news_notice, button_interaction, vote_interaction or multiple_interaction",
        ),
        (
            json!({ "touser": "@all", "msgtype": "miniprogram_notice", "miniprogram_notice": { "appid": "wx1", "title": "会议室预订" } }),
            "touser is @all, and a miniprogram_notice goes to",
        ),
    ] {
        let found = error(&payload);
        assert!(found.starts_with(told), "{payload}: {found}");
    }
}

/// The service refuses such a message, and nobody asked for one that is not confidential.
#[test]
fn news_that_the_configuration_makes_confidential_are_refused() {
    let mut settings = settings();
    settings.set("wechat.safe", Setting::Flag(true));
    let mut payload = to_lisi(
        "news",
        &json!({ "articles": [{ "title": "t", "url": "https://e.com" }] }),
    );
    let refused = prepare_with(&settings, &payload.to_string()).expect_err("confidential");
    assert!(
        refused.starts_with("safe is on, and news cannot be"),
        "{refused}"
    );
    payload["safe"] = json!(false);
    assert!(prepare_with(&settings, &payload.to_string()).is_ok());
}

#[test]
fn no_error_shows_what_stands_in_a_field() {
    let object = json!({ "card_type": "s3cret", "task_id": ["s3cret"], "button_list": { "s3cret": "s3cret" } });
    assert!(!error(&to_lisi("template_card", &object)).contains("s3cret"));
    let object = json!({ "card_type": "button_interaction", "task_id": ["s3cret"], "button_list": [{ "style": "s3cret", "text": ["s3cret"] }] });
    assert!(!error(&to_lisi("template_card", &object)).contains("s3cret"));
}

#[test]
fn what_has_no_text_carries_no_late_mark() {
    let name = ProviderName::parse("wechat-ops").expect("a name");
    let provider = build(&name, &settings(), &Context::default());
    let provider = provider.unwrap_or_else(|problems| panic!("{problems:?}"));
    let marked = |msgtype: &str, object: &Value| {
        let prepared = prepare_with(&settings(), &to_lisi(msgtype, object).to_string());
        let marked = provider.mark_late(&prepared.expect("prepared"), "[late]")?;
        Some(String::from_utf8(marked).expect("UTF-8"))
    };
    let medium = json!({ "media_id": "m" });
    for msgtype in ["image", "voice", "file"] {
        assert_eq!(marked(msgtype, &medium), None, "{msgtype}");
    }
    let notice = json!({ "appid": "wx1", "title": "会议室预订" });
    assert_eq!(marked("miniprogram_notice", &notice), None);
    let card = json!({ "card_type": "text_notice", "sub_title_text": "s", "card_action": { "type": 1, "url": "https://e.com" } });
    let news = json!({ "articles": [{ "title": "t", "url": "https://e.com" }] });
    for (msgtype, object) in [
        ("video", &medium),
        ("template_card", &card),
        ("news", &news),
    ] {
        let marked = marked(msgtype, object).expect("a mark");
        assert!(marked.contains("[late]\""), "{marked}");
    }
}

/// Any JSON, also of the names that messages have.
fn any_json() -> impl Strategy<Value = Value> {
    let names =
        "articles|title|url|media_id|card_type|button_list|checkbox|option_list|key|[a-z]{0,6}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-3_i64..3).prop_map(Value::from),
        "vote_interaction|text_notice|https://e.com|\\PC{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(names, inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    /// What is taken is a request that is read again as it was written.
    #[test]
    fn no_object_panics(msgtype in 3_usize..11, object in any_json()) {
        let msgtype = MsgType::ALL[msgtype].0;
        if let Ok(request) = prepare(&to_lisi(msgtype, &object).to_string()) {
            let read = Message::from_bytes(request.as_bytes()).expect("a message");
            prop_assert_eq!(String::from_utf8(read.to_bytes()).expect("UTF-8"), request);
        }
    }
}
