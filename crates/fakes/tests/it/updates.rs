//! Updates of cards.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{AGENT, Client, OTHER_AGENT, card, with};

/// Update with a grey button.
fn greyed(code: &str, who: &Value) -> Value {
    let mut update = json!({ "agentid": AGENT, "response_code": code, "button": { "replace_name": "Approved" } });
    let (Value::Object(fields), Value::Object(who)) = (&mut update, who.clone()) else {
        panic!("two objects")
    };
    fields.extend(who);
    update
}

async fn update(client: &Client, body: &Value) -> Value {
    client.call("update_template_card", body).await
}

#[tokio::test]
async fn a_button_is_greyed_for_those_who_are_selected() {
    let client = Client::new().await;
    let (_, code) = client.sent("@all", "button_interaction", "t").await;
    let before = client.face("lisi").expect("a face");
    let who = json!({ "userids": ["ZhangSan", "nobody"], "tagids": ["oncall"], "partyids": [99] });
    let answer = update(&client, &greyed(&code, &who)).await;
    assert_eq!(answer["errcode"], 0, "{answer}");
    assert_eq!(answer["invaliduser"], json!(["nobody"]), "an array");
    for userid in ["zhangsan", "wangwu"] {
        let face = client.face(userid).expect("a face");
        assert_eq!(face["replace_text"], "Approved", "{userid}");
        assert_eq!(face["button_list"], before["button_list"]);
    }
    assert_eq!(client.face("lisi"), Some(before), "was not selected");
    let shown = client.get("/control/messages").await;
    let faces = shown[0]["faces"].as_object().expect("faces");
    assert_eq!(faces.keys().collect::<Vec<_>>(), ["wangwu", "zhangsan"]);
    assert_eq!(shown[0]["task_id"], "t");
}

#[tokio::test]
async fn another_card_takes_the_place_of_the_first_for_everybody() {
    let client = Client::new().await;
    let (_, code) = client.sent("zhangsan|lisi", "vote_interaction", "t").await;
    let mut new = with("vote_interaction", "/submit_button", Value::Null);
    new["replace_text"] = json!("Done");
    new["checkbox"]["disable"] = json!(true);
    let body = json!({ "atall": 1, "agentid": AGENT, "response_code": code, "template_card": new });
    let answer = update(&client, &body).await;
    assert_eq!(
        (&answer["errcode"], &answer["invaliduser"]),
        (&json!(0), &json!([]))
    );
    for userid in ["zhangsan", "lisi"] {
        assert_eq!(client.face(userid), Some(new.clone()));
    }
    assert_eq!(client.face("wangwu"), None, "it was not sent to them");
}

#[tokio::test]
async fn a_code_is_used_up_by_one_update_that_works() {
    let client = Client::new().await;
    let (_, code) = client.sent("zhangsan", "button_interaction", "t").await;
    let all = json!({ "atall": 1 });
    let mut broken = greyed(&code, &all);
    broken["template_card"] = json!({ "card_type": "poster" });
    assert_eq!(update(&client, &broken).await["errcode"], 42031);
    assert_eq!(update(&client, &greyed(&code, &all)).await["errcode"], 0);
    assert_eq!(
        update(&client, &greyed(&code, &all)).await["errcode"],
        60140
    );
    assert_eq!(
        update(&client, &greyed("rc_unknown", &all)).await["errcode"],
        60140
    );
    assert_eq!(
        client.get("/control/cards").await[0]["codes"][0]["used"],
        true
    );
}

#[tokio::test]
async fn a_code_lives_for_72_hours() {
    let client = Client::new().await;
    let (msgid, code) = client.sent("zhangsan", "button_interaction", "t").await;
    let (_, young) = client.sent("zhangsan", "button_interaction", "u").await;
    let all = json!({ "atall": 1 });
    let (status, _) = client
        .control("age", &json!({ "msgid": msgid, "seconds": 72 * 3600 }))
        .await;
    assert_eq!(status, 204);
    assert_eq!(
        update(&client, &greyed(&code, &all)).await["errcode"],
        60140
    );
    let (status, _) = client
        .control("age", &json!({ "seconds": 71 * 3600 }))
        .await;
    assert_eq!(status, 204);
    assert_eq!(
        update(&client, &greyed(&young, &all)).await["errcode"],
        0,
        "one hour is left"
    );
    let (_, old) = client.sent("zhangsan", "button_interaction", "v").await;
    client
        .wecom
        .world(|world| world.advance(Duration::from_hours(72)));
    assert_eq!(update(&client, &greyed(&old, &all)).await["errcode"], 60140);
    let (status, text) = client
        .control("age", &json!({ "msgid": "m", "seconds": 1 }))
        .await;
    assert_eq!((status, text), (404, json!("there is no message \"m\"")));
    let (status, _) = client.control("age", &json!({ "seconds": u64::MAX })).await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn updates_are_refused_in_the_documented_ways() {
    let client = Client::new().await;
    let (msgid, code) = client.sent("zhangsan", "multiple_interaction", "t").await;
    let (_, notice) = client.sent("zhangsan", "text_notice", "u").await;
    let all = json!({ "atall": 1 });
    let changed = |field: &str, value: Value| {
        let mut body = greyed(&code, &all);
        body[field] = value;
        body
    };
    let of_notice = greyed(&notice, &all);
    for (body, code) in [
        (changed("agentid", Value::Null), 41011),
        (changed("agentid", json!(OTHER_AGENT)), 301_002),
        (changed("button", json!({})), 40063),
        (changed("button", Value::Null), 40063),
        (
            changed("template_card", card("text_notice")["main_title"].clone()),
            42031,
        ),
        (changed("atall", json!(0)), 82101),
        (greyed(&code, &json!({ "userids": [] })), 82101),
        (greyed(&code, &json!({ "userids": "zhangsan" })), 40058),
        (greyed(&code, &json!({ "userids": vec!["u"; 1001] })), 40032),
        (greyed(&code, &json!({ "partyids": vec![1; 101] })), 82002),
        (greyed(&code, &json!({ "tagids": vec!["1"; 101] })), 82003),
        (greyed(&code, &json!({ "userids": ["lisi"] })), 82102),
        (greyed(&code, &json!({ "partyids": [15] })), 82102),
        (of_notice, 42031),
    ] {
        let answer = update(&client, &body).await;
        let shown: String = body.to_string().chars().take(120).collect();
        assert_eq!(answer["errcode"], code, "{shown}: {answer}");
    }
    let mut of_other = greyed(&code, &all);
    of_other["agentid"] = json!(OTHER_AGENT);
    let answer = client
        .call_as(OTHER_AGENT, "update_template_card", &of_other)
        .await;
    assert_eq!(answer["errcode"], 42015, "{answer}");
    assert_eq!(
        client.call("recall", &json!({ "msgid": msgid })).await["errcode"],
        0
    );
    let answer = update(&client, &greyed(&code, &all)).await;
    assert_eq!(answer["errcode"], 42016, "the card is gone: {answer}");
}
