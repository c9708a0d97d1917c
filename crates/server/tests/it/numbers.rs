//! Numbers are what was sent, digit by digit: in conditions, in silences, and in what a rule writes.

use acteon_fakes::webhook::Receiver;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Gateway, action};

const RULES: &str = r#"
rules:
  - { name: eq, condition: { field: action.payload.eq, eq: 12345678901234567891 }, action: { type: suppress } }
  - { name: listed, condition: { field: action.payload.listed, in_list: [7, 18446744073709551615] }, action: { type: suppress } }
  - { name: above, condition: { field: action.payload.above, gt: 18446744073709551615 }, action: { type: suppress } }
  - { name: price, condition: { field: action.payload.price, eq: 1.1 }, action: { type: suppress } }
  - { name: same, condition: 'action.payload.a == action.payload.b', action: { type: suppress } }
  - { name: before, condition: 'action.payload.c < action.payload.d', action: { type: suppress } }
  - { name: long, condition: 'action.payload.long == 18446744073709551617', action: { type: suppress } }
  - { name: objects, condition: 'action.payload.o == action.payload.p', action: { type: suppress } }
  - name: written
    condition: 'has(action.payload.n)'
    action:
      type: modify
      changes: { whole: "{{ action.payload.n }}", text: "is {{ action.payload.n }}", list: ["{{ action.payload }}"], own: 12345678901234567891.10 }
  - name: stamp
    condition: { field: action.action_type, eq: stamp }
    action: { type: modify, changes: { stamped: true } }
"#;

async fn dispatch(gateway: &Gateway, id: &str, payload: &str) -> Value {
    let body = action(id, "hook", &json!("PAYLOAD"))
        .to_string()
        .replace("\"PAYLOAD\"", payload);
    gateway
        .try_send(Method::POST, "/v1/dispatch", Some(body), None)
        .await
        .expect("an answer")
        .body
}

async fn start() -> (Gateway, Receiver) {
    let receiver = Receiver::start(|_| (200, "{}".into()))
        .await
        .expect("a receiver");
    let hook = format!(
        "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n",
        receiver.url()
    );
    (Gateway::with_rules(RULES, &hook).await, receiver)
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_compare_every_digit() {
    let (gateway, _receiver) = start().await;
    for (at, (payload, rule)) in [
        (r#"{"eq":12345678901234567891}"#, Some("eq")),
        (r#"{"eq":12345678901234567890}"#, None),
        (r#"{"eq":1.2345678901234567891e19}"#, Some("eq")),
        (r#"{"listed":18446744073709551615}"#, Some("listed")),
        (r#"{"listed":18446744073709551616}"#, None),
        (r#"{"listed":7.0}"#, Some("listed")),
        (r#"{"above":18446744073709551616}"#, Some("above")),
        (r#"{"above":18446744073709551615}"#, None),
        (r#"{"price":1.10}"#, Some("price")),
        (r#"{"price":1.1000000000000000001}"#, None),
        (
            r#"{"a":100000000000000000000001,"b":100000000000000000000002}"#,
            None,
        ),
        (
            r#"{"a":100000000000000000000001,"b":100000000000000000000001}"#,
            Some("same"),
        ),
        (r#"{"a":100,"b":1e2}"#, Some("same")),
        (
            r#"{"c":100000000000000000000001,"d":100000000000000000000002}"#,
            Some("before"),
        ),
        (
            r#"{"c":-100000000000000000000001,"d":-100000000000000000000002}"#,
            None,
        ),
        (r#"{"long":18446744073709551617}"#, Some("long")),
        (r#"{"long":18446744073709551616}"#, None),
        (
            r#"{"o":{"x":[18446744073709551617]},"p":{"x":[18446744073709551617]}}"#,
            Some("objects"),
        ),
        (
            r#"{"o":{"x":[18446744073709551617]},"p":{"x":[18446744073709551618]}}"#,
            None,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let outcome = dispatch(&gateway, &format!("n-{at}"), payload).await;
        assert_eq!(
            outcome["Suppressed"]["rule"].as_str(),
            rule,
            "{payload}: {outcome}"
        );
        assert_eq!(
            outcome.get("Executed").is_some(),
            rule.is_none(),
            "{payload}: {outcome}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_on_a_number_holds_it_as_it_was_sent() {
    let (gateway, _receiver) = start().await;
    for (field, value) in [("s", "18446744073709551615"), ("t", "1.50"), ("u", "1e2")] {
        let matchers = json!([{ "name": format!("action.payload.{field}"), "value": value }]);
        let made = json!({ "namespace": "incidents", "tenant": "acme", "matchers": matchers, "duration_seconds": 600, "comment": "numbers" });
        assert_eq!(gateway.post("/v1/silences", &made).await.status, 201);
    }
    for (at, (payload, silenced)) in [
        (r#"{"s":18446744073709551615}"#, true),
        (r#"{"s":18446744073709551616}"#, false),
        (r#"{"t":1.50}"#, true),
        (r#"{"u":1e2}"#, true),
        (r#"{"u":100}"#, false),
    ]
    .into_iter()
    .enumerate()
    {
        let outcome = dispatch(&gateway, &format!("s-{at}"), payload).await;
        assert_eq!(
            outcome.get("Silenced").is_some(),
            silenced,
            "{payload}: {outcome}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_writes_a_number_as_it_came() {
    let (gateway, receiver) = start().await;
    for (at, number) in [
        "18446744073709551615",
        "100000000000000000000001",
        "1.10",
        "1e2",
        "-0",
        "5",
    ]
    .into_iter()
    .enumerate()
    {
        let outcome = dispatch(
            &gateway,
            &format!("w-{at}"),
            &format!(r#"{{"n":{number}}}"#),
        )
        .await;
        assert!(outcome.get("Executed").is_some(), "{number}: {outcome}");
        let sent = receiver.requests().pop().expect("a request").text;
        let payload = format!(
            r#"{{"n":{number},"whole":{number},"text":"is {number}","list":[{{"n":{number}}}],"own":12345678901234567891.10}}"#
        );
        assert!(sent.contains(&payload), "{payload}\n{sent}");
    }
}

/// Changes are merged into an object; of anything else nothing would be left.
#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_is_no_object_is_not_replaced_by_what_a_rule_writes() {
    let (gateway, receiver) = start().await;
    for (at, (payload, what)) in [
        (r#""plain text""#, "a text"),
        ("[1,2]", "a list"),
        ("7", "a number"),
        ("true", "true or false"),
    ]
    .into_iter()
    .enumerate()
    {
        let body = action(&format!("p-{at}"), "hook", &json!("PAYLOAD")).to_string();
        let body = body
            .replace("\"PAYLOAD\"", payload)
            .replace("\"action_type\":\"notify\"", "\"action_type\":\"stamp\"");
        let outcome = gateway
            .try_send(Method::POST, "/v1/dispatch", Some(body), None)
            .await
            .expect("an answer")
            .body;
        let error = &outcome["Failed"];
        let said = error["message"].as_str().unwrap_or_default();
        assert!(
            error["code"] == "SERIALIZATION" && said.contains("rule stamp") && said.contains(what),
            "{payload}: {outcome}"
        );
    }
    assert_eq!(receiver.requests().len(), 0, "nothing is sent");
    let asked = json!({ "namespace": "n", "tenant": "t", "provider": "hook", "action_type": "stamp", "payload": [1], "metadata": {} });
    let shown = gateway.post("/v1/rules/evaluate", &asked).await.body;
    assert!(
        shown["has_errors"] == true && shown.to_string().contains("the payload is a list"),
        "{shown}"
    );
}
