//! The command line that asks a running gateway: silences, the audit trail, dead letters.

mod asking;
mod dead_letters;
mod relay;
mod silences;

use std::process::Output;

use serde_json::{Value, json};

use crate::support::{Gateway, action, run_command};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

/// Runs a command against a gateway.
fn run_at(base: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let variables: Vec<_> = [("ACTEON_URL", base)]
        .into_iter()
        .chain(variables.iter().copied())
        .collect();
    tokio::task::block_in_place(|| run_command(arguments, &variables, ""))
}

/// The same, which must be done; returns what is printed.
fn done(gateway: &Gateway, arguments: &[&str]) -> String {
    let output = run_at(gateway.base(), arguments, &[]);
    assert!(
        output.status.success(),
        "{arguments:?}: {} {}",
        out(&output),
        err(&output)
    );
    out(&output)
}

/// The same, which must end so; returns what is printed, then what is said of errors.
fn ends(gateway: &Gateway, arguments: &[&str], code: i32) -> String {
    let output = run_at(gateway.base(), arguments, &[]);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}: {} {}",
        out(&output),
        err(&output)
    );
    out(&output) + "\n" + &err(&output)
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A payload that is shown as it came, with all digits of its number.
const PAYLOAD: &str = "{\"text\":\"disk full\",\"n\":123456789012345678901234567890}";

/// A gateway with an action that was sent, and one that failed.
async fn with_two_actions() -> Gateway {
    let gateway = Gateway::start(LOG).await;
    let body = format!(
        "{{\"id\":\"first\",\"namespace\":\"incidents\",\"tenant\":\"acme\",\"provider\":\"log\",\"action_type\":\"notify\",\"metadata\":{{\"team\":\"pay\"}},\"payload\":{PAYLOAD}}}"
    );
    let answer = gateway
        .try_send(reqwest::Method::POST, "/v1/dispatch", Some(body), None)
        .await
        .expect("an answer");
    assert!(answer.body.get("Executed").is_some(), "{}", answer.body);
    gateway
        .dispatch(&action("second", "nowhere", &json!({})))
        .await;
    gateway
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_trail_is_looked_back_at() {
    let gateway = with_two_actions().await;
    let listed = done(&gateway, &["audit", "list"]);
    for part in [
        "ACCEPTED",
        "first",
        "second",
        "executed",
        "failed",
        "PROVIDER_NOT_FOUND",
    ] {
        assert!(listed.contains(part), "{part}: {listed}");
    }
    let listed = done(
        &gateway,
        &[
            "audit",
            "list",
            "--outcome",
            "failed",
            "--from",
            "2h",
            "--provider",
            "nowhere",
        ],
    );
    assert!(
        listed.contains("second") && !listed.contains("first"),
        "{listed}"
    );
    assert!(done(&gateway, &["audit", "list", "--to", "2h"]).contains("nothing found"));
    let json = read(&done(
        &gateway,
        &[
            "audit",
            "list",
            "--json",
            "--limit",
            "1",
            "--outcome",
            "Executed",
        ],
    ));
    assert_eq!(
        json,
        gateway.get("/v1/audit?limit=1&outcome=executed").await.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_trail_is_searched() {
    let gateway = with_two_actions().await;
    let found = ends(
        &gateway,
        &["audit", "list", "--text", "DISK full", "--limit", "1"],
        0,
    );
    assert!(
        found.contains("first") && !found.contains("second") && found.contains("looked back to 20"),
        "{found}"
    );
    assert!(
        done(&gateway, &["audit", "list", "--recipient", "zhangsan"]).contains("nothing found")
    );
    assert!(
        done(
            &gateway,
            &["dlq", "list", "--text", "disk", "--message-id", "m1"]
        )
        .contains("no dead letters")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_action_is_shown_with_all_that_happened_to_it() {
    let gateway = with_two_actions().await;
    let shown = done(&gateway, &["audit", "show", "first"]);
    for part in [
        "first",
        "acme",
        "done",
        "label              team=pay",
        PAYLOAD,
        "ATTEMPT",
        "taken",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(
        read(&done(&gateway, &["audit", "show", "first", "--json"])),
        gateway.get("/v1/audit/first").await.body
    );
    let told = ends(&gateway, &["audit", "show", "third"], 1);
    assert!(
        told.contains("error: there is no such action in this scope (404 NOT_FOUND)"),
        "{told}"
    );
    gateway
        .dispatch(&action("告警 1%/..?#", "log", &json!({})))
        .await;
    assert!(
        done(&gateway, &["audit", "show", "告警 1%/..?#"]).contains("告警 1%/..?#"),
        "whatever it is called"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_of_the_audit_trail_that_is_wrong_is_told() {
    let gateway = Gateway::start(LOG).await;
    let told = ends(&gateway, &["audit", "list", "--outcome", "fialed"], 1);
    assert!(
        told.contains("did you mean failed?"),
        "as the server words it: {told}"
    );
    let told = ends(&gateway, &["audit", "list", "--cursor", "x"], 1);
    assert!(told.contains("next_cursor"), "{told}");
    let more = ends(
        &gateway,
        &[
            "audit",
            "list",
            "--limit",
            "1",
            "--outcome",
            "failed",
            "--outcome",
            "executed",
        ],
        2,
    );
    assert!(more.contains("cannot be used multiple times"), "{more}");
    let more = ends(
        &gateway,
        &["audit", "list", "--limit", "1", "--to", "0s"],
        2,
    );
    assert!(more.contains("shorter than a second"), "{more}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_the_audit_trail_ends_with_where_to_go_on() {
    let gateway = with_two_actions().await;
    gateway.dispatch(&action("third", "log", &json!({}))).await;
    let more = ends(
        &gateway,
        &[
            "audit",
            "list",
            "--limit",
            "1",
            "--action-type",
            "notify",
            "--provider",
            "nowhere",
        ],
        0,
    );
    assert!(more.contains("second"), "{more}");
    let more = ends(&gateway, &["audit", "list", "--limit", "2"], 0);
    let cursor = more.rsplit(' ').next().expect("a cursor");
    let rest = ends(
        &gateway,
        &["audit", "list", "--limit", "2", "--cursor", cursor],
        0,
    );
    assert!(
        more.contains("second") && rest.contains("first"),
        "{more} {rest}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_of_the_api_is_a_flag() {
    let gateway = Gateway::start(LOG).await;
    for (command, route) in [
        (["audit", "list"], "/v1/audit?x"),
        (["dead-letters", "list"], "/v1/dlq?x"),
        (["dlq", "replay"], "/v1/dlq/replay?x"),
    ] {
        let help = done(&gateway, &[&command[..], &["--help"]].concat());
        let answer = if command[1] == "replay" {
            gateway.post(route, &Value::Null).await
        } else {
            gateway.get(route).await
        };
        let told = answer.body["message"]
            .as_str()
            .expect("a message")
            .to_owned();
        let known: Vec<&str> = told
            .split("known are: ")
            .nth(1)
            .expect("names")
            .split(", ")
            .collect();
        assert!(known.len() > 12, "{told}");
        // Pages by offset are for programs, and so are those of chains and signatures.
        for name in known
            .iter()
            .filter(|name| !["offset", "chain_id", "signer_id", "kid"].contains(*name))
        {
            assert!(
                help.contains(&format!("--{}", name.replace('_', "-"))),
                "{command:?}: {name}: {help}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_wrote_cannot_act_on_a_terminal() {
    let gateway = Gateway::start(LOG).await;
    let comment = "\u{1b}[2Jgone\u{9b}31m\n\u{202e}txet";
    let silence = json!({ "namespace": "incidents", "tenant": "acme", "matchers": [{ "name": "team", "value": "pay" }], "duration_seconds": 600, "comment": comment });
    assert_eq!(
        gateway.post("/v1/silences", &silence).await.status,
        reqwest::StatusCode::CREATED
    );
    gateway
        .dispatch(&action("a", "nowhere", &json!({ "text": comment })))
        .await;
    for arguments in [
        &["silences", "list"][..],
        &["audit", "show", "a"],
        &["dlq", "show", "a"],
        &["silences", "list", "--json"],
        &["audit", "list", "--json"],
    ] {
        let told = done(&gateway, arguments);
        assert!(told.contains("gone"), "{told}");
        assert!(
            !told
                .chars()
                .any(|letter| letter != '\n' && (letter.is_control() || letter == '\u{202e}')),
            "{arguments:?}: {told:?}"
        );
    }
    assert_eq!(
        read(&done(&gateway, &["silences", "list", "--json"]))["silences"][0]["comment"],
        comment
    );
    let wide = json!({ "namespace": "告警", "tenant": "acme", "matchers": [{ "name": "team", "value": "pay" }], "duration_seconds": 600 });
    assert_eq!(
        gateway.post("/v1/silences", &wide).await.status,
        reqwest::StatusCode::CREATED
    );
    let told = done(&gateway, &["silences", "list"]);
    assert!(
        told.contains("  告警       acme"),
        "as wide as it is shown: {told}"
    );
}
