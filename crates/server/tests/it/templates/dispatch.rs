//! Actions that name a profile.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{LOG, profile};
use crate::support::{Gateway, action};

/// An action through `log` that names a profile, as `id`.
fn with_template(id: &str, name: &str, payload: &Value) -> Value {
    let mut body = action(id, "log", payload);
    body["template"] = json!(name);
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_renders_before_rules_and_what_was_sent_stays() {
    let rules = "rules: [{name: texts, condition: 'action.payload.content == \"db-1 is down\"', action: {type: suppress}}]";
    let gateway = Gateway::with_rules(rules, LOG).await;
    profile(
        &gateway,
        "alert",
        &json!({ "content": "{{ host }} is {{ status }}" }),
    )
    .await;
    let down = json!({ "host": "db-1", "status": "down" });
    let outcome = gateway.dispatch(&with_template("a", "alert", &down)).await;
    assert_eq!(outcome, json!({ "Suppressed": { "rule": "texts" } }));
    let shown = gateway.get("/v1/actions/a").await.body;
    assert_eq!(
        (&shown["action"]["payload"], &shown["action"]["template"]),
        (&down, &json!("alert"))
    );

    let up = json!({ "host": "db-1", "status": "up" });
    let sent = gateway.dispatch(&with_template("b", "alert", &up)).await;
    assert!(
        sent["Executed"]["headers"]["acteon-warning"].is_null(),
        "{sent}"
    );
    // The same request is the same action; one without the profile is another.
    let again = gateway
        .post("/v1/dispatch", &with_template("b", "alert", &up))
        .await;
    assert_eq!(again.status, StatusCode::OK);
    let other = gateway.post("/v1/dispatch", &action("b", "log", &up)).await;
    assert_eq!(other.status, StatusCode::CONFLICT, "{}", other.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_profile_is_refused() {
    let gateway = Gateway::start(LOG).await;
    profile(&gateway, "alert", &json!({ "content": "x" })).await;
    let refused = gateway
        .post("/v1/dispatch", &with_template("a", "alret", &json!({})))
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let told = &refused.body["fields"][0];
    assert_eq!(told["field"], json!("template"));
    assert!(
        told["message"]
            .as_str()
            .expect("a text")
            .ends_with("did you mean \"alert\"?"),
        "{told}"
    );
    let batch = json!([
        with_template("b", "alret", &json!({})),
        with_template("c", "alert", &json!({}))
    ]);
    let answer = gateway.post("/v1/dispatch/batch", &batch).await.body;
    assert!(
        answer[0]["error"]["message"].is_string() && answer[1]["Executed"].is_object(),
        "{answer}"
    );
    assert_eq!(
        gateway.get("/v1/actions/a").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_rendered_goes_plain_with_a_warning_and_is_counted() {
    let rules = "rules: [{name: texts, condition: 'action.payload.content.contains(\"could not be rendered\")', action: {type: reroute, target_provider: plain}}]";
    let plain = format!("{LOG}[[providers]]\nname = \"plain\"\ntype = \"log\"\n");
    let gateway = Gateway::with_rules(rules, &plain).await;
    profile(&gateway, "alert", &json!({ "content": "{{ host }}" })).await;
    let outcome = gateway
        .dispatch(&with_template("a", "alert", &json!({ "hots": "db-1" })))
        .await;
    let warning = outcome["Rerouted"]["response"]["headers"]["acteon-warning"].as_str();
    let warning = warning.unwrap_or_else(|| panic!("no warning: {outcome}"));
    assert!(
        warning.contains("\"alert\" could not be rendered: content, line 1: `host` is undefined"),
        "{warning}"
    );
    let metrics = gateway.get("/metrics").await.body;
    let counted = metrics
        .as_str()
        .is_some_and(|text| text.contains("\nacteon_template_errors_total 1\n"));
    assert!(counted, "{metrics}");
}

/// What a profile reads is data for its texts: it is no field of a message, nobody is warned of it, and none of it is a slip. The rest is told.
#[cfg(feature = "wechat")]
#[tokio::test(flavor = "multi_thread")]
async fn what_a_profile_reads_is_not_warned_of_and_what_nobody_reads_is() {
    use crate::wechat::{configuration, local_wecom, unlimited};
    let wecom = local_wecom(unlimited()).await;
    let more = "wechat.default_touser = \"@all\"";
    let gateway = Gateway::start(&configuration(&wecom, more)).await;
    let content = "{{ service }} is {{ payload.status }} for {{ user }} ({{ msgtype }})";
    profile(&gateway, "alert", &json!({ "content": content })).await;
    let send = async |id: &str, payload: &Value| {
        let mut body = action(id, "wechat-ops", payload);
        body["template"] = json!("alert");
        gateway.dispatch(&body).await
    };
    let data = json!({ "msgtype": "text", "service": "db", "status": "down", "user": "zhangsan" });
    let outcome = send("a", &data).await;
    assert!(
        outcome["Executed"]["headers"]["acteon-warning"].is_null(),
        "{outcome}"
    );
    let arrived = wecom.world(|world| world.messages().last().map(|told| told.content.clone()));
    let expected = json!({ "content": "db is down for zhangsan (text)" });
    assert_eq!(arrived, Some(expected));
    let mut more = data.clone();
    more["severity"] = json!("high");
    let outcome = send("b", &more).await;
    assert_eq!(
        outcome["Executed"]["headers"]["acteon-warning"],
        "not sent, since a text message has no such field: severity"
    );
    // Without the profile it may be whom it is for.
    let outcome = gateway.dispatch(&action("c", "wechat-ops", &data)).await;
    assert_eq!(outcome["Failed"]["code"], "SERIALIZATION", "{outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_in_the_log_with_who_made_them() {
    use crate::support::{Process, log_of};
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(folder.path(), LOG, &[("RUST_LOG", "")]);
    let client = process.client();
    let id = profile(client, "alert", &json!({ "content": "a secret text" })).await;
    let path = format!("/v1/templates/profiles/{id}");
    let change = json!({ "description": "x" });
    assert_eq!(client.put(&path, &change).await.status, StatusCode::OK);
    assert_eq!(client.delete(&path).await.status, StatusCode::NO_CONTENT);
    client.put("/v1/people/lisi", &json!({})).await;
    client.delete("/v1/people/lisi").await;
    let log = log_of(folder.path());
    for line in [
        format!("profile made id={id:?} name=\"alert\" caller="),
        format!("profile changed id={id:?} name=\"alert\" caller="),
        format!("profile deleted id={id:?} name=\"alert\" caller="),
        "person written person=\"lisi\" new=true caller=".to_owned(),
        "person deleted person=\"lisi\" caller=".to_owned(),
    ] {
        assert!(log.contains(&line), "{line}\n{log}");
    }
    assert!(!log.contains("a secret text"), "{log}");
}
