//! Dead letters by command.

use serde_json::json;

use super::{LOG, done, ends, out, read, run_at};
use crate::support::{Gateway, action};

/// Dead letters of a provider that is there after a restart, under rules.
async fn letters(count: usize, rules: &str) -> Gateway {
    let gateway = Gateway::with_rules("rules: []", LOG).await;
    for number in 0..count {
        gateway
            .dispatch(&action(
                &format!("a{number}"),
                "later",
                &json!({ "n": number }),
            ))
            .await;
    }
    let folder = gateway.stop_and_keep().await;
    let configuration = crate::support::with_rules_in(
        &folder,
        rules,
        &LOG.replace("name = \"log\"", "name = \"later\""),
    );
    Gateway::start_in(folder, &configuration).await
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_shown_and_discarded() {
    let gateway = Gateway::start(LOG).await;
    for id in ["one", "two", "three"] {
        gateway
            .dispatch(&action(id, "nowhere", &json!({ "text": id })))
            .await;
    }
    let listed = done(&gateway, &["dead-letters", "list"]);
    for part in ["one", "two", "three", "PROVIDER_NOT_FOUND"] {
        assert!(listed.contains(part), "{part}: {listed}");
    }
    assert_eq!(
        read(&done(&gateway, &["dlq", "list", "--json"])),
        gateway.get("/v1/dlq").await.body
    );
    let shown = done(&gateway, &["dlq", "show", "two"]);
    assert!(
        shown.contains("{\"text\":\"two\"}") && shown.contains("PROVIDER_NOT_FOUND"),
        "{shown}"
    );
    assert_eq!(
        read(&done(&gateway, &["dlq", "show", "two", "--json"])),
        gateway.get("/v1/dlq/two").await.body
    );
    assert_eq!(
        done(&gateway, &["dlq", "discard", "two"]),
        "two: taken off the list"
    );
    let told = ends(&gateway, &["dlq", "discard", "two"], 1);
    assert!(
        told.contains("taken off the list of dead letters already"),
        "{told}"
    );
    assert!(!done(&gateway, &["dlq", "list"]).contains("two"));
    assert!(done(&gateway, &["dlq", "list", "--state", "discarded"]).contains("two"));
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_sent_again_by_name_by_filter_and_all() {
    let gateway = letters(205, "rules: []").await;
    let told = done(&gateway, &["dlq", "replay", "a3", "a4"]);
    assert!(
        told.contains("a3: replayed as replay-")
            && told.contains("2 replayed, 0 failed, 0 skipped"),
        "{told}"
    );
    let told = done(
        &gateway,
        &["dlq", "replay", "--provider", "later", "--limit", "2"],
    );
    assert!(
        told.contains("a0: replayed")
            && told.contains("a1: replayed")
            && told.contains("2 replayed"),
        "oldest first: {told}"
    );
    let told = ends(&gateway, &["dlq", "replay"], 2);
    assert!(
        told.contains("their ids, a filter such as --code CONFIGURATION, or --all"),
        "{told}"
    );
    let told = ends(
        &gateway,
        &["dlq", "replay", "--all", "--provider", "later"],
        2,
    );
    assert!(told.contains("give one of the two"), "{told}");
    let told = ends(&gateway, &["dlq", "replay", "a7", "--provider", "later"], 2);
    assert!(told.contains("--provider has no effect"), "{told}");
    ends(&gateway, &["dlq", "replay", "a7", "--all"], 2);
    let told = ends(&gateway, &["dlq", "replay", "nope", "a7"], 1);
    assert!(
        told.contains("nope: there is no such action")
            && told.contains("a7: replayed")
            && told.contains("1 replayed, 1 failed"),
        "{told}"
    );
    let told = done(&gateway, &["dlq", "replay", "--all"]);
    assert!(
        told.ends_with("200 replayed, 0 failed, 0 skipped"),
        "over several answers: {told}"
    );
    assert!(done(&gateway, &["dlq", "list"]).contains("no dead letters"));
    assert!(done(&gateway, &["dlq", "replay", "--all"]).contains("0 replayed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_back_of_a_replay_is_no_success() {
    let rules = "rules: [{name: slow, condition: 'true', action: {type: throttle, max_count: 2, window_seconds: 3600}}]";
    let gateway = letters(3, rules).await;
    let told = ends(&gateway, &["dlq", "replay", "--all"], 1);
    assert!(
        told.contains("a2: stays on the list") && told.contains("Throttled: slow"),
        "{told}"
    );
    assert!(told.contains("2 replayed, 0 failed, 1 skipped"), "{told}");
    let output = run_at(gateway.base(), &["dlq", "replay", "a2", "--json"], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(read(&out(&output))["skipped"], true, "the API's own answer");
}
