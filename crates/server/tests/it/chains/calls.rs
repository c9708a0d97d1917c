//! Calls about executions: signals, cancellation, history, graphs, attributes, and what is done over.

use serde_json::{Value, json};

use super::{OF, counting, providers, sends, start, until_it_is, with_chains};
use crate::support::Gateway;

/// Announces, waits for a signal, and reports it.
fn waits() -> Value {
    json!({
        "name": "waits",
        "on_cancel": { "provider": "hook", "action_type": "notify", "payload_template": { "why": "{{ cancel.reason }}" } },
        "steps": [
            sends("announce", &json!({ "n": 1 })),
            { "name": "wait", "wait_for_signal": { "signal_name": "done" } },
            sends("report", &json!({ "revision": "{{ prev.body.revision }}" })),
        ],
    })
}

async fn gateway(receiver: &acteon_fakes::webhook::Receiver) -> Gateway {
    with_chains(&providers(receiver), &[waits()]).await
}

fn names(list: &Value, key: &str) -> Vec<String> {
    let items = list.as_array().expect("a list").iter();
    let names = items.map(|item| item[key].as_str().expect("a text").to_owned());
    names.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_that_comes_early_is_kept_until_its_step() {
    let receiver = counting().await;
    let gateway = gateway(&receiver).await;
    let chain = start(&gateway, "a", "waits", &json!({})).await;
    let signal = async |name: &str, body: &Value| {
        let path = format!("/v1/executions/{chain}/signal/{name}");
        gateway.post(&path, body).await
    };
    let unknown = signal("don", &json!({})).await;
    let message = unknown.body["message"].as_str().expect("a message");
    assert!(
        unknown.status == 404 && message.contains("did you mean done?"),
        "{message}"
    );
    let other = json!({ "namespace": "incidents", "tenant": "globex" });
    assert_eq!(signal("done", &other).await.status, 404);
    // It may wait for its step already, or not yet.
    let body =
        json!({ "namespace": "incidents", "tenant": "acme", "payload": { "revision": "f0e08a1" } });
    let sent = signal("done", &body).await;
    let expected = json!({ "execution_id": chain, "signal_name": "done", "status": "delivered" });
    assert_eq!((sent.status.as_u16(), sent.body), (200, expected));
    let detail = until_it_is(&gateway, &chain, "completed").await;
    assert_eq!(
        detail["steps"][1]["response_body"],
        json!({ "revision": "f0e08a1" })
    );
    let last = receiver.requests().pop().expect("a request");
    assert_eq!(last.body["payload"], json!({ "revision": "f0e08a1" }));
    assert_eq!(signal("done", &json!({})).await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cancels_is_told_how_it_stands_and_on_cancel_is_sent() {
    let receiver = counting().await;
    let gateway = gateway(&receiver).await;
    let chain = start(&gateway, "a", "waits", &json!({})).await;
    until_it_is(&gateway, &chain, "waiting_signal").await;
    let path = format!("/v1/chains/{chain}/cancel");
    let wish = json!({ "namespace": "incidents", "tenant": "acme", "reason": "rolled back", "cancelled_by": "zhangsan" });
    let answer = gateway.post(&path, &wish).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let told = ["status", "cancel_reason", "cancelled_by"].map(|key| &answer.body[key]);
    assert_eq!(told, ["cancelled", "rolled back", "zhangsan"]);
    let statuses = names(&answer.body["steps"], "status");
    assert_eq!(statuses, ["completed", "cancelled", "pending"]);
    assert_eq!(gateway.post(&path, &wish).await.status, 409);
    let told = format!("{chain}:on_cancel:1");
    gateway
        .until(&format!("/v1/actions/{told}"), |action| {
            action["state"] == "done"
        })
        .await;
    let last = receiver.requests().pop().expect("a request");
    assert_eq!(last.body["payload"], json!({ "why": "rolled back" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn history_and_graph_say_what_happened() {
    let receiver = counting().await;
    let gateway = gateway(&receiver).await;
    let chain = start(&gateway, "a", "waits", &json!({})).await;
    until_it_is(&gateway, &chain, "waiting_signal").await;
    let history = gateway
        .get(&format!("/v1/chains/{chain}/history?{OF}"))
        .await
        .body;
    let first = &history["steps"][0];
    assert_eq!(
        (
            &first["name"],
            &first["max_retries"],
            &first["attempts"][0]["success"]
        ),
        (&json!("announce"), &json!(0), &json!(true)),
        "{history}"
    );
    let dag = gateway.get(&format!("/v1/chains/{chain}/dag")).await.body;
    let taken: Vec<bool> = dag["edges"]
        .as_array()
        .expect("edges")
        .iter()
        .map(|edge| edge["on_execution_path"] == true)
        .collect();
    assert_eq!(taken, [true, false], "{dag}");
    assert_eq!(
        names(&dag["nodes"], "status"),
        ["completed", "running", "pending"]
    );
    let events = gateway
        .get(&format!("/v1/executions/{chain}/history"))
        .await
        .body;
    assert_eq!(
        names(&events["events"], "event_type"),
        [
            "execution_started",
            "step_started",
            "step_completed",
            "step_started"
        ],
        "{events}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn executions_are_found_by_their_attributes() {
    let receiver = counting().await;
    let gateway = gateway(&receiver).await;
    let (one, other) = (
        start(&gateway, "a", "waits", &json!({})).await,
        start(&gateway, "b", "waits", &json!({})).await,
    );
    let path = format!("/v1/executions/{one}/attributes");
    let put = gateway
        .put(&path, &json!({ "attributes": { "ticket": "OPS-1" } }))
        .await;
    assert_eq!(
        (put.status.as_u16(), &put.body["attributes"]),
        (200, &json!({ "ticket": "OPS-1" }))
    );
    let found = async |query: &str| {
        let listed = gateway.get(&format!("/v1/executions?{query}")).await.body;
        names(&listed["executions"], "execution_id")
    };
    assert_eq!(found("attr=ticket=OPS-1").await, [one.as_str()]);
    assert_eq!(found("chain_name=waits").await, [other.as_str(), &one]);
    assert!(found("chain_name=other").await.is_empty());
    assert!(
        found("started_before=2020-01-01T00:00:00Z")
            .await
            .is_empty()
    );
    let page = gateway.get("/v1/executions?limit=1").await.body;
    let next = page["next_cursor"].as_str().expect("a cursor");
    // What begins meanwhile comes before the page, and moves nothing behind it.
    start(&gateway, "c", "waits", &json!({})).await;
    assert_eq!(
        found(&format!("limit=1&cursor={next}")).await,
        [one.as_str()]
    );
    let page = gateway.get("/v1/chains?limit=2").await.body;
    let next = page["next_cursor"].as_str().expect("a cursor");
    let rest = gateway.get(&format!("/v1/chains?cursor={next}")).await.body;
    assert_eq!(names(&rest["chains"], "chain_id"), [one.as_str()]);
    let many: serde_json::Map<String, Value> =
        (0..51).map(|n| (n.to_string(), json!("x"))).collect();
    for attributes in [json!(many), json!({ "a=b": "x" })] {
        let refused = gateway
            .put(&path, &json!({ "attributes": attributes }))
            .await;
        assert_eq!(refused.status, 422, "{}", refused.body);
    }
    for list in ["chains", "executions"] {
        let refused = gateway.get(&format!("/v1/{list}?cursor=elsewhere")).await;
        let message = refused.body["message"].as_str().expect("a message");
        assert!(
            refused.status == 400 && message.contains("the next_cursor of the page before"),
            "{message}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_that_is_over_is_done_over_from_a_step() {
    let receiver = counting().await;
    let gateway = gateway(&receiver).await;
    let chain = start(&gateway, "a", "waits", &json!({})).await;
    until_it_is(&gateway, &chain, "waiting_signal").await;
    let reset = async |body: &Value| {
        let path = format!("/v1/executions/{chain}/reset");
        gateway.post(&path, body).await
    };
    assert_eq!(reset(&json!({})).await.status, 409);
    gateway
        .post(&format!("/v1/chains/{chain}/cancel"), &json!({}))
        .await;
    let refused = reset(&json!({ "from_step": "report" })).await;
    assert_eq!(refused.status, 422, "it never came there: {}", refused.body);
    let sent = receiver.requests().len();
    let answer = reset(&json!({ "from_step": "wait" })).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["reset_of"]),
        (201, &json!(chain)),
        "{}",
        answer.body
    );
    let again = answer.body["execution_id"].as_str().expect("an id");
    until_it_is(&gateway, again, "waiting_signal").await;
    gateway
        .post(
            &format!("/v1/executions/{again}/signal/done"),
            &json!({ "payload": { "revision": "x" } }),
        )
        .await;
    let detail = until_it_is(&gateway, again, "completed").await;
    assert_eq!(
        detail["steps"][0]["response_body"],
        json!({ "number": 1 }),
        "what came before is kept"
    );
    let ids: Vec<String> = receiver.requests()[sent..]
        .iter()
        .map(|request| request.body["id"].as_str().expect("an id").to_owned())
        .filter(|id| !id.contains("on_cancel"))
        .collect();
    assert_eq!(ids, [format!("{again}:report:1")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_is_done_over_by_one_at_a_time() {
    let receiver = counting().await;
    let gateway = gateway(&receiver).await;
    let chain = start(&gateway, "a", "waits", &json!({})).await;
    let cancel = async |id: &str| {
        let path = format!("/v1/chains/{id}/cancel");
        let cancelled = gateway.post(&path, &json!({})).await;
        assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    };
    cancel(&chain).await;
    let path = format!("/v1/executions/{chain}/reset");
    let reset = async |key: &str, body: &Value| {
        let answer = gateway.post_once(&path, key, body).await;
        (answer.status.as_u16(), answer.body)
    };
    let id = |body: &Value| body["execution_id"].as_str().expect("an id").to_owned();
    let (status, first) = reset("k1", &json!({})).await;
    assert_eq!(status, 201, "{first}");
    let first = id(&first);
    let (status, same) = reset("k1", &json!({})).await;
    assert_eq!((status, id(&same)), (201, first.clone()));
    let (status, other) = reset("k1", &json!({ "from_step": "wait" })).await;
    assert_eq!(status, 409, "{other}");
    let (status, other) = reset("k2", &json!({})).await;
    let message = other["message"].as_str().expect("a message");
    assert!(status == 409 && message.contains(&first), "{other}");
    let without = gateway.post(&path, &json!({})).await;
    assert_eq!(without.status, 409, "{}", without.body);
    let (status, empty) = reset("", &json!({})).await;
    assert_eq!(status, 400, "{empty}");
    cancel(&first).await;
    let (status, same) = reset("k1", &json!({})).await;
    assert_eq!((status, id(&same)), (201, first.clone()), "it was made");
    let (status, second) = reset("k2", &json!({})).await;
    assert_eq!(status, 201, "{second}");
    assert_ne!(id(&second), first);
    let listed = gateway.get("/v1/executions").await.body;
    assert_eq!(listed["count"], 3, "{listed}");
}
