//! Limits, each just met and just passed: what WeChat Work would refuse makes no request, and is told with its path.

use acteon_fakes::wecom::Call;
use serde_json::{Value, json};

use super::{Sender, card, uploaded};

/// An object with another value at a JSON pointer.
fn with(object: &Value, pointer: &str, value: Value) -> Value {
    let mut changed = object.clone();
    *changed.pointer_mut(pointer).expect(pointer) = value;
    changed
}

/// Sends an object with values that are just within their limits, and with ones that are just beyond.
async fn limits(
    sender: &mut Sender,
    msgtype: &str,
    whole: &Value,
    limits: &[(&str, Value, Value, &str)],
) {
    for (pointer, met, passed, told) in limits {
        let mut own = with(whole, pointer, met.clone());
        if let Some(task_id) = own.get_mut("task_id").filter(|_| *pointer != "/task_id") {
            *task_id = json!(format!("t{}", sender.number));
        }
        let outcome = sender.send(msgtype, &own).await;
        assert!(outcome["Executed"].is_object(), "{pointer}: {outcome}");
        let warning = &outcome["Executed"]["headers"]["acteon-warning"];
        assert!(!warning.to_string().contains("cut"), "{pointer}: {warning}");
        let shown = sender.last().expect("a message");
        assert_eq!((shown.content, shown.cut), (own, false), "{pointer}");

        let calls = sender.wecom.calls(Call::Send);
        let outcome = sender
            .send(msgtype, &with(whole, pointer, passed.clone()))
            .await;
        let failed = &outcome["Failed"];
        assert_eq!(
            (failed["code"].as_str(), failed["message"].as_str()),
            (Some("SERIALIZATION"), Some(*told)),
            "{pointer}: {outcome}"
        );
        assert_eq!(sender.wecom.calls(Call::Send), calls, "{pointer}");
    }
}

fn times(value: &Value, count: usize) -> Value {
    Value::from(vec![value.clone(); count])
}

fn letters(count: usize) -> Value {
    Value::from("x".repeat(count))
}

#[tokio::test(flavor = "multi_thread")]
async fn of_media_and_articles() {
    let mut sender = Sender::start("wechat.overflow = \"reject\"").await;
    let video = json!({ "media_id": uploaded(&sender.wecom, "video").await, "title": "t", "description": "d" });
    limits(
        &mut sender,
        "video",
        &video,
        &[
            (
                "/title",
                letters(128),
                letters(129),
                "video.title is 129 bytes long, at most 128 are allowed; shorten it",
            ),
            (
                "/description",
                letters(512),
                letters(513),
                "video.description is 513 bytes long, at most 512 are allowed; shorten it",
            ),
            (
                "/media_id",
                video["media_id"].clone(),
                json!(" "),
                "video.media_id is missing or empty",
            ),
        ],
    )
    .await;
    let article = json!({ "title": "t", "description": "d", "url": "https://e.com", "picurl": "https://e.com", "appid": "wx1", "pagepath": "p" });
    let url = |size: usize| json!(format!("{:x<size$}", "https://e.com/"));
    let news = json!({ "articles": [article] });
    limits(&mut sender, "news", &news, &[
        ("/articles", times(&article, 8), times(&article, 9), "news.articles has 9 entries, at most 8 are allowed"),
        ("/articles", times(&article, 1), json!([]), "news.articles is missing or empty"),
        ("/articles/0/title", letters(128), letters(129), "news.articles[0].title is 129 bytes long, at most 128 are allowed; shorten it"),
        ("/articles/0/description", letters(512), letters(513), "news.articles[0].description is 513 bytes long, at most 512 are allowed; shorten it"),
        ("/articles/0/url", url(2048), url(2049), "news.articles[0].url is 2049 bytes long, at most 2048 are allowed; shorten it"),
        ("/articles/0/picurl", url(2048), url(2049), "news.articles[0].picurl is 2049 bytes long, at most 2048 are allowed; shorten it"),
        ("/articles/0/pagepath", letters(128), letters(129), "news.articles[0].pagepath is 129 bytes long, at most 128 are allowed; shorten it"),
    ]).await;
    let thumb = uploaded(&sender.wecom, "image").await;
    let article = json!({ "title": "t", "thumb_media_id": thumb, "author": "a", "content": "c", "digest": "d" });
    let mpnews = json!({ "articles": [article] });
    limits(&mut sender, "mpnews", &mpnews, &[
        ("/articles", times(&article, 8), times(&article, 9), "mpnews.articles has 9 entries, at most 8 are allowed"),
        ("/articles/0/author", letters(64), letters(65), "mpnews.articles[0].author is 65 bytes long, at most 64 are allowed; shorten it"),
        ("/articles/0/content", letters(666 * 1024), letters(666 * 1024 + 1), "mpnews.articles[0].content is 681985 bytes long, at most 681984 are allowed; shorten it"),
        ("/articles/0/digest", letters(512), letters(513), "mpnews.articles[0].digest is 513 bytes long, at most 512 are allowed; shorten it"),
    ]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_notices() {
    let mut sender = Sender::start("").await;
    let item = json!({ "key": "k", "value": "v" });
    let notice = json!({ "appid": "wx1", "page": "p", "title": "会议室预订", "description": "4月27日", "content_item": [item] });
    limits(&mut sender, "miniprogram_notice", &notice, &[
        ("/title", json!("四个汉字"), json!("三个字"), "miniprogram_notice.title is 3 characters long, at least 4 are needed"),
        ("/title", letters(12), letters(13), "miniprogram_notice.title is 13 characters long, at most 12 are allowed; shorten it"),
        ("/description", letters(12), letters(13), "miniprogram_notice.description is 13 characters long, at most 12 are allowed; shorten it"),
        ("/page", letters(1024), letters(1025), "miniprogram_notice.page is 1025 bytes long, at most 1024 are allowed; shorten it"),
        ("/content_item", times(&item, 10), times(&item, 11), "miniprogram_notice.content_item has 11 entries, at most 10 are allowed"),
        ("/content_item/0/key", letters(10), letters(11), "miniprogram_notice.content_item[0].key is 11 characters long, at most 10 are allowed; shorten it"),
        ("/content_item/0/value", letters(30), letters(31), "miniprogram_notice.content_item[0].value is 31 characters long, at most 30 are allowed; shorten it"),
    ]).await;
}

/// Entries with a text, and their numbers in a field.
fn numbered(count: usize, field: &str) -> Value {
    (0..count)
        .map(|number| json!({ field: format!("{number}"), "text": "t" }))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_cards_that_ask() {
    let mut sender = Sender::start("").await;
    let line = json!({ "keyname": "k" });
    let mut buttons = card("button_interaction");
    buttons["horizontal_content_list"] = json!([line]);
    limits(&mut sender, "template_card", &buttons, &[
        ("/button_list", numbered(6, "key"), numbered(7, "key"), "template_card.button_list has 7 entries, at most 6 are allowed"),
        ("/button_list/1/key", letters(1024), letters(1025), "template_card.button_list[1].key is 1025 bytes long, at most 1024 are allowed; shorten it"),
        ("/button_list/1/key", json!("no"), json!("yes"), "template_card.button_list[1].key is another's as well: it must be unique in its list"),
        ("/task_id", letters(128), letters(129), "template_card.task_id is 129 bytes long, at most 128 are allowed; shorten it"),
        ("/horizontal_content_list", times(&line, 6), times(&line, 7), "template_card.horizontal_content_list has 7 entries, at most 6 are allowed"),
    ]).await;
    let vote = card("vote_interaction");
    limits(&mut sender, "template_card", &vote, &[
        ("/checkbox/option_list/0/id", letters(128), letters(129), "template_card.checkbox.option_list[0].id is 129 bytes long, at most 128 are allowed; shorten it"),
    ]).await;
    let choices = card("multiple_interaction");
    let select = choices["select_list"][0].clone();
    let selects = |count: usize| -> Value {
        (0..count)
            .map(|number| with(&select, "/question_key", json!(format!("q{number}"))))
            .collect()
    };
    limits(
        &mut sender,
        "template_card",
        &choices,
        &[
            (
                "/select_list",
                selects(3),
                selects(4),
                "template_card.select_list has 4 entries, at most 3 are allowed",
            ),
            (
                "/select_list/0/option_list",
                numbered(10, "id"),
                numbered(11, "id"),
                "template_card.select_list[0].option_list has 11 entries, at most 10 are allowed",
            ),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_cards_that_tell() {
    let mut sender = Sender::start("").await;
    let mut notice = card("news_notice");
    let title = json!({ "title": "t" });
    notice["vertical_content_list"] = json!([title]);
    notice["jump_list"] = json!([title]);
    notice["action_menu"] = json!({ "action_list": [{ "text": "t", "key": "k" }] });
    limits(
        &mut sender,
        "template_card",
        &notice,
        &[
            (
                "/card_image/aspect_ratio",
                json!(1.3),
                json!(1.29),
                "template_card.card_image.aspect_ratio must be a number from 1.3 to 2.25",
            ),
            (
                "/card_image/aspect_ratio",
                json!(2.25),
                json!(2.26),
                "template_card.card_image.aspect_ratio must be a number from 1.3 to 2.25",
            ),
            (
                "/vertical_content_list",
                times(&title, 4),
                times(&title, 5),
                "template_card.vertical_content_list has 5 entries, at most 4 are allowed",
            ),
            (
                "/jump_list",
                times(&title, 3),
                times(&title, 4),
                "template_card.jump_list has 4 entries, at most 3 are allowed",
            ),
            (
                "/action_menu/action_list",
                numbered(3, "key"),
                numbered(4, "key"),
                "template_card.action_menu.action_list has 4 entries, at most 3 are allowed",
            ),
            (
                "/card_action/type",
                json!(2),
                json!(0),
                "template_card.card_action.type is missing or empty",
            ),
        ],
    )
    .await;
}
