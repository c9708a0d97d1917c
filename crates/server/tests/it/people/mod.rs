//! People and groups: documents over HTTP, and files that are read again.

mod files;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Gateway};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// A mobile number and an e-mail address that no log and no refusal may show.
const PRIVATE: [&str; 2] = ["13800138000", "zhang.san@example.com"];

async fn put(client: &Client, path: &str, body: &Value, expected: StatusCode) -> Value {
    let answer = client.put(path, body).await;
    assert_eq!(answer.status, expected, "{path}: {}", answer.body);
    answer.body
}

async fn person(client: &Client, id: &str, body: &Value) -> Value {
    put(
        client,
        &format!("/v1/people/{id}"),
        body,
        StatusCode::CREATED,
    )
    .await
}

/// Fields of a refusal, each with what is wrong with it.
fn fields(answer: &Answer) -> Vec<(&str, &str)> {
    let fields = answer.body["fields"].as_array().expect("fields");
    let told = fields.iter();
    told.map(|field| {
        let (field, message) = (&field["field"], &field["message"]);
        (
            field.as_str().expect("a name"),
            message.as_str().expect("a text"),
        )
    })
    .collect()
}

fn ids(list: &Value, name: &str) -> Vec<String> {
    let rows = list[name].as_array().expect("a list");
    assert_eq!(list["count"], rows.len());
    let id = |row: &Value| row["id"].as_str().expect("an id").to_owned();
    rows.iter().map(id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_made_shown_changed_and_deleted() {
    let gateway = Gateway::start(LOG).await;
    let body = json!({ "name": "张三", "wechat": "ZhangSan", "mobile": PRIVATE[0], "email": PRIVATE[1], "language": "zh", "time_zone": "Asia/Shanghai", "principal": "zhangsan-key" });
    let made = person(&gateway, "ZhangSan", &body).await;
    person(&gateway, "lisi", &json!({})).await;
    let mut expected = body.clone();
    expected["id"] = json!("ZhangSan");
    for at in ["created_at", "updated_at"] {
        expected[at] = made["created_at"].clone();
    }
    assert_eq!(made, expected);
    // In whichever case it is asked for, also after a restart.
    let gateway = gateway.restart(LOG).await;
    assert_eq!(gateway.get("/v1/people/zhangsan").await.body, expected);
    let list = gateway.get("/v1/people").await.body;
    assert_eq!(ids(&list, "people"), ["lisi", "ZhangSan"]);
    let page = gateway.get("/v1/people?limit=1&offset=1").await.body;
    assert_eq!(ids(&page, "people"), ["ZhangSan"]);

    let group = json!({ "members": ["zhangsan", "LISI"] });
    for id in ["release-managers", "ops"] {
        let path = format!("/v1/people-groups/{id}");
        let made = put(&gateway, &path, &group, StatusCode::CREATED).await;
        assert_eq!(made["members"], group["members"]);
    }
    let list = gateway.get("/v1/people-groups").await.body;
    assert_eq!(ids(&list, "people_groups"), ["ops", "release-managers"]);
    let refused = gateway.delete("/v1/people/ZHANGSAN").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(
        refused.body["message"],
        "the person \"zhangsan\" is a member of the groups \"ops\", \"release-managers\"; take them out first"
    );
    // What is left out is gone.
    let changed = put(
        &gateway,
        "/v1/people/zhangsan",
        &json!({ "id": "ZHANGSAN", "wechat": "zs" }),
        StatusCode::OK,
    )
    .await;
    assert_eq!(
        (&changed["wechat"], &changed["name"]),
        (&json!("zs"), &Value::Null)
    );
    assert_eq!(changed["created_at"], made["created_at"]);
    let alone = json!({ "members": ["lisi"] });
    let path = "/v1/people-groups/Ops";
    put(&gateway, path, &alone, StatusCode::OK).await;
    assert_eq!(
        gateway.get("/v1/people-groups/ops").await.body["members"],
        json!(["lisi"])
    );
    for path in [
        path,
        "/v1/people-groups/release-managers",
        "/v1/people/zhangsan",
        "/v1/people/lisi",
    ] {
        assert_eq!(
            gateway.delete(path).await.status,
            StatusCode::NO_CONTENT,
            "{path}"
        );
        assert_eq!(
            gateway.get(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
        assert_eq!(
            gateway.delete(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_wrong_is_told_at_once_without_what_it_says() {
    let gateway = Gateway::start(LOG).await;
    let body = json!({ "name": "a\u{7}b", "wechat": "zhang san", "mobile": "+86 138-0013-8000", "email": "zhang.san@example..com", "time_zone": "Asia/Shanghia", "language": "fr", "principal": " x\u{7}" });
    let refused = gateway.put("/v1/people/zhangsan", &body).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let told = fields(&refused);
    assert_eq!(
        told.iter().map(|(field, _)| *field).collect::<Vec<_>>(),
        ["language", "time_zone"],
        "{told:?}"
    );
    let body = json!({ "name": "a\u{7}b", "wechat": "zhang san", "mobile": "+86 138-0013-8000", "email": "zhang.san@example..com", "principal": "x\u{7}" });
    let refused = gateway.put("/v1/people/-zhangsan", &body).await;
    let told = fields(&refused);
    assert_eq!(
        told.iter().map(|(field, _)| *field).collect::<Vec<_>>(),
        ["id", "name", "wechat", "mobile", "email", "principal"],
        "{told:?}"
    );
    let whole = refused.body.to_string();
    for said in ["8000", "zhang.san@example.", "zhang san"] {
        assert!(!whole.contains(said), "{whole}");
    }
    let refused = gateway
        .put("/v1/people/zhangsan", &json!({ "id": "lisi" }))
        .await;
    assert_eq!(fields(&refused)[0].0, "id");
    let refused = gateway
        .put("/v1/people/zhangsan", &json!({ "wecaht": "x" }))
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);

    person(
        &gateway,
        "zhangsan",
        &json!({ "wechat": "zs", "principal": "key" }),
    )
    .await;
    let refused = gateway
        .put(
            "/v1/people/lisi",
            &json!({ "wechat": "ZS", "principal": "key" }),
        )
        .await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(
        refused.body["message"],
        "wechat is that of the person \"zhangsan\", and principal is that of the person \"zhangsan\"; each person has their own"
    );
    for (members, expected) in [
        (json!([]), "must be 1 to 1000 ids of people, are 0"),
        (json!("zhangsan"), "must be a list of ids of people"),
        (json!(["zhangsan", "ZhangSan"]), "has \"ZhangSan\" twice"),
        (
            json!(["group:ops"]),
            "; a group has people as members, and no groups",
        ),
        (
            json!(["zhangsna", "nobody-here"]),
            "has \"zhangsna\", and there is no such person; did you mean \"zhangsan\"?",
        ),
    ] {
        let refused = gateway
            .put("/v1/people-groups/ops", &json!({ "members": members }))
            .await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{members}"
        );
        let (field, message) = fields(&refused)[0];
        assert_eq!(field, "members");
        assert!(message.contains(expected), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_asked_for_approval_stays() {
    let rules = "rules: [{name: deploys, condition: 'action.id == \"d\"', action: {type: request_approval, notify_provider: log, approvers: ['group:release']}}]";
    let gateway = Gateway::with_rules("rules: []", LOG).await;
    person(&gateway, "lisi", &json!({})).await;
    for group in ["ops", "release"] {
        let path = format!("/v1/people-groups/{group}");
        let members = json!({ "members": ["lisi"] });
        put(&gateway, &path, &members, StatusCode::CREATED).await;
    }
    gateway.write_rules(rules);
    let reloaded = gateway.post("/v1/rules/reload", &json!({})).await;
    assert_eq!(reloaded.status, StatusCode::OK, "{}", reloaded.body);
    let chain = "/v1/chains/definitions/gate";
    let step = json!({ "name": "ask", "approval": { "approvers": ["group:Ops"] } });
    let definition = json!({ "name": "gate", "steps": [step] });
    put(&gateway, chain, &definition, StatusCode::OK).await;
    for (group, asking) in [
        ("ops", "the chain \"gate\""),
        ("release", "the rule \"deploys\""),
    ] {
        let answer = gateway.delete(&format!("/v1/people-groups/{group}")).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        let why = answer.body["message"].as_str().expect("a message");
        assert!(why.starts_with(asking), "{why}");
    }
    gateway.delete(chain).await;
    let deleted = gateway.delete("/v1/people-groups/ops").await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{}", deleted.body);
}
