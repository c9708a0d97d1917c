//! Templates and profiles: documents that are checked when they are saved, and what profiles make of payloads.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Gateway};

mod dispatch;
#[cfg(feature = "wechat")]
mod elsewhere;
mod published;
#[cfg(feature = "wechat")]
mod wechat;

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// Body for acme, with more fields.
fn of_acme(more: &Value) -> Value {
    let mut body = json!({ "namespace": "incidents", "tenant": "acme" });
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

async fn make(client: &Client, path: &str, more: &Value) -> String {
    let made = client.post(path, &of_acme(more)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    made.body["id"].as_str().expect("an id").to_owned()
}

async fn template(client: &Client, name: &str, content: &str) -> String {
    let more = json!({ "name": name, "content": content });
    make(client, "/v1/templates", &more).await
}

async fn profile(client: &Client, name: &str, fields: &Value) -> String {
    let more = json!({ "name": name, "fields": fields });
    make(client, "/v1/templates/profiles", &more).await
}

async fn render(client: &Client, profile: &str, payload: &Value) -> Answer {
    let more = json!({ "profile": profile, "payload": payload });
    client.post("/v1/templates/render", &of_acme(&more)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_made_listed_changed_and_deleted() {
    let gateway = Gateway::start(LOG).await;
    let text = template(&gateway, "text", "{{ host }} is {{ status }}").await;
    let fields = json!({ "content": { "$ref": "text" }, "title": "{{ host | toUpper }}" });
    let alert = profile(&gateway, "alert", &fields).await;

    let listed = gateway.get("/v1/templates").await.body;
    assert_eq!(
        (&listed["count"], &listed["templates"][0]["name"]),
        (&json!(1), &json!("text"))
    );
    let listed = gateway.get("/v1/templates/profiles?tenant=acme").await.body;
    assert_eq!(
        (&listed["count"], &listed["profiles"][0]["fields"]),
        (&json!(1), &fields)
    );
    let elsewhere = gateway
        .get("/v1/templates/profiles?tenant=globex")
        .await
        .body;
    assert_eq!(elsewhere, json!({ "count": 0, "profiles": [] }));

    let payload = json!({ "host": "db-1", "status": "down" });
    let rendered = render(&gateway, "alert", &payload).await;
    let expected = json!({ "rendered": { "content": "db-1 is down", "title": "DB-1" } });
    assert_eq!((rendered.status, rendered.body), (StatusCode::OK, expected));

    // Profiles follow their templates.
    let path = format!("/v1/templates/{text}");
    let changed = gateway
        .put(
            &path,
            &json!({ "content": "{{ status }}!", "description": "short" }),
        )
        .await;
    assert_eq!(
        (changed.status, &changed.body["content"]),
        (StatusCode::OK, &json!("{{ status }}!"))
    );
    assert_eq!(gateway.get(&path).await.body["description"], json!("short"));
    let rendered = render(&gateway, "alert", &payload).await.body;
    assert_eq!(rendered["rendered"]["content"], json!("down!"));

    let refused = gateway.delete(&path).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(
        refused.body["message"],
        json!("the profile \"alert\" refers to this template; change the profile first")
    );
    let profile_path = format!("/v1/templates/profiles/{alert}");
    let changed = gateway
        .put(&profile_path, &json!({ "fields": { "content": "plain" } }))
        .await;
    assert_eq!(
        (changed.status, &changed.body["fields"]),
        (StatusCode::OK, &json!({ "content": "plain" }))
    );
    for path in [&path, &profile_path] {
        assert_eq!(gateway.delete(path).await.status, StatusCode::NO_CONTENT);
        assert_eq!(gateway.get(path).await.status, StatusCode::NOT_FOUND);
        assert_eq!(gateway.delete(path).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(
        render(&gateway, "alert", &payload).await.status,
        StatusCode::NOT_FOUND
    );
    let reloaded = gateway.post("/v1/templates/reload", &json!({})).await;
    assert_eq!(reloaded.body, json!({ "templates": 0, "profiles": 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_wrong_is_told_when_it_is_saved() {
    let gateway = Gateway::start(LOG).await;
    template(&gateway, "text", "x").await;
    let again = json!({ "name": "text", "content": "y" });
    assert_eq!(
        gateway.post("/v1/templates", &of_acme(&again)).await.status,
        StatusCode::CONFLICT
    );

    let wrong = json!({ "name": "bad", "content": "one\n{{ two" });
    let refused = gateway.post("/v1/templates", &of_acme(&wrong)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let told = &refused.body["fields"][0];
    assert_eq!(told["field"], json!("content"));
    assert!(
        told["message"]
            .as_str()
            .expect("a text")
            .starts_with("line 2: syntax error"),
        "{told}"
    );

    let wrong = json!({ "name": "bad", "fields": {
        "a": "{{ x | toupper }}", "b": { "$ref": "absent" }, "c": "fine", "d": "\n{% if %}", "e": { "$ref": "text" },
    } });
    let refused = gateway
        .post("/v1/templates/profiles", &of_acme(&wrong))
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let told = refused.body["fields"].as_array().expect("a list");
    let named: Vec<_> = told.iter().map(|told| &told["field"]).collect();
    assert_eq!(
        named,
        ["fields.b", "fields.a", "fields.d"],
        "{}",
        refused.body
    );

    for (path, more, field) in [
        (
            "/v1/templates",
            json!({ "name": "..", "content": "x" }),
            "name",
        ),
        (
            "/v1/templates/profiles",
            json!({ "name": "p", "fields": { "a": { "$ref": "text", "content": "x" } } }),
            "fields.a",
        ),
        (
            "/v1/templates",
            json!({ "name": "a b", "content": "x" }),
            "name",
        ),
        ("/v1/templates", json!({ "name": "n" }), "content"),
        (
            "/v1/templates/profiles",
            json!({ "name": "n", "fields": {} }),
            "fields",
        ),
        (
            "/v1/templates/profiles",
            json!({ "name": "n", "fields": { "a": 3 } }),
            "fields.a",
        ),
        (
            "/v1/templates/profiles",
            json!({ "name": "n", "fields": { "a": "x" }, "escaping": "htlm" }),
            "escaping",
        ),
        ("/v1/templates/render", json!({ "profile": "n" }), "payload"),
    ] {
        let refused = gateway.post(path, &of_acme(&more)).await;
        let told = (refused.status, &refused.body["fields"][0]["field"]);
        assert_eq!(
            told,
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)),
            "{more}: {}",
            refused.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_tells_what_cannot_be_rendered_and_escapes_by_the_message_s_type() {
    let gateway = Gateway::start(LOG).await;
    profile(&gateway, "alert", &json!({ "content": "**{{ host }}**" })).await;
    let refused = render(&gateway, "alert", &json!({ "hots": "a" })).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let message = refused.body["message"].as_str().expect("a text");
    assert!(
        message.starts_with("payload: content, line 1: `host` is undefined"),
        "{message}"
    );

    for (payload, expected) in [
        (json!({ "host": "<@all>*" }), "**<@all>***"),
        (
            json!({ "host": "<@all>*", "msgtype": "markdown" }),
            "**＜@all>＊**",
        ),
        (
            json!({ "host": "<@all>*", "msgtype": " text " }),
            "**＜@all>***",
        ),
        (json!({ "host": "<@all>*", "msgtype": " " }), "**<@all>***"),
    ] {
        let rendered = render(&gateway, "alert", &payload).await.body;
        assert_eq!(
            rendered["rendered"]["content"],
            json!(expected),
            "{payload}"
        );
    }
    let own =
        json!({ "name": "own", "fields": { "content": "{{ host }}", "msgtype": "markdown" } });
    make(&gateway, "/v1/templates/profiles", &own).await;
    let rendered = render(&gateway, "own", &json!({ "host": "*", "msgtype": "text" })).await;
    assert_eq!(rendered.body["rendered"]["content"], json!("＊"));
    let unknown = json!({ "profile": "own", "payload": {}, "provider": "nobody" });
    let refused = gateway
        .post("/v1/templates/render", &of_acme(&unknown))
        .await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    let more = json!({ "name": "html", "fields": { "content": "{{ host }}" }, "escaping": "html" });
    make(&gateway, "/v1/templates/profiles", &more).await;
    let rendered = render(
        &gateway,
        "html",
        &json!({ "host": "<b>", "msgtype": "text" }),
    )
    .await
    .body;
    assert_eq!(rendered["rendered"]["content"], json!("&lt;b&gt;"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_changed_only_to_what_its_profiles_can_use() {
    let gateway = Gateway::start(LOG).await;
    let half = "x".repeat(300 * 1024);
    let small = template(&gateway, "small", "{{ host }}").await;
    template(&gateway, "large", &half).await;
    profile(
        &gateway,
        "both",
        &json!({ "content": { "$ref": "small" }, "title": { "$ref": "large" } }),
    )
    .await;
    let path = format!("/v1/templates/{small}?namespace=incidents&tenant=acme");
    let refused = gateway.put(&path, &json!({ "content": half })).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let told = refused.body["message"].as_str().expect("a text");
    assert!(
        told.contains("does not go with the profile \"both\""),
        "{told}"
    );
    let changed = gateway
        .put(&path, &json!({ "content": "{{ host }}!" }))
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    let rendered = render(&gateway, "both", &json!({ "host": "a" })).await.body;
    assert_eq!(rendered["rendered"]["content"], json!("a!"));
}
