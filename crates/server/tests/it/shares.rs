//! Who may have how much waiting: one who waits long takes nobody else's room.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Gateway, PATIENCE, action, parse, until};

const PROVIDERS: &str = "retry.max_retries = 0\nretry.delays_seconds = [1]\n[[providers]]\nname = \"down\"\ntype = \"webhook\"\n\
     url = \"http://127.0.0.1:1/\"\n[[providers]]\nname = \"log\"\ntype = \"log\"\n";

fn of(tenant: &str, id: &str, provider: &str) -> Value {
    let mut action = action(id, provider, &json!({ "n": id }));
    action["tenant"] = json!(tenant);
    action
}

async fn is_full(gateway: &Client, action: &Value) -> Option<String> {
    let Answer { status, body } = gateway.post("/v1/dispatch", action).await;
    if status == StatusCode::OK {
        return None;
    }
    assert_eq!(
        (status, body["code"].as_str(), body["retry_after"].as_u64()),
        (StatusCode::SERVICE_UNAVAILABLE, Some("QUEUE_FULL"), Some(2))
    );
    body["message"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_provider_takes_half_of_the_room_and_what_is_known_is_answered() {
    let gateway = Gateway::start(&format!("server.max_open_actions = 4\n{PROVIDERS}")).await;
    for (tenant, id) in [("a", "1"), ("b", "2")] {
        assert_eq!(is_full(&gateway, &of(tenant, id, "down")).await, None);
    }
    let full = is_full(&gateway, &of("c", "3", "down"))
        .await
        .expect("a refusal");
    assert!(
        full.contains("2 actions are waiting for the provider down"),
        "{full}"
    );
    assert_eq!(
        gateway.dispatch(&of("c", "4", "log")).await["Executed"]["status"],
        "success"
    );
    // Also when it starts again, and whatever is asked for within a batch.
    let gateway = gateway
        .restart(&format!("server.max_open_actions = 4\n{PROVIDERS}"))
        .await;
    let batch = json!([
        of("c", "5", "down"),
        of("c", "6", "log"),
        of("a", "1", "down")
    ]);
    let outcomes = gateway
        .post_preferring("/v1/dispatch/batch", &batch, "wait=1")
        .await
        .body;
    assert_eq!(outcomes[0]["error"]["code"], "QUEUE_FULL", "{outcomes}");
    assert_eq!(outcomes[1]["Executed"]["status"], "success", "{outcomes}");
    assert_eq!(outcomes[2]["Scheduled"]["action_id"], "1", "{outcomes}");
    let mut other = of("a", "1", "down");
    other["payload"] = json!({ "n": 2 });
    assert_eq!(
        gateway.post("/v1/dispatch", &other).await.status,
        StatusCode::CONFLICT
    );
    // What ends makes room.
    let silence = json!({ "namespace": "incidents", "tenant": "a", "matchers": [{ "name": "action.provider", "value": "down" }],
        "duration_seconds": 600, "comment": "c" });
    assert_eq!(
        gateway.post("/v1/silences", &silence).await.status,
        StatusCode::CREATED
    );
    gateway
        .until("/v1/actions/1?tenant=a", |view| view["state"] == "done")
        .await;
    // The room is free once the gateway has heard of the commit, a moment after readers see it.
    until("no room", PATIENCE, async || {
        is_full(&gateway, &of("c", "3", "down")).await.is_none()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_has_a_share_with_those_below_it_and_all_have_a_total() {
    let limits = "server.max_open_actions = 4\nserver.max_open_per_provider = 4\nserver.max_open_per_tenant = 3\n";
    let gateway = Gateway::start(&format!("{limits}{PROVIDERS}")).await;
    for (tenant, id) in [("a", "1"), ("a.us", "2"), ("a.eu", "3")] {
        assert_eq!(is_full(&gateway, &of(tenant, id, "down")).await, None);
    }
    let full = is_full(&gateway, &of("a.x", "4", "down"))
        .await
        .expect("a refusal");
    assert!(full.contains("of the tenant a "), "{full}");
    assert_eq!(is_full(&gateway, &of("b", "5", "down")).await, None);
    assert!(is_full(&gateway, &of("b", "6", "down")).await.is_some());
    assert_eq!(
        is_full(&gateway, &of("b", "5", "down")).await,
        None,
        "known"
    );
}

#[test]
fn a_share_over_the_total_is_refused_at_load() {
    let refused = |text: &str| {
        parse(&format!(
            "{text}\n[[providers]]\nname = \"log\"\ntype = \"log\"\n"
        ))
        .err()
        .expect("refused")
    };
    let told = refused(
        "server.max_open_actions = 10\nserver.max_open_per_provider = 11\nserver.max_open_per_tenant = 0",
    );
    assert!(
        told.contains("max_open_per_provider: must be from 1 to 10, is 11"),
        "{told}"
    );
    assert!(
        told.contains("max_open_per_tenant: must be from 1 to 10, is 0"),
        "{told}"
    );
}
