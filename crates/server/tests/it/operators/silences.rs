//! Silences by command, and times as people type them.

use serde_json::{Value, json};

use super::{LOG, done, ends, err, read};
use crate::support::{Gateway, run_command};

/// Makes a silence for acme; returns what is said.
fn add(gateway: &Gateway, further: &[&str]) -> String {
    let scope = ["--namespace", "incidents", "--tenant", "acme"];
    done(
        gateway,
        &[&["silences", "add"], &scope[..], further].concat(),
    )
}

/// Makes a silence that begins in two hours; returns the API's own answer.
fn add_later(gateway: &Gateway) -> Value {
    let end = "2999-01-31T09:00:00+08:00";
    let further = ["--json", "--starts-at", "2h", "--ends-at", end, "a=b"];
    read(&add(gateway, &further))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_is_made_of_its_matchers() {
    let gateway = Gateway::start(LOG).await;
    let matchers = [
        "action.provider=log",
        "severity=~\"warn.*\"",
        "team!=pay",
        "site!~north|south",
        "action.payload.labels[\"a=b\"]=\"c \\\" d\"",
    ];
    let id = add(
        &gateway,
        &[
            &["--duration", "1h30m", "--comment", "moving the database"],
            &matchers[..],
        ]
        .concat(),
    );
    let made = gateway.get(&format!("/v1/silences/{id}")).await.body;
    let expected = json!([
        { "name": "action.provider", "op": "equal", "value": "log" },
        { "name": "severity", "op": "regex", "value": "warn.*" },
        { "name": "team", "op": "not_equal", "value": "pay" },
        { "name": "site", "op": "not_regex", "value": "north|south" },
        { "name": "action.payload.labels[\"a=b\"]", "op": "equal", "value": "c \" d" },
    ]);
    assert_eq!(
        (&made["matchers"], &made["comment"]),
        (&expected, &json!("moving the database"))
    );
    let seconds = |silence: &Value| {
        let at = |name: &str| {
            acteon_core::Timestamp::parse(silence[name].as_str().expect("a time")).expect("a time")
        };
        at("ends_at").since(at("starts_at")).as_secs()
    };
    assert_eq!(seconds(&made), 5400);
    let later = add_later(&gateway);
    assert_eq!(
        (&later["active"], &later["ends_at"]),
        (&json!(false), &json!("2999-01-31T01:00:00.000Z")),
        "the API's own answer"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn silences_are_listed_and_ended() {
    let gateway = Gateway::start(LOG).await;
    let id = add(
        &gateway,
        &[
            "--duration",
            "1h30m",
            "--comment",
            "moving the database",
            "severity=~\"warn.*\"",
            "team!=pay",
            "site!~north|south",
        ],
    );
    let later = add_later(&gateway);
    let listed = done(&gateway, &["silences", "list"]);
    for part in [
        "ID ",
        &id,
        "active",
        "incidents",
        "severity=~warn.*",
        "team!=pay",
        "site!~north|south",
        "moving the database",
    ] {
        assert!(listed.contains(part), "{part}: {listed}");
    }
    assert!(
        !listed.contains(later["id"].as_str().expect("an id")),
        "{listed}"
    );
    assert!(done(&gateway, &["silences", "list", "--all"]).contains("pending"));
    assert_eq!(
        read(&done(&gateway, &["silences", "list", "--json"])),
        gateway.get("/v1/silences").await.body
    );
    assert!(done(&gateway, &["silences", "list", "--tenant", "other"]).contains("no silences"));

    let told = done(&gateway, &["silences", "expire", &id]);
    assert_eq!(told, format!("{id}: ended"));
    assert_eq!(gateway.get("/v1/silences").await.body["count"], 0);
    let told = ends(
        &gateway,
        &[
            "silences",
            "expire",
            "nope",
            later["id"].as_str().expect("an id"),
        ],
        1,
    );
    assert!(
        told.contains("nope: ") && told.contains("NOT_FOUND") && told.contains(": ended"),
        "the others all the same: {told}"
    );
}

#[test]
fn durations_times_and_matchers_are_taken_as_people_type_them() {
    let base = ["silences", "add", "--namespace", "n", "--tenant", "t"];
    for (further, part) in [
        (
            &["--duration", "90", "a=b"][..],
            "write 90s, 90m, 90h or 90d",
        ),
        (
            &["--duration", "soon", "a=b"],
            "such as 90s, 2h, 1h30m or 2d",
        ),
        (&["--duration", "1 month", "a=b"], "write days, such as 30d"),
        (&["--duration=-2h", "a=b"], "without a sign"),
        (&["--duration", "10ms", "a=b"], "shorter than a second"),
        (&["a=b"], "--duration"),
        (
            &[
                "--duration",
                "1h",
                "--ends-at",
                "2999-01-01T00:00:00Z",
                "a=b",
            ],
            "cannot be used with",
        ),
        (&["--ends-at", "2026-01-31", "a=b"], "no RFC 3339 time"),
        (&["--duration", "1h"], "MATCHER"),
        (
            &["--duration", "1h", "severity"],
            "none of =, !=, =~ and !~",
        ),
        (&["--duration", "1h", "=x"], "no name before the ="),
        (&["--duration", "1h", "a==b"], "did you mean a=b?"),
        (&["--duration", "1h", "a=\"b"], "end it with a quote"),
        (&["--druation", "1h", "a=b"], "--duration"),
        (
            &["--duration", "1h", "a=b", "--timeout", "11m"],
            "longer than 10m",
        ),
    ] {
        let output = run_command(&[&base[..], further].concat(), &[], "");
        assert_eq!(
            output.status.code(),
            Some(2),
            "{further:?}: {}",
            err(&output)
        );
        assert!(err(&output).contains(part), "{further:?}: {}", err(&output));
    }
    let output = run_command(&["silence", "list"], &[], "");
    assert!(
        output.status.code() == Some(2) && err(&output).contains("silences"),
        "{}",
        err(&output)
    );
}
