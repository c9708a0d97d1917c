//! Videos, articles and notices: each limit, just met and just passed.

use serde_json::{Value, json};

use crate::support::{AGENT, Client};

/// Answer to a message to a member, and what the member sees.
async fn sent(client: &Client, msgtype: &str, own: &Value, safe: i64) -> (i64, Option<Value>) {
    let body = json!({ "touser": "lisi", "msgtype": msgtype, "agentid": AGENT, msgtype: own, "safe": safe });
    let answer = client.call("send", &body).await;
    let code = answer["errcode"].as_i64().expect("a code");
    (code, (code == 0).then(|| client.face("lisi")).flatten())
}

async fn code(client: &Client, msgtype: &str, own: &Value) -> i64 {
    sent(client, msgtype, own, 0).await.0
}

fn with(object: &Value, field: &str, value: Value) -> Value {
    let mut changed = object.clone();
    changed[field] = value;
    changed
}

#[tokio::test]
async fn texts_of_videos_and_articles_are_cut() {
    let client = Client::new().await;
    let mp4 = b"\0\0\0\0ftyp....";
    let id = client.upload("video", "v.mp4", mp4).await["media_id"].clone();
    let video = json!({ "media_id": id, "title": "t".repeat(129), "description": "d".repeat(513) });
    let (_, shown) = sent(&client, "video", &video, 1).await;
    let whole = json!({ "media_id": id, "title": "t".repeat(128), "description": "d".repeat(512) });
    assert_eq!(shown, Some(whole.clone()));
    assert_eq!(sent(&client, "video", &whole, 0).await.1, Some(whole));
    let article =
        json!({ "title": "中".repeat(43), "description": "d".repeat(513), "url": "https://e.com" });
    let (_, shown) = sent(&client, "news", &json!({ "articles": [article] }), 0).await;
    let shown = &shown.expect("articles")["articles"][0];
    assert_eq!(shown["title"], "中".repeat(42));
    assert_eq!(shown["description"], "d".repeat(512));
    assert_eq!(client.wecom.world(|world| world.counts().cut), 2);
    let title = with(&video, "description", json!("d"));
    sent(&client, "video", &title, 0).await;
    assert_eq!(client.wecom.world(|world| world.counts().cut), 3);
}

#[tokio::test]
async fn news_have_one_to_eight_articles_that_open_something() {
    let client = Client::new().await;
    let article = json!({ "title": "t", "url": "https://e.com" });
    for (count, expected) in [(0, 40058), (1, 0), (8, 0), (9, 45008)] {
        let own = json!({ "articles": vec![article.clone(); count] });
        assert_eq!(code(&client, "news", &own).await, expected, "{count}");
    }
    let program = json!({ "title": "t", "appid": "wx1", "pagepath": "p".repeat(128) });
    for (article, expected) in [
        (program.clone(), 0),
        (with(&program, "pagepath", json!("p".repeat(129))), 40058),
        (with(&program, "pagepath", json!("")), 41010),
        (with(&article, "title", json!("")), 41016),
        (with(&article, "url", json!("e.com")), 45034),
        (with(&article, "picurl", json!("e.com")), 45034),
        (
            with(
                &article,
                "url",
                json!(format!("{:x<2048}", "https://e.com/")),
            ),
            0,
        ),
        (
            with(
                &article,
                "url",
                json!(format!("{:x<2049}", "https://e.com/")),
            ),
            40058,
        ),
    ] {
        let own = json!({ "articles": [article] });
        assert_eq!(code(&client, "news", &own).await, expected, "{own}");
    }
    let own = json!({ "articles": [article] });
    assert_eq!(sent(&client, "news", &own, 1).await.0, 40074);
}

#[tokio::test]
async fn mpnews_have_a_picture_and_a_text() {
    let client = Client::new().await;
    let png = b"\x89PNG\r\n\x1a\n";
    let id = client.upload("image", "p.png", png).await["media_id"].clone();
    let article = json!({ "title": "t", "thumb_media_id": id, "content": "<p>c</p>", "author": "a".repeat(64), "digest": "d".repeat(513) });
    let (_, shown) = sent(&client, "mpnews", &json!({ "articles": [article] }), 2).await;
    assert_eq!(
        shown,
        Some(json!({ "articles": [with(&article, "digest", json!("d".repeat(512)))] }))
    );
    for (article, expected) in [
        (with(&article, "author", json!("a".repeat(65))), 45032),
        (with(&article, "thumb_media_id", json!("m")), 40007),
        (with(&article, "thumb_media_id", json!(null)), 41006),
        (with(&article, "content", json!("")), 44004),
        (with(&article, "content", json!("c".repeat(666 * 1024))), 0),
        (
            with(&article, "content", json!("c".repeat(666 * 1024 + 1))),
            45002,
        ),
        (with(&article, "title", json!("")), 41016),
    ] {
        let own = json!({ "articles": [article] });
        assert_eq!(code(&client, "mpnews", &own).await, expected);
    }
}

#[tokio::test]
async fn notices_go_to_those_who_are_named() {
    let client = Client::new().await;
    let item = json!({ "key": "k".repeat(10), "value": "v".repeat(30) });
    let notice = json!({
        "appid": "wx1", "page": "p".repeat(1024), "title": "十".repeat(12), "description": "四个汉字",
        "emphasis_first_item": true, "content_item": vec![item.clone(); 10],
    });
    let (_, shown) = sent(&client, "miniprogram_notice", &notice, 0).await;
    assert_eq!(shown, Some(notice.clone()));
    for (field, value, expected) in [
        ("appid", json!(""), 90200),
        ("title", json!(""), 41016),
        ("title", json!("三个字"), 40058),
        ("title", json!("十".repeat(13)), 40058),
        ("description", json!("三个字"), 40058),
        ("page", json!("p".repeat(1025)), 90204),
        ("content_item", json!(vec![item.clone(); 11]), 90201),
        (
            "content_item",
            json!([with(&item, "key", json!("k".repeat(11)))]),
            90202,
        ),
        (
            "content_item",
            json!([with(&item, "value", json!(""))]),
            90203,
        ),
    ] {
        let own = with(&notice, field, value);
        assert_eq!(
            code(&client, "miniprogram_notice", &own).await,
            expected,
            "{field}"
        );
    }
    let everybody = json!({ "touser": "@all", "msgtype": "miniprogram_notice", "agentid": AGENT, "miniprogram_notice": notice });
    assert_eq!(client.call("send", &everybody).await["errcode"], 40058);
}
