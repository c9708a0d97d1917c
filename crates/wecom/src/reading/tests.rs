//! Tests of reading: all that is wrong is found, each with its path, and nothing of what was written is in it.

use serde_json::json;

use super::*;
use crate::card::CardAction;
use crate::news::{Article, News};
use crate::recipients::Recipients;

fn read(msgtype: &str, object: &Value) -> Reading {
    Content::read(msgtype, object).expect("a type")
}

fn told(reading: &Reading) -> Vec<String> {
    reading.violations.iter().map(ToString::to_string).collect()
}

fn message(content: Content) -> Message {
    Message {
        recipients: Recipients::default(),
        agentid: 1,
        content,
        safe: 0,
        enable_id_trans: None,
        enable_duplicate_check: None,
        duplicate_check_interval: None,
    }
}

/// All that is wrong, with what the checks find.
fn wrong(msgtype: &str, object: &Value) -> Vec<String> {
    let reading = read(msgtype, object);
    match reading.ready(message, Overflow::Truncate, Language::En) {
        Err(MessageError::Content(error)) => {
            error.violations.iter().map(ToString::to_string).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_written_is_read() {
    let articles = json!([{ "title": "t", "url": "https://example.com", "picurl": null }]);
    let reading = read("news", &json!({ "articles": articles }));
    let article = Article {
        title: "t".into(),
        url: "https://example.com".into(),
        ..Article::default()
    };
    let news = News {
        articles: vec![article],
    };
    assert_eq!(
        reading,
        Reading {
            content: Some(Content::News { news }),
            violations: vec![],
            unknown: vec![]
        }
    );
    for msgtype in ["text", "markdown", "textcard", "image", "voice", "video"] {
        let empty = read(msgtype, &json!({}));
        assert!(empty.content.is_some() && empty.violations.is_empty());
    }
    assert_eq!(Content::read("taskcard", &json!({})), None);
}

#[test]
fn each_value_of_another_kind_is_told() {
    let object = json!({
        "articles": [
            { "title": 5, "url": ["https://example.com"], "picurl": {} },
            "an article",
            null,
            { "title": "t", "url": "https://example.com", "appid": true },
        ],
    });
    let reading = read("news", &object);
    assert_eq!(
        told(&reading),
        [
            "news.articles[0].title must be text, is a number",
            "news.articles[0].url must be text, is a list",
            "news.articles[0].picurl must be text, is an object",
            "news.articles[1] must be an object, is text",
            "news.articles[2] must be an entry, is null",
            "news.articles[3].appid must be text, is true or false",
        ]
    );
    assert_eq!(
        told(&read("image", &json!("m"))),
        ["image must be an object, is text"]
    );
    assert_eq!(
        told(&read("template_card", &json!([]))),
        ["template_card must be an object, is a list"]
    );
}

/// The faults of the reading and those of the checks come together, and none twice.
#[test]
fn what_the_checks_find_is_told_with_it() {
    let card = json!({
        "card_type": "button_interaction",
        "main_title": { "title": 1 },
        "task_id": "a b",
        "button_list": [{ "text": "yes", "key": "k" }, { "text": "no", "key": "k", "style": 7 }, { "text": "x" }],
    });
    assert_eq!(
        wrong("template_card", &card),
        [
            "template_card.main_title.title must be text, is a number",
            "template_card.button_list[1].style must be 1, 2, 3 or 4",
            "template_card.task_id has the character ' ': letters, digits and _-@ are allowed",
            "template_card.button_list[2].key is missing or empty",
            "template_card.button_list[1].key is another's as well: it must be unique in its list",
        ]
    );
}

#[test]
fn a_card_is_of_a_kind() {
    for card in [
        json!({}),
        json!({ "card_type": "buttons" }),
        json!({ "card_type": 1 }),
    ] {
        let reading = read("template_card", &card);
        assert_eq!(reading.content, None);
        assert_eq!(
            told(&reading),
            [
                "template_card.card_type must be text_notice, news_notice, button_interaction, vote_interaction or multiple_interaction"
            ]
        );
    }
    let card = json!({
        "card_type": "text_notice", "sub_title_text": "s", "card_action": { "type": 1, "url": "https://example.com" },
        "button_list": [], "severity": "high", "source": { "button_list": 1 },
    });
    let reading = read("template_card", &card);
    assert_eq!(
        told(&reading),
        [
            "template_card.button_list is no field of a text_notice card; leave it out, or choose another card_type"
        ]
    );
    let unknown: Vec<_> = reading
        .unknown
        .iter()
        .map(|unknown| (&*unknown.object, &*unknown.name))
        .collect();
    assert_eq!(
        unknown,
        [
            ("template_card", "severity"),
            ("template_card.source", "button_list")
        ]
    );
    let Some(Content::TemplateCard { template_card }) = reading.content else {
        panic!("a card")
    };
    let TemplateCard::TextNotice(notice) = *template_card else {
        panic!("a notice")
    };
    assert_eq!(notice.card_action, CardAction::url("https://example.com"));
}

#[test]
fn a_field_that_is_unknown_comes_with_those_that_are_missing() {
    let reading = read("video", &json!({ "media_ids": "m", "title": "t" }));
    assert_eq!(
        reading.unknown,
        [UnknownField {
            object: "video".into(),
            name: "media_ids".into(),
            missing: vec!["media_id", "description"],
        }]
    );
}

#[test]
fn numbers_and_flags_are_read_as_people_write_them() {
    let card = json!({
        "card_type": "news_notice", "main_title": { "title": "t" },
        "card_image": { "url": "https://example.com/p.png", "aspect_ratio": 2.25 },
        "card_action": { "type": 1.0, "url": "https://example.com" },
    });
    let reading = read("template_card", &card);
    assert_eq!(
        told(&reading),
        ["template_card.card_action.type must be 0, 1 or 2"]
    );
    let card = json!({ "card_type": "news_notice", "card_image": { "aspect_ratio": "2.25" } });
    assert_eq!(
        told(&read("template_card", &card)),
        ["template_card.card_image.aspect_ratio must be a number, is text"]
    );
    let notice = json!({ "emphasis_first_item": 1 });
    let Some(Content::MiniprogramNotice { miniprogram_notice }) =
        read("miniprogram_notice", &notice).content
    else {
        panic!("a notice")
    };
    assert_eq!(miniprogram_notice.emphasis_first_item, Some(true));
    assert_eq!(
        told(&read(
            "miniprogram_notice",
            &json!({ "emphasis_first_item": 2 })
        )),
        ["miniprogram_notice.emphasis_first_item must be true or false, is a number"]
    );
}

#[test]
fn so_many_faults_are_kept() {
    let articles: Vec<Value> = vec![json!(1); 1000];
    let object = json!({ "articles": articles, "a": 1 });
    assert_eq!(read("news", &object).violations.len(), 200);
    let many: serde_json::Map<String, Value> = (0..1000)
        .map(|number| (format!("f{number}"), json!(1)))
        .collect();
    assert_eq!(read("news", &Value::Object(many)).unknown.len(), 200);
}
