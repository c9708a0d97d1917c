//! Files of rules: changed, emptied, broken, and what is none.

use reqwest::StatusCode;
use serde_json::json;

use super::{LOG, TWO, spam};
use crate::support::{Gateway, Process, with_rules_in};

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
