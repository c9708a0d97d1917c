//! Presses on cards, and what the app is told.

use acteon_fakes::wecom::{Click, Outcome, Selected};
use serde_json::{Value, json};

use crate::app::{Answer, SIGNATURE, between, called_back, greyed};
use crate::support::{AGENT, card, with};

fn click(task_id: &str, userid: &str, key: &str) -> Click {
    Click {
        task_id: Some(task_id.to_owned()),
        userid: userid.to_owned(),
        key: key.to_owned(),
        ..Click::default()
    }
}

#[tokio::test]
async fn a_press_gives_the_card_a_fresh_code_that_updates_it() {
    let (app, client) = called_back().await;
    let (msgid, first) = client.sent("@all", "button_interaction", "t").await;
    let body = json!({ "msgid": msgid, "userid": "LiSi", "key": "approve" });
    let (status, answer) = client.control("click", &body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["name"], "template_card_event");
    assert_eq!(answer["outcome"], "delivered");
    assert_eq!(
        (&answer["tries"][0]["status"], &answer["tries"][0]["reply"]),
        (&json!(200), &json!("none"))
    );
    let text = &app.received()[0];
    for part in [
        "<ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName><FromUserName><![CDATA[lisi]]></FromUserName>",
        "<Event><![CDATA[template_card_event]]></Event><EventKey><![CDATA[approve]]></EventKey><TaskId><![CDATA[t]]></TaskId>",
        "<CardType><![CDATA[button_interaction]]></CardType>",
        "<QuestionKey><![CDATA[how-long]]></QuestionKey><OptionIds><OptionId><![CDATA[2]]></OptionId></OptionIds>",
        "<AgentID>1000002</AgentID></xml>",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let code = between(text, "<ResponseCode><![CDATA[", "]]>");
    assert_ne!(code, first);
    assert!(!answer.to_string().contains(code), "{answer}");
    let update = json!({ "userids": ["lisi"], "agentid": AGENT, "response_code": code, "button": { "replace_name": "Approved" } });
    let answer = client.call("update_template_card", &update).await;
    assert_eq!(answer["errcode"], 0, "{answer}");
    let codes = client.get("/control/cards").await[0]["codes"].clone();
    assert_eq!(codes.as_array().map(Vec::len), Some(2), "{codes}");
    let again = client.wecom.click(&click("t", "lisi", "approve")).await;
    let text = again.expect_err("it is grey").to_string();
    assert_eq!(
        text,
        "its buttons are grey: the card was updated for this member"
    );
    let stale = Click {
        stale: true,
        ..click("t", "lisi", "approve")
    };
    let stale = client.wecom.click(&stale).await.expect("an old screen");
    assert_eq!(stale.outcome, Outcome::Delivered);
}

#[tokio::test]
async fn answers_and_menus_are_told() {
    let (app, client) = called_back().await;
    client.sent("zhangsan", "vote_interaction", "vote").await;
    client
        .sent("zhangsan", "multiple_interaction", "select")
        .await;
    client.sent("zhangsan", "text_notice", "notice").await;
    let chosen = |question_key: &str, ids: &[&str]| Selected {
        question_key: question_key.into(),
        option_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
    };
    let clicks = [
        Click {
            selected: vec![chosen("which", &["a", "b"])],
            ..click("vote", "zhangsan", "submit")
        },
        click("vote", "zhangsan", "submit"),
        Click {
            selected: vec![chosen("second", &["1"])],
            ..click("select", "zhangsan", "submit")
        },
        click("notice", "zhangsan", "mute"),
    ];
    for click in clicks {
        client.wecom.click(&click).await.expect("it is there");
    }
    let items = |text: &str| {
        let (_, rest) = text.split_once("<SelectedItems>").unwrap_or_default();
        let (items, _) = rest.split_once("</SelectedItems>").unwrap_or_default();
        items.replace("<![CDATA[", "").replace("]]>", "")
    };
    let item = |key: &str, ids: &[&str]| {
        let ids = ids.join("</OptionId><OptionId>");
        let ids = format!("<OptionIds><OptionId>{ids}</OptionId></OptionIds>");
        format!("<SelectedItem><QuestionKey>{key}</QuestionKey>{ids}</SelectedItem>")
    };
    let told: Vec<String> = app.received().iter().map(|text| items(text)).collect();
    assert_eq!(
        told,
        [
            item("which", &["a", "b"]),
            item("which", &["a"]),
            item("first", &["2"]) + &item("second", &["1"]),
            String::new(),
        ]
    );
    assert!(app.received()[3].contains("template_card_menu_event"));
}

#[tokio::test]
async fn nobody_presses_what_they_do_not_see() {
    let (app, client) = called_back().await;
    let (msgid, _) = client
        .sent("zhangsan|lisi", "multiple_interaction", "t")
        .await;
    let (recalled, _) = client.sent("zhangsan", "button_interaction", "u").await;
    client.call("recall", &json!({ "msgid": recalled })).await;
    let plain = with("text_notice", "/action_menu", Value::Null);
    client.send("zhangsan", &plain).await;
    let answer = json!([{ "question_key": "first", "option_ids": ["9"] }]);
    let many = json!([{ "question_key": "first", "option_ids": ["1", "2"] }]);
    let unknown = json!([{ "question_key": "third", "option_ids": [] }]);
    for (body, text) in [
        (
            json!({ "userid": "zhangsan", "key": "k" }),
            "name the card by either msgid or task_id",
        ),
        (
            json!({ "msgid": "m", "userid": "zhangsan", "key": "k" }),
            "there is no message \"m\"",
        ),
        (
            json!({ "task_id": "x", "userid": "zhangsan", "key": "k" }),
            "there is no card with the task id \"x\"",
        ),
        (
            json!({ "msgid": msgid, "userid": "nobody", "key": "k" }),
            "there is no member \"nobody\", but lisi, wangwu, zhangsan, zhaoliu",
        ),
        (
            json!({ "msgid": msgid, "userid": "wangwu", "key": "submit" }),
            "wangwu did not get the card",
        ),
        (
            json!({ "msgid": msgid, "userid": "lisi", "key": "k" }),
            "it has no key \"k\": there are submit",
        ),
        (
            json!({ "msgid": msgid, "userid": "lisi", "key": "submit", "selected": answer }),
            "its question \"first\" has no option \"9\": there are 1, 2",
        ),
        (
            json!({ "msgid": msgid, "userid": "lisi", "key": "submit", "selected": many }),
            "its question \"first\" takes one answer",
        ),
        (
            json!({ "msgid": msgid, "userid": "lisi", "key": "submit", "selected": unknown }),
            "it has no question \"third\" to answer",
        ),
        (
            json!({ "task_id": "u", "userid": "zhangsan", "key": "approve" }),
            "the card was recalled",
        ),
        (
            json!({ "task_id": "task-1", "userid": "zhangsan", "key": "mute" }),
            "it has nothing that calls back",
        ),
    ] {
        assert_eq!(
            client.control("click", &body).await,
            (422, json!(text)),
            "{body}"
        );
    }
    assert!(app.received().is_empty());
}

#[tokio::test]
async fn cards_of_every_kind_can_be_pressed() {
    let (app, client) = called_back().await;
    for (kind, key) in [
        ("text_notice", "stop"),
        ("news_notice", "stop"),
        ("button_interaction", "reject"),
        ("button_interaction", "mute"),
        ("vote_interaction", "submit"),
        ("multiple_interaction", "submit"),
    ] {
        let task_id = format!("{kind}-{key}");
        let mut sent = card(kind);
        sent["task_id"] = json!(task_id);
        assert_eq!(client.send("zhangsan", &sent).await["errcode"], 0);
        client
            .wecom
            .click(&click(&task_id, "zhangsan", key))
            .await
            .expect(kind);
        let told = app.received().pop().expect("a callback");
        assert!(
            told.contains(&format!("<CardType><![CDATA[{kind}]]>")),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_reply_greys_the_button_where_the_settings_let_it() {
    let (app, client) = called_back().await;
    client
        .sent("zhangsan|lisi", "button_interaction", "t")
        .await;
    for lets_it in [false, true] {
        client
            .wecom
            .world(|world| world.settings.cards.passive_updates = lets_it);
        app.answers([Answer::Body(greyed(SIGNATURE))]);
        let press = click("t", "ZhangSan", "approve");
        client.wecom.click(&press).await.expect("it is there");
        let face = client.face("zhangsan").expect("a face");
        let expected = if lets_it {
            json!("已批准")
        } else {
            Value::Null
        };
        assert_eq!(face["replace_text"], expected);
    }
    let other = client.face("lisi").expect("a face");
    assert_eq!(other["replace_text"], Value::Null);
}

#[tokio::test]
async fn a_press_may_end_the_codes_before_it() {
    let (app, client) = called_back().await;
    let (_, first) = client.sent("zhangsan", "button_interaction", "t").await;
    client
        .wecom
        .world(|world| world.settings.cards.newest_code_only = true);
    let press = click("t", "zhangsan", "approve");
    client.wecom.click(&press).await.expect("it is there");
    let told = app.received()[0].clone();
    let newest = between(&told, "<ResponseCode><![CDATA[", "]]>");
    for (code, errcode) in [(first.as_str(), 60140), (newest, 0)] {
        let update = json!({ "atall": 1, "agentid": AGENT, "response_code": code, "button": { "replace_name": "x" } });
        let answer = client.call("update_template_card", &update).await;
        assert_eq!(answer["errcode"], errcode, "{code}: {answer}");
    }
}
