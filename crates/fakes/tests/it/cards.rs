//! Cards that are sent, and their faults.

use acteon_fakes::wecom::world::World;
use serde_json::{Value, json};

use crate::support::{AGENT, Client, KINDS, OTHER_AGENT, card, message, with};

#[tokio::test]
async fn all_kinds_are_taken_and_give_a_response_code() {
    let client = Client::new().await;
    for kind in KINDS {
        let answer = client
            .send("zhangsan", &with(kind, "/task_id", json!(kind)))
            .await;
        assert_eq!(answer["errcode"], 0, "{kind}: {answer}");
        assert!(answer["response_code"].is_string(), "{kind}: {answer}");
        let shown = client.face("zhangsan").expect("a face");
        assert_eq!(shown["card_type"], kind);
        assert_eq!(client.face("lisi"), None, "{kind}: not sent to them");
    }
}

#[tokio::test]
async fn cards_that_call_back_need_a_callback_url() {
    let client = Client::of(World::default()).await;
    for kind in KINDS {
        let answer = client.send("zhangsan", &card(kind)).await;
        assert_eq!(answer["errcode"], 43012, "{kind}: {answer}");
    }
    for kind in ["text_notice", "news_notice"] {
        let mut plain = with(kind, "/action_menu", Value::Null);
        plain.as_object_mut().expect("an object").remove("task_id");
        let answer = client.send("zhangsan", &plain).await;
        assert_eq!(answer["errcode"], 0, "{kind}: {answer}");
        assert!(answer["response_code"].is_null(), "{kind}: {answer}");
    }
}

#[tokio::test]
async fn a_task_id_serves_one_card_of_an_app() {
    let client = Client::new().await;
    client.sent("zhangsan", "vote_interaction", "t").await;
    let again = with("button_interaction", "/task_id", json!("t"));
    assert_eq!(client.send("lisi", &again).await["errcode"], 42014);
    let mut of_other = message("lisi", &again);
    of_other["agentid"] = json!(OTHER_AGENT);
    let answer = client.call_as(OTHER_AGENT, "send", &of_other).await;
    assert_eq!(answer["errcode"], 0, "another app has its own: {answer}");
    // A card that reached nobody has not used its task id.
    let mut lost = message("nobody", &with("vote_interaction", "/task_id", json!("u")));
    assert_eq!(client.call("send", &lost).await["errcode"], 81013);
    lost["touser"] = json!("lisi");
    assert_eq!(client.call("send", &lost).await["errcode"], 0);
}

#[tokio::test]
async fn each_fault_of_a_card_has_its_code() {
    let client = Client::new().await;
    for (kind, pointer, value, code) in faults_of_notices().into_iter().chain(faults_of_questions())
    {
        let answer = client
            .send("zhangsan", &with(kind, pointer, value.clone()))
            .await;
        let shown: String = value.to_string().chars().take(80).collect();
        assert_eq!(
            answer["errcode"], code,
            "{kind} {pointer} = {shown}: {answer}"
        );
    }
    let mut nested = message("zhangsan", &card("text_notice"));
    nested["template_card"] = Value::Null;
    assert_eq!(client.call("send", &nested).await["errcode"], 41016);
    assert_eq!(client.wecom.world(|world| world.counts().messages), 0);
}

#[tokio::test]
async fn lists_and_keys_of_the_greatest_length_are_taken() {
    let client = Client::new().await;
    for (kind, pointer, value) in [
        (
            "text_notice",
            "/jump_list",
            repeated(3, &json!({ "title": "t" })),
        ),
        (
            "news_notice",
            "/vertical_content_list",
            repeated(4, &json!({ "title": "t" })),
        ),
        (
            "text_notice",
            "/horizontal_content_list",
            repeated(6, &json!({ "keyname": "k" })),
        ),
        (
            "text_notice",
            "/action_menu/action_list/0/key",
            json!("k".repeat(1024)),
        ),
        ("button_interaction", "/button_list", numbered(6, "key")),
        (
            "button_interaction",
            "/button_list/0/key",
            json!("k".repeat(1024)),
        ),
        (
            "button_interaction",
            "/button_selection/option_list",
            numbered(10, "id"),
        ),
        (
            "vote_interaction",
            "/checkbox/option_list",
            numbered(20, "id"),
        ),
        (
            "vote_interaction",
            "/checkbox/option_list/0/id",
            json!("i".repeat(128)),
        ),
        (
            "multiple_interaction",
            "/submit_button/key",
            json!("k".repeat(1024)),
        ),
        ("multiple_interaction", "/task_id", json!("t".repeat(128))),
    ] {
        let mut card = with(kind, pointer, value);
        if pointer != "/task_id" {
            card["task_id"] = json!(format!("{}@{kind}", pointer.replace('/', "-")));
        }
        let answer = client.send("zhangsan", &card).await;
        assert_eq!(answer["errcode"], 0, "{kind} {pointer}: {answer}");
    }
}

#[tokio::test]
async fn response_codes_stand_in_one_route_only() {
    let client = Client::new().await;
    let (msgid, code) = client.sent("zhangsan", "button_interaction", "t").await;
    let cards = client.get("/control/cards").await;
    assert_eq!(cards[0]["msgid"], msgid);
    assert_eq!(
        (&cards[0]["task_id"], &cards[0]["agent_id"]),
        (&json!("t"), &json!(AGENT))
    );
    assert_eq!(cards[0]["codes"][0]["response_code"], code);
    assert_eq!(cards[0]["codes"][0]["used"], false);
    for path in ["messages", "counts", "directory", "settings"] {
        let shown = client.get(&format!("/control/{path}")).await.to_string();
        assert!(!shown.contains(&code), "{path}: {shown}");
    }
}

fn repeated(count: usize, item: &Value) -> Value {
    json!(vec![item; count])
}

/// Buttons or options with keys of their own.
fn numbered(count: usize, key: &str) -> Value {
    let item = |number: usize| json!({ key: number.to_string(), "text": "t" });
    Value::Array((0..count).map(item).collect())
}

/// Card of a kind, a place in it, what stands there instead, and the code that it is refused with.
type FaultOfCard = (&'static str, &'static str, Value, i64);

fn faults_of_notices() -> Vec<FaultOfCard> {
    let (text, news, button) = ("text_notice", "news_notice", "button_interaction");
    let (vote, multiple) = ("vote_interaction", "multiple_interaction");
    let long = || json!("k".repeat(1025));
    vec![
        (text, "/card_type", json!("poster"), 42031),
        (text, "/task_id", Value::Null, 42014),
        (button, "/task_id", Value::Null, 42014),
        (vote, "/task_id", json!("a b"), 42014),
        (multiple, "/task_id", json!("t".repeat(129)), 42014),
        (text, "/source/desc_color", json!("red"), 40058),
        (news, "/main_title", Value::Null, 42033),
        (button, "/main_title/title", json!(""), 42033),
        (vote, "/main_title/title", Value::Null, 42033),
        (multiple, "/main_title", json!([]), 40058),
        (text, "/action_menu/action_list", json!([]), 42047),
        (text, "/action_menu/action_list", numbered(4, "key"), 42047),
        (news, "/action_menu/action_list/0/text", json!(""), 42020),
        (button, "/action_menu/action_list/0/key", long(), 42018),
        (
            button,
            "/action_menu/action_list/0/key",
            json!("stop"),
            42051,
        ),
        (text, "/quote_area/url", Value::Null, 42028),
        (text, "/quote_area/type", json!(2), 42030),
        (news, "/card_image", Value::Null, 42044),
        (news, "/card_image/url", json!(""), 42044),
        (
            news,
            "/vertical_content_list",
            repeated(5, &json!({ "title": "t" })),
            42037,
        ),
        (news, "/vertical_content_list/0/title", Value::Null, 42033),
        (
            text,
            "/horizontal_content_list",
            repeated(7, &json!({ "keyname": "k" })),
            42035,
        ),
        (text, "/horizontal_content_list/0/keyname", json!(""), 42027),
        (text, "/horizontal_content_list/1/url", Value::Null, 42028),
        (
            text,
            "/horizontal_content_list/2/media_id",
            Value::Null,
            42029,
        ),
        (
            text,
            "/horizontal_content_list/3/userid",
            Value::Null,
            42050,
        ),
        (
            text,
            "/jump_list",
            repeated(4, &json!({ "title": "t" })),
            42036,
        ),
        (text, "/jump_list/0/title", Value::Null, 42033),
        (text, "/jump_list/0/url", Value::Null, 42028),
        (text, "/jump_list/1/appid", Value::Null, 42030),
        (text, "/card_action", Value::Null, 42045),
        (news, "/card_action/type", json!(0), 42045),
        (news, "/card_action/appid", Value::Null, 42030),
    ]
}

fn faults_of_questions() -> Vec<FaultOfCard> {
    let (button, vote, multiple) = (
        "button_interaction",
        "vote_interaction",
        "multiple_interaction",
    );
    let long = || json!("k".repeat(1025));
    vec![
        (button, "/button_list", json!([]), 42017),
        (button, "/button_list", numbered(7, "key"), 42017),
        (button, "/button_list/0/text", Value::Null, 42038),
        (button, "/button_list/0/key", Value::Null, 42039),
        (button, "/button_list/0/key", long(), 42039),
        (button, "/button_list/0/key", json!("reject"), 42039),
        (button, "/button_list/2/url", Value::Null, 42028),
        (button, "/button_selection/question_key", Value::Null, 42043),
        (
            button,
            "/button_selection/option_list",
            numbered(11, "id"),
            42042,
        ),
        (vote, "/checkbox", Value::Null, 42043),
        (vote, "/checkbox/question_key", long(), 42043),
        (vote, "/checkbox/option_list", json!([]), 42042),
        (vote, "/checkbox/option_list", numbered(21, "id"), 42042),
        (
            vote,
            "/checkbox/option_list/0/id",
            json!("i".repeat(129)),
            42040,
        ),
        (vote, "/checkbox/option_list/0/id", json!("b"), 42040),
        (vote, "/checkbox/option_list/0/text", Value::Null, 42041),
        (vote, "/submit_button", Value::Null, 42046),
        (multiple, "/submit_button/key", long(), 42049),
        (multiple, "/select_list", Value::Null, 42047),
        (
            multiple,
            "/select_list/1/question_key",
            json!("first"),
            42043,
        ),
        (multiple, "/select_list", json!("first"), 40058),
    ]
}
