//! The example that stands between Alertmanager and a gateway: what is not on disk is asked for again.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::Gateway;

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

fn alert(name: &str, summary: &str) -> Value {
    json!({
        "status": "firing", "labels": {"alertname": name}, "annotations": {"summary": summary}, "fingerprint": name,
        "startsAt": "2026-01-31T09:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
    })
}

/// Hands alerts to the relay; returns what Alertmanager would be answered.
fn relay(acteon: &str, webhook: &Value) -> String {
    relay_text(acteon, &webhook.to_string())
}

fn relay_text(acteon: &str, webhook: &str) -> String {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/alertmanager-relay.py"
    );
    let arguments = [
        script,
        "--acteon",
        acteon,
        "--provider",
        "log",
        "--repeat",
        "1000000000",
        "--stdin",
    ];
    let mut relay = Command::new("python3")
        .args(arguments)
        .env("http_proxy", "http://127.0.0.1:9")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python 3");
    tokio::task::block_in_place(|| {
        relay
            .stdin
            .take()
            .expect("its input")
            .write_all(webhook.as_bytes())
            .expect("written");
        let output = relay.wait_with_output().expect("its end");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    })
}

fn alerts(alerts: &[Value]) -> Value {
    json!({ "alerts": alerts })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_is_told_again_in_other_words_is_taken_and_sent_once() {
    let gateway = Gateway::start(LOG).await;
    assert_eq!(
        relay(gateway.base(), &alerts(&[alert("DiskFull", "91 %")])),
        "200 1 accepted"
    );
    assert_eq!(
        relay(gateway.base(), &alerts(&[alert("DiskFull", "92 %")])),
        "200 1 accepted"
    );
    let list = gateway
        .get("/v1/audit?namespace=alerts&tenant=default")
        .await
        .body;
    assert_eq!(list["records"].as_array().map(Vec::len), Some(1), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_is_refused_keeps_none_of_the_others_back() {
    let gateway = Gateway::start(LOG).await;
    let mut faulty = alert("Faulty", "of no tenant that there could be");
    faulty["labels"]["tenant"] = json!("a..b");
    let told = relay(
        gateway.base(),
        &alerts(&[faulty, alert("DiskFull", "full")]),
    );
    assert!(told.starts_with("422 am-Faulty-firing-"), "{told}");
    let list = gateway
        .get("/v1/audit?namespace=alerts&tenant=default")
        .await
        .body;
    assert_eq!(list["records"].as_array().map(Vec::len), Some(1), "{list}");
    assert!(
        relay(gateway.base(), &json!({"alerts": 5}))
            .starts_with("422 this is no webhook of Alertmanager")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_on_disk_is_asked_for_again() {
    let rules = "rules:\n  - name: one-a-day\n    condition: 'true'\n    action: {type: throttle, max_count: 1, window_seconds: 86400}\n";
    let gateway = Gateway::with_rules(rules, LOG).await;
    let told = relay(
        gateway.base(),
        &alerts(&[alert("DiskFull", "full"), alert("HostDown", "down")]),
    );
    assert!(
        told.starts_with("503 am-HostDown-firing-") && told.contains("Throttled: to be told again"),
        "{told}"
    );
    assert!(relay("http://127.0.0.1:9", &alerts(&[alert("DiskFull", "full")])).starts_with("503 "));
}

/// An alert that Acteon refused was lost: Alertmanager does not ask again for what is answered 422.
#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_is_larger_than_an_action_goes_all_the_same() {
    let gateway = Gateway::start(LOG).await;
    let large = |change: fn(&mut Value)| {
        let mut large = alert("Large", "of everything too much");
        change(&mut large);
        alerts(&[large])
    };
    let cases: [fn(&mut Value); 6] = [
        |alert| {
            for number in 0..70 {
                alert["labels"][format!("l{number}")] = json!("x");
            }
        },
        |alert| alert["labels"]["query"] = json!("支".repeat(2000)),
        |alert| alert["annotations"]["description"] = json!("x".repeat(2 << 20)),
        |alert| alert["fingerprint"] = json!("f".repeat(300)),
        |alert| alert["labels"]["tenant"] = json!(" "),
        |alert| alert["labels"]["te\u{a0}am\u{200b}"] = json!("pay"),
    ];
    for (number, change) in cases.into_iter().enumerate() {
        let mut webhook = large(change);
        if number != 3 {
            webhook["alerts"][0]["fingerprint"] = json!(format!("f{number}"));
        }
        assert_eq!(
            relay(gateway.base(), &webhook),
            "200 1 accepted",
            "{number}"
        );
    }
    let halved = alerts(&[alert("Halved", "HALF")])
        .to_string()
        .replace("HALF", "cut in \\ud83d");
    assert_eq!(relay_text(gateway.base(), &halved), "200 1 accepted");
    for broken in ["", "{", "[]"] {
        let told = relay_text(gateway.base(), broken);
        assert!(
            told.starts_with("422 this is no webhook of Alertmanager"),
            "{broken}: {told}"
        );
    }
    let found = gateway
        .get("/v1/audit?tenant=default&text=labels%20left%20out")
        .await
        .body;
    assert_eq!(
        found["records"].as_array().map(Vec::len),
        Some(1),
        "{found}"
    );
}
