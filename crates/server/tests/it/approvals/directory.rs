//! Approvers held against the directory: when rules are loaded, and when people change.

use reqwest::StatusCode;
use serde_json::json;

use super::{LOG, deploy, id_of, lines, message, pending, receiver, rule};
use crate::support::{Gateway, PATIENCE, run_command, until, with_rules_in};

const OPS: &str = "[[people]]\nid = \"lena\"\n[[people]]\nid = \"max\"\n[[people_groups]]\nid = \"ops\"\nmembers = [\"lena\", \"max\"]\n";

#[tokio::test(flavor = "multi_thread")]
async fn rules_and_chains_that_could_ask_nobody_are_refused_with_their_line() {
    let gateway = Gateway::with_rules("rules: []", &format!("{LOG}{OPS}")).await;
    let asks = |keys: &str| {
        format!(
            "rules:\n  - name: deploys\n    condition: 'true'\n    action:\n      type: request_approval\n      notify_provider: log\n      {keys}\n"
        )
    };
    let chain = "chains:\n  - name: gate\n    steps:\n      - name: ask\n        approval: {approvers: ['group:opps']}\n";
    for (rules, place, why) in [
        (
            asks("approvers: ['group:opps']"),
            ":7:",
            "approvers has \"group:opps\", which means nobody: there is no group \"opps\"",
        ),
        (
            asks("approvers: ['group:ops']\n      quorum: 3"),
            ":8:",
            "quorum is 3, and the approvers are only 2 different people",
        ),
        (
            asks("approvers: ['group:ops', lena, max]\n      quorum: each"),
            ":8:",
            "quorum is each, and only 2 of 3 entries",
        ),
        (
            chain.to_owned(),
            ":5:",
            "steps[0].approval.approvers: has \"group:opps\", which means nobody",
        ),
    ] {
        gateway.write_rules(&rules);
        let answer = gateway.post("/v1/rules/reload", &json!({})).await;
        assert_ne!(answer.status, StatusCode::OK, "{}", answer.body);
        let told = answer.body.to_string().replace("\\\"", "\"");
        assert!(told.contains(why), "{told}");
        assert!(told.contains(&format!("rules.yaml{place}")), "{told}");
    }
    gateway.write_rules(&asks("approvers: ['group:ops', nora]\n      quorum: 3"));
    let answer = gateway.post("/v1/rules/reload", &json!({})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_person_in_the_directory_breaks_no_rule() {
    let hook = receiver().await;
    let rules = rule("approvers: [zhangsan, lisi]");
    let gateway = Gateway::with_rules(&rules, &lines(&hook)).await;
    let person = json!({ "wechat": "WangWu" });
    let made = gateway.put("/v1/people/wangwu", &person).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let id = id_of(&pending(&gateway, "a").await);
    for approver in ["zhangsan", "lisi"] {
        message(&hook, &id, approver, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_is_asked_and_a_group_that_is_large_enough_stay() {
    let gateway = Gateway::with_rules("rules: []", LOG).await;
    for (id, body) in [("lena", json!({})), ("max", json!({ "wechat": "MaxM" }))] {
        gateway.put(&format!("/v1/people/{id}"), &body).await;
    }
    let ops = "/v1/people-groups/ops";
    let both = json!({ "members": ["lena", "max"] });
    assert_eq!(gateway.put(ops, &both).await.status, StatusCode::CREATED);
    gateway.write_rules(&format!(
        "{}  - {{name: by-userid, condition: 'false', action: {{type: request_approval, notify_provider: log, approvers: [maxm]}}}}\n",
        rule("approvers: ['group:Ops'], quorum: 2").replace("hook", "log")
    ));
    let reloaded = gateway.post("/v1/rules/reload", &json!({})).await;
    assert_eq!(reloaded.status, StatusCode::OK, "{}", reloaded.body);
    let one = gateway.put(ops, &json!({ "members": ["max"] })).await;
    let why = one.body["message"].as_str().unwrap_or_default();
    assert!(
        one.status == StatusCode::CONFLICT && why.contains("the rule \"deploys\""),
        "{}",
        one.body
    );
    gateway.write_rules("rules: []");
    gateway.post("/v1/rules/reload", &json!({})).await;
    assert_eq!(
        gateway.delete(ops).await.status,
        StatusCode::NO_CONTENT,
        "nobody asks it any more"
    );
    gateway.write_rules(
        &rule("approvers: [maxm]").replace("notify_provider: hook", "notify_provider: log"),
    );
    gateway.post("/v1/rules/reload", &json!({})).await;
    let asked = gateway.delete("/v1/people/max").await;
    let why = asked.body["message"].as_str().unwrap_or_default();
    assert!(
        asked.status == StatusCode::CONFLICT && why.starts_with("the rule \"deploys\" ("),
        "{}",
        asked.body
    );
    let other = gateway.delete("/v1/people/lena").await;
    assert_eq!(other.status, StatusCode::NO_CONTENT, "{}", other.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_are_asked_do_not_become_one_person() {
    let rules = rule("approvers: [zhangsan, 'principal:bot', ZhangSanAtWork], quorum: 3");
    let lines = LOG.to_owned();
    let gateway = Gateway::with_rules(&rules.replace("hook", "log"), &lines).await;
    let zhangsan = "/v1/people/zhangsan";
    for one in [
        json!({"principal": "bot"}),
        json!({"wechat": "zhangsanatwork"}),
    ] {
        let refused = gateway.put(zhangsan, &one).await;
        let why = refused.body["message"].as_str().unwrap_or_default();
        assert!(
            refused.status == StatusCode::CONFLICT
                && why.contains("the rule \"deploys\"")
                && why.contains("only 2 different people"),
            "{}",
            refused.body
        );
    }
    let other = json!({"principal": "ci", "wechat": "ZS"});
    let made = gateway.put(zhangsan, &other).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_file_of_people_leaves_without_anybody_is_not_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let people = folder.path().join("people.toml");
    std::fs::write(&people, OPS).expect("written");
    let lines = format!("directory.file = {:?}\n{LOG}", people.display().to_string());
    let rules = rule("approvers: ['group:ops']").replace("hook", "log");
    let lines = with_rules_in(&folder, &rules, &lines);
    let gateway = Gateway::start_in(folder, &lines).await;
    std::fs::write(&people, "[[people]]\nid = \"lena\"\n").expect("written");
    until("the group stays", PATIENCE, async || {
        gateway.get("/v1/people-groups/ops").await.status == StatusCode::NOT_FOUND
    })
    .await;
    let outcome = gateway.dispatch(&deploy("a")).await;
    assert_eq!(outcome["Failed"]["code"], "APPROVAL_NOT_ASKED", "{outcome}");
    let message = outcome["Failed"]["message"].as_str().expect("a message");
    assert!(message.contains("group:ops"), "{message}");
    // It says so, and nothing else is down: neither now nor after a restart. Rules that are read anew are refused.
    let is_told = async |gateway: &Gateway| {
        let ready = gateway.get("/ready").await;
        assert_eq!(ready.status, StatusCode::OK, "{}", ready.body);
        let reasons = ready.body["reasons"].to_string();
        assert!(
            reasons.contains("approvals: the rule") && reasons.contains("group:ops"),
            "{reasons}"
        );
    };
    is_told(&gateway).await;
    let gateway = gateway.restart(&lines).await;
    is_told(&gateway).await;
    let outcome = gateway.dispatch(&deploy("b")).await;
    assert_eq!(outcome["Failed"]["code"], "APPROVAL_NOT_ASKED", "{outcome}");
    let plain = crate::support::action("c", "log", &json!({"content": "hi"}));
    let outcome = gateway.dispatch(&plain).await;
    assert!(outcome["Executed"].is_object(), "{outcome}");
    let reloaded = gateway.post("/v1/rules/reload", &json!({})).await;
    assert_ne!(reloaded.status, StatusCode::OK, "{}", reloaded.body);
}

#[test]
fn check_warns_of_who_is_not_there_and_of_separate_without_keys() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("acteon.toml");
    let rules =
        rule("approvers: [lenna, max, 'group:opps'], separate: true").replace("hook", "log");
    let lines = with_rules_in(&folder, &rules, &format!("{LOG}{OPS}"));
    std::fs::write(&path, lines).expect("written");
    let path = path.display().to_string();
    let data = folder.path().join("data").display().to_string();
    let output = run_command(&["check", "-c", &path, "--data-dir", &data], &[], "");
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8(told).expect("UTF-8");
    for said in [
        "nobody could be asked: approvers has \"group:opps\"",
        "says separate, which holds nobody off: callers have no keys",
        "approvers has \"lenna\", whom the directory does not have, and who is taken for a userid in WeChat Work; did you mean \"lena\"?",
    ] {
        assert!(told.contains(said), "{told}");
    }
}
