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

const LATER: &str = "chains:
  - {name: waits, steps: [{name: wait, wait_for_signal: {signal_name: go, timeout_seconds: 600}}]}
rules:
  - {name: chains, condition: 'action.payload.begins == \"chain\"', action: {type: chain, chain: waits}}
  - {name: asks, condition: 'action.payload.begins == \"approval\"', action: {type: request_approval, notify_provider: log}}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_has_so_many_executions_and_approvals_and_others_have_theirs() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = "server.max_executions_per_tenant = 2\nserver.max_approvals_per_tenant = 2\n";
    let lines = crate::support::with_rules_in(&folder, LATER, &format!("{limits}{PROVIDERS}"));
    let gateway = Gateway::start_in(folder, &lines).await;
    let beginning = |begins: &str, tenant: &str, id: &str| {
        let mut action = of(tenant, &format!("{begins}-{id}"), "log");
        action["payload"] = json!({ "begins": begins });
        action
    };
    for (begins, found) in [
        (
            "chain",
            "2 executions of chains of the tenant a are running",
        ),
        (
            "approval",
            "2 approvals of the tenant a are waiting for a decision",
        ),
    ] {
        for (tenant, id) in [("a", "1"), ("a.us", "2")] {
            let begun = is_full(&gateway, &beginning(begins, tenant, id)).await;
            assert_eq!(begun, None);
        }
        let full = is_full(&gateway, &beginning(begins, "a.eu", "3")).await;
        let full = full.expect("a refusal");
        assert!(full.contains(found), "{full}");
        for (tenant, id) in [("b", "4"), ("a", "1")] {
            let begun = is_full(&gateway, &beginning(begins, tenant, id)).await;
            assert_eq!(
                begun, None,
                "others have room, and what is known is answered"
            );
        }
    }
    assert_eq!(is_full(&gateway, &of("a", "5", "log")).await, None);

    // What there is counts after a restart; what ends makes room.
    let gateway = gateway.restart(&lines).await;
    let scope = json!({ "namespace": "incidents", "tenant": "a" });
    for (begins, list, id, body) in [
        ("chain", "chains", "chain_id", scope),
        ("approval", "approvals", "id", json!({})),
    ] {
        let next = beginning(begins, "a.eu", "3");
        assert!(is_full(&gateway, &next).await.is_some());
        let there_are = gateway
            .get(&format!("/v1/{list}?namespace=incidents&tenant=a"))
            .await
            .body;
        let first = there_are[list][0][id].as_str().expect("one of them");
        let ended = gateway
            .post(&format!("/v1/{list}/{first}/cancel"), &body)
            .await;
        assert_eq!(ended.status, 200, "{}", ended.body);
        until("there is no room", PATIENCE, async || {
            is_full(&gateway, &next).await.is_none()
        })
        .await;
    }
}

/// Sub-chains, approvals of steps and resets give back what they took, and no more.
#[tokio::test(flavor = "multi_thread")]
async fn what_chains_begin_and_end_makes_no_room_for_others() {
    let rules = "chains:
  - {name: leaf, steps: [{name: rest, timer: {duration_seconds: 0}}]}
  - {name: parent, steps: [
      {name: all, parallel: {steps: [{name: a, sub_chain: leaf}, {name: b, sub_chain: leaf}, {name: c, sub_chain: leaf}]}},
      {name: ask, approval: {timeout_seconds: 1}, on_failure: skip}]}
  - {name: waits, steps: [{name: wait, wait_for_signal: {signal_name: go, timeout_seconds: 600}}]}
rules:
  - {name: parents, condition: 'action.payload.begins == \"parent\"', action: {type: chain, chain: parent}}
  - {name: waiters, condition: 'action.payload.begins == \"waits\"', action: {type: chain, chain: waits}}
  - {name: asks, condition: 'action.payload.begins == \"approval\"', action: {type: request_approval, notify_provider: log}}
";
    let limits = "server.max_executions_per_tenant = 3\nserver.max_approvals_per_tenant = 2\n";
    let gateway = Gateway::with_rules(rules, &format!("{limits}{PROVIDERS}")).await;
    let begin = async |begins: &str, id: &str| {
        let mut action = of("a", &format!("{begins}-{id}"), "log");
        action["payload"] = json!({ "begins": begins });
        let answer = gateway.post("/v1/dispatch", &action).await;
        let id = answer.body["ChainStarted"]["chain_id"].clone();
        (answer.status == StatusCode::OK, id)
    };
    assert!(begin("waits", "1").await.0 && begin("approval", "1").await.0);
    for id in ["1", "2", "3"] {
        let (is_begun, parent) = begin("parent", id).await;
        assert!(is_begun, "{id}");
        let parent = parent.as_str().expect("an id").to_owned();
        let scope = "namespace=incidents&tenant=a";
        gateway
            .until(&format!("/v1/chains/{parent}?{scope}"), |body| {
                body["status"] == "completed"
            })
            .await;
        let again = format!("/v1/executions/{parent}/reset");
        let made = gateway.post(&again, &json!({})).await.body;
        let made = made["execution_id"].as_str().expect("an id").to_owned();
        gateway
            .until(&format!("/v1/chains/{made}?{scope}"), |body| {
                body["status"] == "completed"
            })
            .await;
    }
    for begins in ["waits", "approval"] {
        let mut accepted = 0;
        for id in 10..20 {
            accepted += usize::from(begin(begins, &id.to_string()).await.0);
        }
        let most = if begins == "waits" { 2 } else { 1 };
        assert_eq!(accepted, most, "{begins}");
    }
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
