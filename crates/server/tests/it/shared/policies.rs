//! Changes of policies that cannot be read at once.

use acteon_testkit::proxy::{FaultProxy, Link};
use serde_json::{Value, json};

use super::{Shared, lines};
use crate::support::{Gateway, action};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// The documents are locked when a change is heard of, for longer than a statement may take: it is read when they can be.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_could_not_be_read_is_in_force_once_it_can() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let (first, second) = tokio::join!(shared.gateway(LOG), shared.gateway(LOG));
    let silence = json!({ "namespace": "incidents", "tenant": "acme", "matchers": [{ "name": "later", "value": "no" }], "duration_seconds": 3600 });
    let made = first.post("/v1/silences", &silence).await.body;
    second
        .until("/v1/silences", |body| body["count"] == 1)
        .await;
    let options = shared.database.options();
    let (holder, connection) = tokio_postgres::connect(&options.url, tokio_postgres::NoTls)
        .await
        .expect("the database");
    tokio::spawn(connection);
    let schema = &options.schema;
    holder
        .batch_execute(&format!(
            "SET search_path TO {schema}; BEGIN; LOCK TABLE documents IN ACCESS EXCLUSIVE MODE"
        ))
        .await
        .expect("locked");
    shared
        .database
        .execute("UPDATE revisions SET revision = revision + 1 WHERE name = 'documents'")
        .await
        .expect("a change is announced");
    let change = "UPDATE documents SET body = replace(body, '\"no\"', '\"yes\"'), revision = (SELECT max(revision) FROM revisions)";
    holder.batch_execute(change).await.expect("changed");
    for gateway in [&first, &second] {
        let ready = gateway
            .until("/ready", |body| body["status"] == "degraded")
            .await;
        assert!(
            ready["reasons"][0]
                .as_str()
                .is_some_and(|reason| reason.starts_with("policies:")),
            "{ready}"
        );
        let metrics = gateway.get("/metrics").await.body;
        assert!(
            metrics
                .as_str()
                .is_some_and(|text| text.contains("acteon_policies_stale 1\n")),
            "{metrics}"
        );
    }
    holder.batch_execute("COMMIT").await.expect("let go");
    for (number, gateway) in [&first, &second].into_iter().enumerate() {
        gateway
            .until("/ready", |body| body["status"] == "ready")
            .await;
        let mut sent = action(&format!("a{number}"), "log", &json!({}));
        sent["metadata"] = json!({ "later": "yes" });
        assert_eq!(
            gateway.dispatch(&sent).await["Silenced"]["silence_id"],
            made["id"]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_in_which_nothing_changed_policies_are_known_to_be_readable() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let options = shared.database.options();
    let address = options
        .url
        .split(['@', '/'])
        .find(|part| part.contains(':') && !part.ends_with(':'))
        .expect("an address");
    let proxy = FaultProxy::start(address.parse().expect("an address of a socket"))
        .await
        .expect("a proxy");
    let url = options.url.replace(address, &proxy.address().to_string());
    let gateway = Gateway::start_exactly(
        tempfile::tempdir().expect("a folder"),
        &(lines(&url, &options.schema, 15) + LOG),
    )
    .await;
    let is_stale = |metrics: &Value, stale: u8| {
        metrics
            .as_str()
            .is_some_and(|text| text.contains(&format!("acteon_policies_stale {stale}\n")))
    };
    proxy.set(Link::Cut);
    gateway
        .until("/metrics", |metrics| is_stale(metrics, 1))
        .await;
    proxy.set(Link::Up);
    gateway
        .until("/metrics", |metrics| is_stale(metrics, 0))
        .await;
    gateway
        .until("/ready", |body| body["status"] == "ready")
        .await;
}

/// People whom one gateway made are known to the other, and so is that they are gone.
#[tokio::test(flavor = "multi_thread")]
async fn people_and_groups_are_followed() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let (first, second) = tokio::join!(shared.gateway(LOG), shared.gateway(LOG));
    let made = first
        .put("/v1/people/zhangsan", &json!({ "wechat": "zs" }))
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    second
        .until("/v1/people/ZhangSan", |body| body["wechat"] == "zs")
        .await;
    let group = json!({ "members": ["zhangsan"] });
    let made = second.put("/v1/people-groups/ops", &group).await;
    assert_eq!(made.status, 201, "{}", made.body);
    first
        .until("/v1/people-groups", |body| body["count"] == 1)
        .await;
    assert_eq!(first.delete("/v1/people/zhangsan").await.status, 409);
    assert_eq!(first.delete("/v1/people-groups/ops").await.status, 204);
    assert_eq!(first.delete("/v1/people/zhangsan").await.status, 204);
    for path in ["/v1/people", "/v1/people-groups"] {
        second.until(path, |body| body["count"] == 0).await;
    }
}
