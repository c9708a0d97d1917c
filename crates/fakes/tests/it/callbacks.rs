//! Texts and events, and how the app is told of them.

use acteon_fakes::wecom::{Deliver, Event, Field, Outcome, Say};
use serde_json::json;

use crate::app::{Answer, App, SIGNATURE, between, called_back, greyed};
use crate::support::{AGENT, Client};

fn say(text: &str, deliver: Deliver) -> Say {
    Say {
        agent_id: AGENT,
        userid: "zhangsan".into(),
        text: text.into(),
        deliver,
    }
}

#[tokio::test]
async fn a_callback_is_sent_again_until_it_arrives() {
    let (app, client) = called_back().await;
    app.answers([Answer::Status(500), Answer::Silence, Answer::Status(204)]);
    let impatient = Deliver {
        timeout_ms: Some(1500),
        ..Deliver::default()
    };
    let delivery = client
        .wecom
        .say(&say("hello", impatient))
        .await
        .expect("a delivery");
    assert_eq!(delivery.outcome, Outcome::Delivered);
    let problems: Vec<_> = delivery
        .tries
        .iter()
        .map(|tried| (tried.status, tried.problem.as_deref()))
        .collect();
    assert_eq!(
        problems,
        [
            (Some(500), Some("the answer is 500 Internal Server Error")),
            (None, Some("no answer in time")),
            (Some(204), Some("the answer is 204 No Content")),
            (Some(200), None),
        ]
    );
    let received = app.received();
    assert!(
        received.iter().all(|text| *text == received[0]),
        "one text, whatever it is sealed in"
    );
    assert!(received[0].contains("<Content><![CDATA[hello]]></Content><MsgId>"));
    let mut nonces = app.nonces();
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 4);

    app.answers(vec![Answer::Status(503); 5]);
    let stubborn = Deliver {
        retries: Some(4),
        ..Deliver::default()
    };
    let lost = client
        .wecom
        .say(&say("lost", stubborn))
        .await
        .expect("a delivery");
    assert_eq!((lost.outcome, lost.tries.len()), (Outcome::Lost, 5));
}

#[tokio::test]
async fn callbacks_come_several_times_late_or_when_they_are_released() {
    let (app, client) = called_back().await;
    let copies = Deliver {
        copies: Some(3),
        delay_ms: Some(1),
        ..Deliver::default()
    };
    let delivery = client
        .wecom
        .say(&say("thrice", copies))
        .await
        .expect("a delivery");
    let numbers: Vec<u32> = delivery.tries.iter().map(|tried| tried.copy).collect();
    assert_eq!((numbers, app.received().len()), (vec![1, 2, 3], 3));

    client
        .wecom
        .world(|world| world.settings.callbacks.hold = true);
    let mut held = Vec::new();
    for text in ["one", "two", "three", "four"] {
        let delivery = client
            .wecom
            .say(&say(text, Deliver::default()))
            .await
            .expect("a delivery");
        assert_eq!(delivery.outcome, Outcome::Held);
        held.push(delivery.number);
    }
    assert_eq!(app.received().len(), 3, "they are held back");
    let said = |app: &App| -> Vec<String> {
        let texts = app.received();
        texts[3..]
            .iter()
            .map(|text| between(text, "<Content><![CDATA[", "]]>").to_owned())
            .collect()
    };
    let (status, answer) = client
        .control("deliver", &json!({ "numbers": [held[2], held[0]] }))
        .await;
    assert_eq!(
        (status, &answer[0]["number"]),
        (200, &json!(held[2])),
        "{answer}"
    );
    assert_eq!(said(&app), ["three", "one"]);
    client
        .wecom
        .world(|world| world.settings.callbacks.newest_first = true);
    client.wecom.release(None).await.expect("the rest");
    assert_eq!(said(&app), ["three", "one", "four", "two"]);
    let (status, text) = client
        .control("deliver", &json!({ "numbers": [held[0]] }))
        .await;
    assert_eq!(
        (status, text),
        (422, json!(format!("callback {} is not held back", held[0])))
    );
}

#[tokio::test]
async fn other_events_are_told() {
    let (app, client) = called_back().await;
    let event = Event {
        agent_id: AGENT,
        event: "inactive_alert".into(),
        fields: [("EffectTime".to_owned(), Field::Number(1_700_000_000))].into(),
        ..Event::default()
    };
    client.wecom.event(&event).await.expect("it is told");
    let body = json!({ "agent_id": AGENT, "event": "enter_agent", "userid": "lisi", "fields": { "EventKey": "" } });
    let (status, answer) = client.control("event", &body).await;
    assert_eq!((status, &answer["name"]), (200, &json!("enter_agent")));
    let texts = app.received();
    assert!(
        texts[0].contains("<FromUserName><![CDATA[sys]]>")
            && texts[0].contains("<EffectTime>1700000000</EffectTime>"),
        "{texts:?}"
    );
    assert!(
        texts[1].contains("<FromUserName><![CDATA[lisi]]>")
            && texts[1].contains("<EventKey><![CDATA[]]></EventKey>"),
        "{texts:?}"
    );
    let body = json!({ "agent_id": AGENT, "event": "a><b" });
    assert_eq!(client.control("event", &body).await.0, 422);
    let body = json!({ "agent_id": 7, "event": "enter_agent" });
    assert_eq!(
        client.control("event", &body).await,
        (422, json!("there is no app 7"))
    );
}

#[tokio::test]
async fn passive_replies_are_checked() {
    let (app, client) = called_back().await;
    app.answers([
        Answer::Body(greyed(SIGNATURE)),
        Answer::Body(greyed(&SIGNATURE.replace('d', "0"))),
        Answer::Body("ok".into()),
    ]);
    let mut replies = Vec::new();
    for _ in 0..3 {
        let delivery = client
            .wecom
            .say(&say("x", Deliver::default()))
            .await
            .expect("a delivery");
        assert_eq!(delivery.outcome, Outcome::Delivered);
        replies.push(serde_json::to_value(&delivery.tries[0].reply).expect("JSON"));
    }
    assert_eq!(
        replies,
        [
            json!({ "valid": { "msgtype": "update_button", "replace_name": "已批准" } }),
            json!({ "invalid": { "problem": "its signature is wrong" } }),
            json!({ "invalid": { "problem": "it has no Encrypt" } }),
        ]
    );
}

#[tokio::test]
async fn a_url_is_verified() {
    let (app, client) = called_back().await;
    let passed = client.wecom.verify(AGENT).await.expect("a URL");
    assert!(passed.passed, "{passed:?}");
    assert_eq!(passed.body.len(), 19);
    app.echoes("1\n");
    let (status, answer) = client
        .control("verify", &json!({ "agent_id": AGENT }))
        .await;
    assert_eq!(
        (status, &answer["passed"]),
        (200, &json!(false)),
        "{answer}"
    );
    assert_eq!(
        answer["problem"],
        "the answer is not the text that was sealed"
    );

    app.answers([Answer::Silence]);
    let late = client.wecom.verify(AGENT).await.expect("a URL");
    assert!(!late.passed && late.milliseconds >= 1000, "{late:?}");
    assert_eq!(late.problem.as_deref(), Some("no answer in time"));

    let nowhere = Client::new().await;
    let answer = nowhere.wecom.verify(AGENT).await.expect("a URL");
    assert!(
        !answer.passed && answer.status.is_none() && answer.problem.is_some(),
        "{answer:?}"
    );
    nowhere
        .wecom
        .world(|world| world.apps[0].callback_token = None);
    let answer = nowhere.wecom.verify(AGENT).await.expect_err("no token");
    assert_eq!(
        answer.to_string(),
        "app 1000002 is not called back: it needs callback_url, callback_token and callback_aes_key"
    );
    nowhere.wecom.world(|world| {
        world.apps[0].callback_token = Some("t".into());
        world.apps[0].callback_aes_key = Some("short".into());
    });
    let answer = nowhere.wecom.verify(AGENT).await.expect_err("no key");
    assert_eq!(
        answer.to_string(),
        "callback_aes_key of app 1000002 must be 43 letters and digits"
    );
}
