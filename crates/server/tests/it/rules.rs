//! Rules as a running server has them: loading, switching, trying.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Gateway, Process, action, run_command, with_rules_in};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";
const TWO: &str = r#"
rules:
  - {name: spam, priority: 5, description: not wanted, condition: 'action.payload.kind == "spam"', action: {type: suppress}}
  - {name: night, priority: 1, timezone: Asia/Shanghai, condition: 'time.hour >= 22', enabled: false, action: {type: deny}}
"#;

fn spam(id: &str) -> Value {
    action(id, "log", &json!({ "kind": "spam" }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switched_rule_stays_switched_over_reload_and_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = with_rules_in(&folder, TWO, LOG);
    let gateway = Gateway::start_in(folder, &configuration).await;
    let names: Vec<Value> = gateway
        .get("/v1/rules")
        .await
        .body
        .as_array()
        .expect("a list")
        .clone();
    assert_eq!(
        (&names[0]["name"], &names[0]["enabled"], &names[1]["name"]),
        (&json!("night"), &json!(false), &json!("spam"))
    );
    assert_eq!(
        (&names[1]["priority"], &names[1]["description"]),
        (&json!(5), &json!("not wanted"))
    );
    assert!(
        gateway
            .dispatch(&spam("a"))
            .await
            .get("Suppressed")
            .is_some()
    );
    let off = gateway
        .put("/v1/rules/spam/enabled", &json!({ "enabled": false }))
        .await;
    assert_eq!(
        off.body,
        json!({ "name": "spam", "enabled": false, "status": "disabled" })
    );
    assert!(gateway.dispatch(&spam("b")).await.get("Executed").is_some());
    gateway.post("/v1/rules/reload", &json!({})).await;
    assert!(
        gateway.dispatch(&spam("c")).await.get("Executed").is_some(),
        "over a reload"
    );
    let gateway = gateway.restart(&configuration).await;
    assert!(
        gateway.dispatch(&spam("d")).await.get("Executed").is_some(),
        "over a restart"
    );
    gateway
        .put("/v1/rules/spam/enabled", &json!({ "enabled": true }))
        .await;
    assert!(
        gateway
            .dispatch(&spam("e"))
            .await
            .get("Suppressed")
            .is_some()
    );
    assert_eq!(
        gateway
            .put("/v1/rules/nope/enabled", &json!({ "enabled": true }))
            .await
            .status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_loaded_and_a_broken_one_leaves_the_rules_before() {
    let gateway = Gateway::with_rules(TWO, LOG).await;
    gateway.write_rules(&TWO.replace("name: spam", "name: junk"));
    gateway
        .until("/v1/rules", |rules| rules[1]["name"] == "junk")
        .await;
    gateway.write_rules("rules:\n  - {name: broken, condition: {field: action.colour, eq: red}, action: {type: explode}}\n");
    let ready = gateway
        .until("/ready", |ready| ready["status"] == "degraded")
        .await;
    let reason = ready["reasons"][0].as_str().expect("a reason");
    assert!(
        reason.contains("rules.yaml:2:") && reason.contains("explode") && reason.contains("colour"),
        "{reason}"
    );
    assert_eq!(gateway.get("/ready").await.status, StatusCode::OK);
    assert_eq!(
        gateway.dispatch(&spam("a")).await["Suppressed"]["rule"],
        "junk"
    );
    let metrics = gateway.get("/metrics").await.body;
    assert!(
        metrics
            .as_str()
            .is_some_and(|text| text.contains("acteon_rules_broken 1\n")
                && text.contains("acteon_rules 2\n")),
        "{metrics}"
    );
    let refused = gateway.post("/v1/rules/reload", &json!({})).await;
    assert_eq!(
        (
            refused.status,
            refused.body["errors"].as_array().map(Vec::len)
        ),
        (StatusCode::UNPROCESSABLE_ENTITY, Some(2))
    );
    assert_eq!(refused.body["loaded"], 2);
    gateway.write_rules("rules: []\n");
    gateway
        .until("/ready", |ready| ready["status"] == "ready")
        .await;
    let loaded = gateway
        .try_send(reqwest::Method::POST, "/v1/rules/reload", None, None)
        .await
        .expect("an answer");
    assert_eq!(
        (
            &loaded.body["loaded"],
            &loaded.body["reloaded"],
            &loaded.body["errors"]
        ),
        (&json!(0), &json!(0), &json!([]))
    );
    assert!(loaded.body["directory"].is_string());
}

/// An editor or a redirection empties a file before it writes: its rules hold meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_file_leaves_the_rules_before() {
    let gateway = Gateway::with_rules(TWO, LOG).await;
    for text in ["", "# nothing\n\n", "{}\n"] {
        gateway.write_rules(text);
        let refused = gateway.post("/v1/rules/reload", &json!({})).await;
        assert_eq!(
            (refused.status, &refused.body["loaded"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(2)),
            "{text:?}: {}",
            refused.body
        );
        assert!(
            refused.body["errors"].to_string().contains("rules: []"),
            "{text:?}: {}",
            refused.body
        );
        let ready = gateway.get("/ready").await.body;
        assert!(
            ready["status"] == "degraded" && ready.to_string().contains("rules.yaml:1:"),
            "{text:?}: {ready}"
        );
        assert_eq!(
            gateway.dispatch(&spam("a")).await["Suppressed"]["rule"],
            "spam"
        );
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_regular_file_is_named_and_holds_up_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = with_rules_in(&folder, TWO, LOG);
    let process = Process::start(folder.path(), &configuration, &[]);
    let pipe = folder.path().join("rules/pipe.yaml");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .expect("mkfifo")
            .success()
    );
    let ready = process
        .client()
        .until("/ready", |ready| ready["status"] == "degraded")
        .await
        .to_string();
    assert!(
        ready.contains("pipe.yaml") && ready.contains("a named pipe"),
        "{ready}"
    );
    for (target, what) in [("/dev/zero", "a device"), ("/", "a directory")] {
        std::fs::remove_file(&pipe).expect("removed");
        std::os::unix::fs::symlink(target, &pipe).expect("a link");
        process
            .client()
            .until("/ready", |ready| ready.to_string().contains(what))
            .await;
    }
    std::fs::remove_file(&pipe).expect("removed");
    std::fs::rename(
        folder.path().join("rules/rules.yaml"),
        folder.path().join("elsewhere.yaml"),
    )
    .expect("moved");
    std::os::unix::fs::symlink(folder.path().join("elsewhere.yaml"), &pipe).expect("a link");
    process
        .client()
        .until("/ready", |ready| ready["status"] == "ready")
        .await;
    assert_eq!(
        process
            .client()
            .get("/v1/rules")
            .await
            .body
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    assert_eq!(process.terminate().0, Some(0));
}

#[test]
fn a_server_does_not_start_on_broken_rules() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules =
        "rules: [{name: r, condition: 'true', action: {type: reroute, target_provider: nowhere}}]";
    let configuration = with_rules_in(&folder, rules, LOG);
    let path = folder.path().join("acteon.toml");
    std::fs::write(&path, configuration).expect("written");
    let path = path.to_str().expect("text");
    let data = folder.path().to_str().expect("text");
    for arguments in [
        vec!["-c", path, "--data-dir", data, "--port", "0"],
        vec!["check", "-c", path],
    ] {
        let output = run_command(&arguments, &[], "");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success()
                && said.contains("there is no provider \"nowhere\"; configured are: log"),
            "{said}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_playground_decides_as_at_any_time_and_changes_nothing() {
    let gateway = Gateway::with_rules(&TWO.replace("enabled: false, ", ""), LOG).await;
    let asked = json!({ "namespace": "n", "tenant": "t", "provider": "log", "action_type": "x", "payload": { "kind": "spam" }, "metadata": {},
        "include_disabled": false, "evaluate_all": false, "evaluate_at": "2026-01-03T15:00:00Z", "mock_state": { "k": "v" } });
    let shown = gateway.post("/v1/rules/evaluate", &asked).await.body;
    assert_eq!(
        (shown["verdict"].as_str(), shown["matched_rule"].as_str()),
        (Some("deny"), Some("night")),
        "23:00 in Shanghai: {shown}"
    );
    assert_eq!(shown["trace"][1]["skip_reason"], "earlier_rule_matched");
    let mut by_day = asked.clone();
    by_day["evaluate_at"] = json!("2026-01-03T02:00:00Z");
    let shown = gateway.post("/v1/rules/evaluate", &by_day).await.body;
    assert_eq!(shown["matched_rule"], "spam");
    assert!(
        shown["context"]["time"]
            .as_object()
            .is_some_and(|time| time.values().all(Value::is_number))
    );
    by_day["payload"] = json!({});
    let shown = gateway.post("/v1/rules/evaluate", &by_day).await.body;
    assert_eq!(
        (&shown["verdict"], &shown["trace"][2]["rule_name"]),
        (&json!("allow"), &json!("(default fallthrough)"))
    );
    assert_eq!(gateway.get("/v1/audit").await.body["records"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn coverage_tells_what_no_rule_looks_at_and_which_rules_are_idle() {
    let gateway = Gateway::with_rules(TWO, LOG).await;
    for number in 0..3 {
        gateway.dispatch(&spam(&format!("a{number}"))).await;
        gateway
            .dispatch(&action(&format!("b{number}"), "log", &json!({})))
            .await;
    }
    let mut other = action("c", "log", &json!({}));
    other["action_type"] = json!("page");
    gateway.dispatch(&other).await;
    let found = gateway
        .get("/v1/rules/coverage?namespace=incidents")
        .await
        .body;
    assert_eq!(
        (
            &found["total_actions"],
            &found["unique_combinations"],
            &found["rules_loaded"]
        ),
        (&json!(7), &json!(2), &json!(2))
    );
    assert_eq!(
        (
            &found["fully_covered"],
            &found["partially_covered"],
            &found["uncovered"]
        ),
        (&json!(0), &json!(1), &json!(1))
    );
    assert_eq!(found["unmatched_rules"], json!(["night"]));
    assert_eq!(
        (
            &found["entries"][0]["covered"],
            &found["entries"][0]["matched_rules"]
        ),
        (&json!(3), &json!(["spam"])),
        "{found}"
    );
}

#[test]
fn fixture_files_are_run_from_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    with_rules_in(&folder, TWO, LOG);
    let fixtures = folder.path().join("tests.yaml");
    let run = |text: &str| {
        std::fs::write(&fixtures, text).expect("written");
        let rules = folder.path().join("rules");
        let arguments = [
            "rules",
            "test",
            fixtures.to_str().expect("text"),
            "--rules",
            rules.to_str().expect("text"),
        ];
        let output = run_command(&arguments, &[], "");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let case = "tests: [{name: junk, action: {payload: {kind: spam}}, expect: {verdict: suppress, rule: spam}}]";
    assert_eq!(run(case).0, Some(0));
    let (code, said) = run(&case.replace("verdict: suppress", "verdict: allow"));
    assert!(
        code == Some(1)
            && said.contains("verdict: expected allow, got suppress")
            && said.contains("0 passed, 1 failed"),
        "{said}"
    );
    let (code, said) = run("tests: [{name: x}]");
    assert!(
        code == Some(1) && said.contains("tests.yaml:1:9: tests[0] (x): action is missing"),
        "{said}"
    );
    for (wrong, says) in [
        (
            case.replace("payload", "paylod"),
            "tests.yaml:1:31: tests[0] (junk): there is no key \"paylod\"; did you mean payload?",
        ),
        (
            case.replace("verdict: suppress", "verdict: supress"),
            "there is no verdict \"supress\"; did you mean suppress?",
        ),
        (
            case.replace("rule: spam", "rul: spam"),
            "did you mean rule?",
        ),
        (
            case.replace("{payload:", "{tenant: 5, payload:"),
            "must be text, is a whole number: put it in quotes",
        ),
        (
            case.replace("action:", "at: noon, action:"),
            "at must be an RFC 3339 time",
        ),
        (case.replace("tests:", "test:"), "did you mean tests?"),
    ] {
        let (code, said) = run(&wrong);
        assert!(
            code == Some(1) && said.contains(says) && !said.contains("passed"),
            "{wrong}: {said}"
        );
    }
}

#[test]
fn fixtures_tell_what_silences_and_time_intervals_do_at_an_instant() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = r#"
time_intervals: [{name: nights, time_ranges: [{times: [{start: "22:00", end: "24:00"}]}]}]
rules:
  - {name: quiet, condition: 'action.payload.kind == "quiet"', mute_time_intervals: [nights], action: {type: allow}}
  - {name: wait, condition: 'action.payload.kind == "wait"', mute_time_intervals: [nights], on_mute: postpone, action: {type: allow}}
  - {name: held, on_error: hold, condition: 'action.payload.number > 5', action: {type: deny}}
"#;
    with_rules_in(&folder, rules, LOG);
    let fixtures = folder.path().join("tests.yaml");
    let text = r"
silences: [{matchers: [{name: team, value: pay}], starts_at: 2026-01-01T00:00:00Z, ends_at: 2026-02-01T00:00:00Z}]
tests:
  - {name: by night, at: 2026-01-05T23:00:00Z, action: {payload: {kind: quiet}}, expect: {verdict: muted, rule: quiet}}
  - {name: by day, at: 2026-01-05T12:00:00Z, action: {payload: {kind: quiet}}, expect: {verdict: allow, rule: quiet}}
  - {name: silenced, at: 2026-01-05T12:00:00Z, action: {metadata: {team: pay}}, expect: {verdict: silenced}}
  - {name: no longer, at: 2026-02-01T00:00:00Z, action: {metadata: {team: pay}}, expect: {verdict: allow}}
  - {name: kept back, action: {payload: {number: many}}, expect: {verdict: held, rule: held}}
  - {name: waits, at: 2026-01-05T23:00:00Z, action: {payload: {kind: wait}}, expect: {verdict: postponed, rule: wait}}
  - {name: thinks it goes, at: 2026-01-05T23:00:00Z, action: {payload: {kind: quiet}}, expect: {verdict: allow}}
";
    std::fs::write(&fixtures, text).expect("written");
    let rules = folder.path().join("rules");
    let arguments = [
        "rules",
        "test",
        fixtures.to_str().expect("text"),
        "--rules",
        rules.to_str().expect("text"),
    ];
    let output = run_command(&arguments, &[], "");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("6 passed, 1 failed"), "{said}");
    assert!(
        said.contains("expected allow, got muted by the time interval nights"),
        "{said}"
    );
}

/// What editors, file managers and slips leave in a folder of rules.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_file_of_rules_is_left_out_and_near_misses_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = with_rules_in(&folder, TWO, LOG);
    let rules = folder.path().join("rules");
    std::os::unix::fs::symlink("nowhere@host.1234", rules.join(".#rules.yaml")).expect("a link");
    std::fs::write(rules.join("._rules.yaml"), b"\0\x05\x16\x07Mac OS X").expect("written");
    std::fs::write(rules.join("notes.md"), "no rules").expect("written");
    let gateway = Gateway::start_in(folder, &configuration).await;
    assert_eq!(gateway.get("/ready").await.body["status"], "ready");
    std::fs::create_dir(rules.join("x.yaml")).expect("a folder");
    std::fs::write(rules.join("r.YAML"), "rules: []").expect("written");
    let loaded = gateway.post("/v1/rules/reload", &json!({})).await;
    assert_eq!(
        (loaded.status, &loaded.body["loaded"]),
        (StatusCode::OK, &json!(2))
    );
    let warnings = loaded.body["warnings"].to_string();
    assert!(
        warnings.contains("r.YAML is not read")
            && warnings.contains("x.yaml is not read: it is a directory"),
        "{warnings}"
    );
    let ready = gateway.get("/ready").await.body;
    assert!(
        ready["status"] == "degraded" && ready.to_string().contains("r.YAML"),
        "{ready}"
    );
    std::fs::remove_file(rules.join("r.YAML")).expect("removed");
    std::fs::remove_dir(rules.join("x.yaml")).expect("removed");
    gateway
        .until("/ready", |ready| ready["status"] == "ready")
        .await;
}

/// Tools that keep times, and clocks with coarse ticks, change a file without changing how it looks.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_same_length_and_time_is_seen() {
    let gateway = Gateway::with_rules(TWO, LOG).await;
    let file = std::path::PathBuf::from(
        gateway.get("/v1/rules").await.body[0]["source"]
            .as_str()
            .expect("a place")
            .rsplit_once(':')
            .expect("a line")
            .0,
    );
    let before = std::fs::metadata(&file)
        .and_then(|metadata| metadata.modified())
        .expect("a time");
    std::fs::write(&file, TWO.replace("name: spam", "name: junk")).expect("written");
    std::fs::File::options()
        .write(true)
        .open(&file)
        .expect("a file")
        .set_modified(before)
        .expect("set back");
    gateway
        .until("/v1/rules", |rules| rules[1]["name"] == "junk")
        .await;
}

#[test]
fn a_time_zone_that_is_none_is_told_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = format!(
        "rules.default_timezone = \"Asia/Beijing\"\n{}",
        with_rules_in(&folder, TWO, LOG)
    );
    let Err(wrong) = crate::support::parse(&configuration) else {
        panic!("it was accepted")
    };
    assert!(
        wrong.contains("acteon.toml:2") && wrong.contains("Asia/Beijing"),
        "{wrong}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_and_silences_hold_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = with_rules_in(&folder, TWO, LOG);
    let process = Process::start(folder.path(), &configuration, &[]);
    let silence = json!({ "namespace": "incidents", "tenant": "acme", "matchers": [{ "name": "action.provider", "value": "log" }], "duration_seconds": 600 });
    assert_eq!(
        process.client().post("/v1/silences", &silence).await.status,
        StatusCode::CREATED
    );
    process
        .client()
        .put("/v1/rules/spam/enabled", &json!({ "enabled": false }))
        .await;
    process.kill();
    let process = Process::start(folder.path(), &configuration, &[]);
    assert!(
        process
            .client()
            .dispatch(&spam("a"))
            .await
            .get("Silenced")
            .is_some()
    );
    assert_eq!(
        process.client().get("/v1/rules").await.body[1]["enabled"],
        false
    );
}
