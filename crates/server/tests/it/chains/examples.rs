//! The examples of chains: their files are right, their fixtures pass, and a gateway runs each.

use std::path::{Path, PathBuf};

use acteon_fakes::webhook::{Receiver, Request};
use serde_json::{Value, json};

use super::{start, until_it_is};
use crate::approvals::{follow, message};
use crate::support::{Gateway, run_command};

const NAMES: [&str; 3] = ["access", "deploy", "restart"];

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// What deploys, restarts and grants: a service that does not come up after a restart, and answers a check with this status.
async fn services(check: u16) -> Receiver {
    Receiver::start(move |request: &Request| {
        let (status, answer) = match request.body["action_type"].as_str() {
            Some("check") => (check, json!({ "healthy": false })),
            Some("roll_back") => (200, json!({ "build": "v6" })),
            _ => (200, json!({})),
        };
        (status, answer.to_string())
    })
    .await
    .expect("a receiver")
}

/// A gateway with the chains, people and configuration of the examples, whose timers are short, and whose messages go to `services`.
async fn gateway(services: &Receiver) -> Gateway {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name).display().to_string();
    let read =
        |file: &str| std::fs::read_to_string(examples().join("chains").join(file)).expect("read");
    for file in ["access.yaml", "deploy.yaml", "restart.yaml", "people.toml"] {
        let text = read(file)
            .replace("{duration_seconds: 28800}", "{duration_seconds: 1}")
            .replace("{duration_seconds: 60}", "{duration_seconds: 1}")
            .replace("backoff_ms: 30000", "backoff_ms: 1");
        std::fs::write(place(file), text).expect("written");
    }
    let url = services.url();
    let configuration = read("acteon.toml")
        .replace("[server]\n", "")
        .replace("external_url", "server.external_url")
        .replace("directory = \".\"", &format!("directory = {:?}", place("")))
        .replace("\"people.toml\"", &format!("{:?}", place("people.toml")))
        .replace(
            "type = \"log\"",
            &format!("type = \"webhook\"\nurl = {url:?}"),
        )
        .replace("\"http://127.0.0.1:9001/deployer\"", &format!("{url:?}"))
        .replace("\"http://127.0.0.1:9001/access-desk\"", &format!("{url:?}"));
    let log = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";
    Gateway::start_in(folder, &format!("{configuration}\n{log}")).await
}

/// Types of what arrived, messages to those who decide not among them, and the payload of the last.
fn arrived(services: &Receiver) -> (Vec<String>, Value) {
    let requests = services.requests();
    let others = requests
        .iter()
        .filter(|request| request.body["action_type"] != "approval_notification");
    let kinds = others.clone().map(|request| {
        request.body["action_type"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    });
    let last = others
        .clone()
        .next_back()
        .map(|request| request.body["payload"].clone());
    (kinds.collect(), last.unwrap_or_default())
}

#[test]
fn the_examples_are_right_and_their_fixtures_pass() {
    let folder = examples();
    let configuration = folder.join("chains/acteon.toml");
    let arguments = ["check", "-c", configuration.to_str().expect("text")];
    let output = run_command(&arguments, &[], "");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("4 chain(s) from there"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for name in NAMES {
        let file = folder.join(format!("chains-tests/{name}.yaml"));
        let output = run_command(&["chains", "test", file.to_str().expect("text")], &[], "");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains(" 0 failed"),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_runs_the_deployment() {
    let services = services(200).await;
    let gateway = gateway(&services).await;
    let payload = json!({ "service": "shop", "build": "v7" });
    let chain = start_with(&gateway, "deployment", "deploy", &payload).await;
    for person in ["lena", "nora"] {
        let told = message(&services, &format!("{chain}:confirm"), person, 0).await;
        let (status, answer) = follow(&gateway, &told["approval_url"]).await;
        assert!(status.is_success(), "{status} {answer}");
    }
    until_it_is(&gateway, &chain, "waiting_signal").await;
    let signal =
        json!({ "namespace": "incidents", "tenant": "acme", "payload": { "revision": "f0e08a1" } });
    let path = format!("/v1/executions/{chain}/signal/done");
    let answer = gateway.post(&path, &signal).await;
    assert!(answer.status.is_success(), "{}", answer.body);
    let detail = until_it_is(&gateway, &chain, "completed").await;
    let path = ["announce", "confirm", "deploy", "wait", "report", "end"];
    assert_eq!(detail["execution_path"], json!(path));
    let (kinds, last) = arrived(&services);
    assert_eq!(kinds, ["notify", "deploy", "notify"]);
    assert_eq!(last["content"], "shop is at f0e08a1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_grants_access_and_takes_it_back() {
    let services = services(200).await;
    let gateway = gateway(&services).await;
    let payload =
        json!({ "person": "nora", "system": "billing", "role": "reader", "reason": "ticket 12" });
    let chain = start_with(&gateway, "access_request", "access", &payload).await;
    let told = message(&services, &format!("{chain}:confirm"), "wang", 0).await;
    let (status, answer) = follow(&gateway, &told["approval_url"]).await;
    assert!(status.is_success(), "{status} {answer}");
    until_it_is(&gateway, &chain, "completed").await;
    let (kinds, last) = arrived(&services);
    assert_eq!(kinds, ["grant", "notify", "revoke", "notify"]);
    assert_eq!(last["content"], "reader on billing was taken back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_rolls_back_what_does_not_come_up() {
    let told = "shop did not come up and was rolled back to v6";
    for (status, path) in [
        (200, &["restart", "check", "roll_back", "notify"][..]),
        // One that does not answer is asked three times.
        (
            500,
            &["restart", "check", "check", "check", "roll_back", "notify"],
        ),
    ] {
        let services = services(status).await;
        let gateway = gateway(&services).await;
        let chain = start(&gateway, "a", "restart", &json!({ "service": "shop" })).await;
        until_it_is(&gateway, &chain, "completed").await;
        let (kinds, last) = arrived(&services);
        assert_eq!(kinds, path);
        assert_eq!(last["content"], told);
    }
}

/// Posts an action of a type, which starts a chain of another name; the execution's id.
async fn start_with(gateway: &Gateway, kind: &str, chain: &str, payload: &Value) -> String {
    let mut posted = crate::support::action("a", "log", payload);
    posted["action_type"] = json!(kind);
    let outcome = gateway.dispatch(&posted).await;
    let started = &outcome["ChainStarted"];
    assert_eq!(started["chain_name"], chain, "{outcome}");
    started["chain_id"].as_str().expect("an id").to_owned()
}
