//! Finding actions by whom they went to, by the service's id, and by a part of their text - and nothing that is hidden.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::policies::{PROVIDERS, with_keys};
use crate::redaction::echo;
use crate::support::{Client, Gateway, action};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// The ids of what a list shows.
fn ids(page: &Value) -> Vec<&str> {
    let (list, name) = if page["records"].is_array() {
        (&page["records"], "/action_id")
    } else {
        (&page["entries"], "/action/id")
    };
    list.as_array()
        .expect("a list")
        .iter()
        .map(|row| row.pointer(name).and_then(Value::as_str).expect("an id"))
        .collect()
}

async fn page(client: &Client, path: &str) -> Value {
    let answer = client.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    answer.body
}

#[cfg(feature = "wechat")]
#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_found_by_whom_it_went_to_and_by_its_msgid() {
    use crate::wechat::{configuration, local_wecom, unlimited};

    let wecom = local_wecom(unlimited()).await;
    let gateway =
        Gateway::start(&configuration(&wecom, "wechat.default_touser = \"oncall\"")).await;
    let mut outcomes = Vec::new();
    for (id, to) in [
        ("members", json!({ "touser": "ZhangSan|lisi" })),
        ("department", json!({ "touser": "", "toparty": "12|15" })),
        ("tag", json!({ "touser": "", "totag": "7" })),
        ("everybody", json!({ "touser": "@all", "toparty": "12" })),
        ("default", json!({})),
    ] {
        let mut message = action(id, "wechat-ops", &json!({ "content": format!("to {id}") }));
        message["payload"]
            .as_object_mut()
            .expect("an object")
            .extend(to.as_object().expect("an object").clone());
        outcomes.push(gateway.dispatch(&message).await);
    }
    for (recipient, found) in [
        ("zhangsan", &["members"][..]),
        ("LISI", &["members"]),
        ("li", &[]),
        ("12", &["department"]),
        ("party/15", &["department"]),
        ("tag/12", &[]),
        ("7", &["tag"]),
        ("tag/7", &["tag"]),
        ("party/7", &[]),
        ("@all", &["everybody"]),
        ("oncall", &["default"]),
    ] {
        let page = page(&gateway, &format!("/v1/audit?recipient={recipient}")).await;
        assert_eq!(ids(&page), found, "{recipient}: {page}");
        assert_eq!(
            (&page["looked_at"], &page["cut"]),
            (&json!(5), &json!(false)),
            "{page}"
        );
    }
    let shown = gateway.get("/v1/audit/department").await.body;
    assert_eq!(shown["recipients"], json!(["party/12", "party/15"]));
    let msgid = outcomes[3]["Executed"]["body"]["msgid"]
        .as_str()
        .expect("a msgid")
        .to_owned();
    assert_eq!(
        ids(&page(&gateway, &format!("/v1/audit?message_id={msgid}")).await),
        ["everybody"]
    );
    assert!(
        ids(&page(
            &gateway,
            &format!("/v1/audit?message_id={msgid}&recipient=oncall")
        )
        .await)
        .is_empty(),
        "all must match"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_text_is_found_page_by_page_within_the_filters() {
    let gateway = Gateway::start(LOG).await;
    for number in 0..9 {
        let text = if number % 3 == 0 {
            "all is well"
        } else {
            "Die Festplatte ist VOLL: 磁盘已满"
        };
        let provider = if number == 7 { "nowhere" } else { "log" };
        gateway
            .dispatch(&action(
                &format!("a{number}"),
                provider,
                &json!({ "alerts": [{ "text": text, "n": 1000 + number }] }),
            ))
            .await;
    }
    for (query, found) in [
        ("text=festplatte", &["a8", "a7", "a5", "a4", "a2", "a1"][..]),
        (
            "text=%E7%A3%81%E7%9B%98",
            &["a8", "a7", "a5", "a4", "a2", "a1"],
        ),
        ("text=voll&provider=log", &["a8", "a5", "a4", "a2", "a1"]),
        ("text=voll&outcome=failed", &["a7"]),
        ("text=1003", &["a3"]),
        ("text=voll%20", &[]),
        ("text=alerts", &[]),
        ("text=incidents", &[]),
        ("text=voll&tenant=other", &[]),
        ("text=voll&chain_id=c", &[]),
    ] {
        assert_eq!(
            ids(&page(&gateway, &format!("/v1/audit?{query}")).await),
            found,
            "{query}"
        );
    }
    assert_eq!(ids(&page(&gateway, "/v1/dlq?text=voll").await), ["a7"]);
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = page(&gateway, &format!("/v1/audit?text=voll&limit=2{cursor}")).await;
        assert!(
            page.get("total").is_none() && page["looked_back_to"].is_string(),
            "{page}"
        );
        walked.extend(ids(&page).into_iter().map(str::to_owned));
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(walked, ["a8", "a7", "a5", "a4", "a2", "a1"]);
    for (wrong, hint) in [
        ("audit?text=", "a text of 1 to 256 bytes"),
        ("audit?recipient=%20", "a text of 1 to 256 bytes"),
        (
            &format!("audit?text={}", "x".repeat(257)),
            "a text of 1 to 256 bytes",
        ),
        ("audit?txt=a", "did you mean text?"),
        ("audit?text=a&offset=1", "go on with the next_cursor"),
        ("dlq?text=a&offset=1", "go on with the next_cursor"),
        (
            "audit/export?text=a",
            "there is no query parameter \"text\" here",
        ),
    ] {
        let refused = gateway.get(&format!("/v1/{wrong}")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{wrong}");
        assert!(
            refused.body["message"]
                .as_str()
                .is_some_and(|text| text.contains(hint)),
            "{wrong}: {}",
            refused.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_looks_at_much_ends_early_and_says_how_far_it_came() {
    let gateway = Gateway::start(LOG).await;
    gateway
        .dispatch(&action("needle", "log", &json!({ "text": "a needle" })))
        .await;
    let hay = "hay ".repeat(225_000);
    for number in 0..20 {
        gateway
            .dispatch(&action(
                &format!("hay-{number}"),
                "log",
                &json!({ "text": hay }),
            ))
            .await;
    }
    let first = page(&gateway, "/v1/audit?text=needle").await;
    assert!(ids(&first).is_empty() && first["cut"] == true, "{first}");
    let looked = first["looked_at"].as_u64().expect("a number");
    assert!((1..20).contains(&looked), "sixteen megabytes: {first}");
    let oldest = gateway
        .get(&format!("/v1/audit/hay-{}", 20 - looked))
        .await
        .body;
    assert_eq!(first["looked_back_to"], oldest["dispatched_at"]);
    let mut cursor = first["next_cursor"].as_str().expect("a cursor").to_owned();
    let last = loop {
        let page = page(&gateway, &format!("/v1/audit?text=needle&cursor={cursor}")).await;
        if !ids(&page).is_empty() {
            break page;
        }
        cursor = page["next_cursor"].as_str().expect("a cursor").to_owned();
    };
    assert_eq!(
        (ids(&last), &last["cut"], last.get("next_cursor")),
        (vec!["needle"], &json!(false), None)
    );
}

/// A right guess and a wrong one are answered alike, wherever the hidden value could show.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_finds_what_is_hidden_by_searching_for_it() {
    let redact = "audit.redact = [\"payload.pin\", \"payload.id\", \"payload.touser\"]\n";
    let hook = format!(
        "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        echo()
    );
    let gateway = with_keys(&format!("{redact}{PROVIDERS}{hook}")).await;
    let root = gateway.with_key("root");
    // The service repeats what it is sent, so its answer has the pin as `id`.
    for (id, pin, to) in [
        ("newer", "0000-other", "li"),
        ("a", "4711-secret", "zhangsan"),
        ("older", "0000-other", "li"),
    ] {
        root.dispatch(&action(
            id,
            "hook",
            &json!({ "pin": pin, "id": pin, "touser": to, "text": "hello" }),
        ))
        .await;
    }
    let viewer = gateway.with_key("eyes");
    assert_eq!(
        ids(&page(&viewer, "/v1/audit?text=hello").await),
        ["older", "a", "newer"]
    );
    for (right, wrong) in [
        ("text=4711-secret", "text=4712-secret"),
        ("text=4711-secret&limit=1", "text=4712-secret&limit=1"),
        ("message_id=4711-secret", "message_id=4712-secret"),
        ("recipient=zhangsan", "recipient=zhangsun"),
        ("text=zhangsan&limit=1", "text=zhangsun&limit=1"),
    ] {
        for path in ["/v1/audit", "/v1/dlq"] {
            let (right, wrong) = (
                page(&viewer, &format!("{path}?{right}")).await,
                page(&viewer, &format!("{path}?{wrong}")).await,
            );
            assert!(ids(&right).is_empty(), "{right}");
            assert_eq!(right, wrong, "{path}");
        }
    }
}

#[cfg(feature = "wechat")]
#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_recipient_is_neither_shown_nor_found() {
    use crate::wechat::{configuration, local_wecom, unlimited};

    let wecom = local_wecom(unlimited()).await;
    let lines = configuration(&wecom, "wechat.default_touser = \"oncall\"");
    let gateway = Gateway::start(&format!(
        "audit.redact = [\"payload.touser\", \"payload.toparty\"]\n{lines}"
    ))
    .await;
    let message =
        json!({ "touser": "ZhangSan | lisi", "toparty": "12", "totag": "7", "content": "hello" });
    gateway.dispatch(&action("a", "wechat-ops", &message)).await;
    gateway
        .dispatch(&action("b", "wechat-ops", &json!({ "content": "hello" })))
        .await;
    for (recipient, found) in [
        ("zhangsan", &[][..]),
        ("lisi", &[]),
        ("12", &[]),
        ("party/12", &[]),
        ("7", &["a"]),
        ("oncall", &["b"]),
    ] {
        assert_eq!(
            ids(&page(&gateway, &format!("/v1/audit?recipient={recipient}")).await),
            found,
            "{recipient}"
        );
    }
    for path in ["/v1/audit/a", "/v1/actions/a"] {
        assert_eq!(
            gateway.get(path).await.body["recipients"],
            json!(["tag/7"]),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_stays_within_its_callers_grants() {
    let gateway = with_keys(PROVIDERS).await;
    let mut other = action("theirs", "log", &json!({ "text": "hello" }));
    other["tenant"] = json!("globex");
    gateway.with_key("root").dispatch(&other).await;
    gateway
        .with_key("root")
        .dispatch(&action("ours", "log", &json!({ "text": "hello" })))
        .await;
    assert_eq!(
        ids(&page(&gateway.with_key("root"), "/v1/audit?text=hello").await),
        ["ours", "theirs"]
    );
    let within = page(&gateway.with_key("acme"), "/v1/audit?text=hello").await;
    assert_eq!(
        (ids(&within), &within["looked_at"]),
        (vec!["ours"], &json!(1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_a_search_ends_by_all_that_it_shows() {
    use acteon_core::limits::MAX_PAGE_BYTES;
    use futures_util::StreamExt as _;

    let long = json!({ "said": "x".repeat(60 * 1024) }).to_string();
    let receiver = acteon_fakes::webhook::Receiver::start(move |_: &_| (200, long.clone()))
        .await
        .expect("a receiver");
    let hook = format!(
        "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        receiver.url()
    );
    let gateway = Gateway::start(&hook).await;
    let posts = (0..200).map(|number| {
        let one = action(&format!("a-{number}"), "hook", &json!({ "text": "needle" }));
        let gateway = &gateway;
        async move { gateway.dispatch_until_taken(&one).await }
    });
    futures_util::stream::iter(posts)
        .buffer_unordered(8)
        .for_each(|outcome| async move {
            assert!(outcome.get("Executed").is_some(), "{outcome}");
        })
        .await;
    let mut path = "/v1/audit?text=needle&limit=1000".to_owned();
    let mut found = std::collections::BTreeSet::new();
    loop {
        let page = page(&gateway, &path).await;
        let length = page.to_string().len();
        assert!(length < MAX_PAGE_BYTES * 3 / 2, "{length} bytes");
        found.extend(ids(&page).into_iter().map(str::to_owned));
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/audit?text=needle&limit=1000&cursor={next}");
    }
    assert_eq!(found.len(), 200);
}
