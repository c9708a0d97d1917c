//! Chains that rules start: their steps arrive, and the execution tells what came of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use acteon_fakes::webhook::Receiver;
use serde_json::{Value, json};

use super::{OF, counting, providers, sends, start, starts, until_it_is, with_chains};
use crate::support::{Gateway, action};

fn two_steps() -> Value {
    json!({ "name": "deploy", "steps": [
        sends("announce", &json!({ "text": "deploying {{ origin.payload.build }}" })),
        sends("report", &json!({ "text": "sent as {{ prev.body.number }}", "number": "{{ prev.body.number }}", "of": "{{ chain_id }}" })),
    ] })
}

#[tokio::test(flavor = "multi_thread")]
async fn both_steps_arrive_and_the_second_knows_the_first() {
    let receiver = counting().await;
    let gateway = with_chains(&providers(&receiver), &[two_steps()]).await;
    let posted = starts("a", "deploy", &json!({ "build": "v7" }));
    let outcome = gateway.dispatch(&posted).await;
    let chain = outcome["ChainStarted"]["chain_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let expected = json!({ "ChainStarted": { "chain_id": chain, "chain_name": "deploy", "total_steps": 2, "first_step": "announce", "matched_rule": "start-deploy" } });
    assert_eq!(outcome, expected);

    let detail = until_it_is(&gateway, &chain, "completed").await;
    let steps: Vec<(&str, &str, &Value)> = detail["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|step| {
            let text = |key: &str| step[key].as_str().expect("a text");
            (text("name"), text("status"), &step["response_body"])
        })
        .collect();
    let (first, second) = (json!({ "number": 1 }), json!({ "number": 2 }));
    assert_eq!(
        steps,
        [
            ("announce", "completed", &first),
            ("report", "completed", &second)
        ]
    );
    assert_eq!(detail["execution_path"], json!(["announce", "report"]));
    let arrived: Vec<(String, Value)> = receiver
        .requests()
        .iter()
        .map(|request| {
            let id = request.body["id"].as_str().expect("an id").to_owned();
            (id, request.body["payload"].clone())
        })
        .collect();
    assert_eq!(
        arrived,
        [
            (
                format!("{chain}:announce:1"),
                json!({ "text": "deploying v7" })
            ),
            (
                format!("{chain}:report:1"),
                json!({ "text": "sent as 1", "number": 1, "of": chain })
            ),
        ]
    );

    // The same action again starts nothing.
    assert_eq!(gateway.dispatch(&posted).await, outcome);
    let listed = gateway.get(&format!("/v1/chains?{OF}")).await.body;
    assert_eq!(
        (&listed["count"], &listed["chains"][0]["chain_id"]),
        (&json!(1), &json!(chain))
    );
    let listed = gateway.get("/v1/chains?status=running").await.body;
    assert_eq!(listed["count"], 0);

    let audited = gateway.get("/v1/audit/a").await.body;
    assert_eq!(
        (
            &audited["outcome"],
            &audited["state"],
            &audited["verdict"],
            &audited["chain_id"]
        ),
        (
            &json!("chain_started"),
            &json!("done"),
            &json!("chain"),
            &json!(chain)
        )
    );
    let step = gateway
        .get(&format!("/v1/audit/{chain}:announce:1"))
        .await
        .body;
    assert_eq!(
        (&step["origin"], &step["outcome"], &step["chain_id"]),
        (&json!("chain"), &json!("executed"), &json!(chain))
    );
}

/// A step has the labels of what started its chain, and its type may be that of the rule.
#[tokio::test(flavor = "multi_thread")]
async fn a_step_starts_no_chain() {
    let receiver = counting().await;
    let mut definition = two_steps();
    definition["steps"][0]["action_type"] = json!("deploy");
    let gateway = with_chains(&providers(&receiver), &[definition]).await;
    let chain = start(&gateway, "a", "deploy", &json!({ "build": 1 })).await;
    until_it_is(&gateway, &chain, "completed").await;
    assert_eq!(gateway.get("/v1/chains").await.body["count"], 1);
    assert_eq!(receiver.requests().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_fails_ends_the_chain_and_its_own_retries_are_made() {
    let receiver = counting().await;
    let mut retried = sends(
        "gone",
        &json!({ "text": "{{ origin.payload.none.there }}" }),
    );
    retried["retry"] = json!({ "max_retries": 2, "backoff_ms": 1 });
    let definition = json!({ "name": "fails", "steps": [retried, sends("never", &json!({}))] });
    let gateway = with_chains(&providers(&receiver), &[definition]).await;
    let chain = start(&gateway, "a", "fails", &json!({})).await;
    let detail = until_it_is(&gateway, &chain, "failed").await;
    assert_eq!(detail["failure"]["code"], "TEMPLATE_FAILED", "{detail}");
    assert_eq!(
        (
            &detail["steps"][0]["status"],
            &detail["steps"][1]["status"],
            receiver.requests().len()
        ),
        (&json!("failed"), &json!("pending"), 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_steps_are_no_ids_of_callers() {
    let receiver = counting().await;
    let gateway = with_chains(&providers(&receiver), &[two_steps()]).await;
    let chain = start(&gateway, "a", "deploy", &json!({ "build": 1 })).await;
    let answer = gateway
        .post(
            "/v1/dispatch",
            &action(&format!("{chain}:report:2"), "log", &json!({})),
        )
        .await;
    assert_eq!(answer.status, 422, "{}", answer.body);
    let message = answer.body["message"].as_str().expect("a message");
    assert!(message.contains("made of the id of a chain"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_starts_nothing() {
    let receiver = counting().await;
    let gateway = with_chains(&providers(&receiver), &[two_steps()]).await;
    let posted = starts("a", "deploy", &json!({ "build": 1 }));
    let tried = gateway
        .post("/v1/dispatch?dry_run=true", &posted)
        .await
        .body;
    let told = &tried["DryRun"];
    assert_eq!(
        (&told["verdict"], &told["would_be"], &told["matched_rule"]),
        (
            &json!("chain"),
            &json!("chain_started"),
            &json!("start-deploy")
        ),
        "{tried}"
    );
    assert_eq!(gateway.get("/v1/chains").await.body["count"], 0);
}

/// What a caller schedules starts its chain then, and not at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_action_starts_its_chain_at_its_instant() {
    let receiver = counting().await;
    let gateway = with_chains(&providers(&receiver), &[two_steps()]).await;
    let mut later = starts("later", "deploy", &json!({ "build": 1 }));
    later["delay_seconds"] = json!(86_400);
    let outcome = gateway.dispatch(&later).await;
    let started = &outcome["ChainStarted"];
    let chain = started["chain_id"].as_str().expect("an id");
    let detail = gateway.get(&format!("/v1/chains/{chain}")).await.body;
    assert_eq!(
        (
            &detail["status"],
            &detail["started_at"],
            &detail["steps"][0]["status"]
        ),
        (&json!("running"), &started["starts_at"], &json!("pending")),
        "{outcome} {detail}"
    );
    // One that begins after it is over before it.
    let now = start(&gateway, "now", "deploy", &json!({ "build": 1 })).await;
    until_it_is(&gateway, &now, "completed").await;
    assert_eq!(receiver.requests().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_goes_on_after_a_restart() {
    let receiver = counting().await;
    let configuration = providers(&receiver);
    let mut second = sends("second", &json!({}));
    second["delay_seconds"] = json!(2);
    let definition = json!({ "name": "slow", "steps": [sends("first", &json!({})), second] });
    let gateway = with_chains(&configuration, &[definition]).await;
    let chain = start(&gateway, "a", "slow", &json!({})).await;
    gateway
        .until(&format!("/v1/chains/{chain}"), |detail| {
            detail["current_step"] == 1
        })
        .await;
    let folder = gateway.stop_and_keep().await;
    let directory = folder.path().join("rules").display().to_string();
    let configuration = format!("rules.directory = {directory:?}\n{configuration}");
    let gateway = Gateway::start_in(folder, &configuration).await;
    until_it_is(&gateway, &chain, "completed").await;
    assert_eq!(receiver.requests().len(), 2);
}

#[cfg(feature = "wechat")]
#[tokio::test(flavor = "multi_thread")]
async fn steps_reach_the_people_of_wechat_work() {
    use crate::wechat::{configuration, local_wecom, unlimited};
    let wecom = local_wecom(unlimited()).await;
    let step = |name: &str, content: &str| json!({ "name": name, "provider": "wechat-ops", "action_type": "notify", "payload_template": { "touser": "@all", "content": content } });
    let definition = json!({ "name": "tell", "steps": [
        step("first", "{{ origin.payload.what }} begins"),
        step("second", "{{ origin.payload.what }} went out as {{ prev.body.msgid }}"),
    ] });
    let log = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";
    let configuration = format!("{}{log}", configuration(&wecom, ""));
    let gateway = with_chains(&configuration, &[definition]).await;
    let chain = start(&gateway, "a", "tell", &json!({ "what": "v7" })).await;
    let detail = until_it_is(&gateway, &chain, "completed").await;
    let first = detail["steps"][0]["response_body"]["msgid"]
        .as_str()
        .expect("a msgid")
        .to_owned();
    let texts: Vec<String> = wecom.world(|world| {
        let texts = world
            .messages()
            .map(|message| message.content["content"].clone());
        texts
            .filter_map(|text| text.as_str().map(str::to_owned))
            .collect()
    });
    assert_eq!(
        texts,
        ["v7 begins".to_owned(), format!("v7 went out as {first}")]
    );
}

/// What fails for good is listed, and starts its chain once more from there.
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_fails_is_a_dead_letter_and_its_replay_starts_it_again() {
    let receiver = counting().await;
    let failing = json!({ "name": "fails", "steps": [sends("tell", &json!({ "text": "{{ origin.payload.who.name }}" }))] });
    let mut quiet = failing.clone();
    (quiet["name"], quiet["on_failure"]) = (json!("quiet"), json!("abort_no_dlq"));
    let gateway = with_chains(&providers(&receiver), &[failing.clone(), quiet]).await;
    let quiet = start(&gateway, "q", "quiet", &json!({})).await;
    until_it_is(&gateway, &quiet, "failed").await;
    let chain = start(&gateway, "a", "fails", &json!({})).await;
    until_it_is(&gateway, &chain, "failed").await;
    let letters = gateway.get("/v1/dlq").await.body;
    let letter = &letters["entries"][0];
    let id = format!("{chain}:dead_letter:1");
    assert_eq!(
        (
            &letters["count"],
            &letter["action"]["id"],
            &letter["outcome"]["Failed"]["code"]
        ),
        (&json!(1), &json!(id), &json!("CHAIN_FAILED")),
        "{letters}"
    );
    let mut mended = failing;
    mended["steps"][0]["payload_template"] = json!({ "text": "mended" });
    super::define(&gateway, &mended).await;
    let replayed = gateway
        .post(&format!("/v1/dlq/{id}/replay"), &json!({}))
        .await
        .body;
    let again = replayed["outcome"]["ChainStarted"]["chain_id"]
        .as_str()
        .unwrap_or_else(|| panic!("no chain: {replayed}"));
    until_it_is(&gateway, again, "completed").await;
    assert_eq!(gateway.get("/v1/dlq").await.body["count"], 0);
    assert_eq!(receiver.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_a_replay_of_a_step_starts_no_chain() {
    let is_mended = Arc::new(AtomicBool::new(false));
    let mended = Arc::clone(&is_mended);
    let receiver = Receiver::start(move |_| {
        let status = if mended.load(Ordering::SeqCst) {
            200
        } else {
            400
        };
        (status, "{}".to_owned())
    })
    .await
    .expect("a receiver");
    let mut step = sends("tell", &json!({ "text": "x" }));
    step["action_type"] = json!("deploy");
    let definition = json!({ "name": "deploy", "on_failure": "abort_no_dlq", "steps": [step] });
    let gateway = with_chains(&providers(&receiver), &[definition]).await;
    let chain = start(&gateway, "a", "deploy", &json!({})).await;
    until_it_is(&gateway, &chain, "failed").await;
    let replay = async |id: &str| {
        let path = format!("/v1/dlq/{id}/replay");
        gateway.post(&path, &json!(null)).await.body
    };
    let first = replay(&format!("{chain}:tell:1")).await;
    assert!(first["outcome"]["Failed"].is_object(), "{first}");
    is_mended.store(true, Ordering::SeqCst);
    let second = replay(first["new_action_id"].as_str().expect("an id")).await;
    assert!(second["outcome"]["Executed"].is_object(), "{second}");
    assert_eq!(gateway.get("/v1/chains").await.body["count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_asks_about_what_a_step_sends_fails_it_and_asks_nobody() {
    let receiver = counting().await;
    let once = json!({ "max_retries": 2, "backoff_ms": 1, "strategy": "fixed" });
    let mut guarded = sends("guarded", &json!({ "n": 1 }));
    guarded["action_type"] = json!("restart");
    (guarded["retry"], guarded["on_failure"]) = (once, json!("skip"));
    let definition = json!({ "name": "deploy", "steps": [guarded, sends("tell", &json!({ "why": "{{ prev.success }}" }))] });
    let gateway = with_chains(&providers(&receiver), &[definition]).await;
    let asks = "  - { name: restarts, condition: { field: action.action_type, eq: restart }, action: { type: request_approval, notify_provider: hook } }\n";
    gateway.write_rules(&format!("{}{asks}", super::starting(&["deploy"])));
    let reloaded = gateway.post("/v1/rules/reload", &json!({})).await;
    assert_eq!(reloaded.status, 200, "{}", reloaded.body);
    let chain = start(&gateway, "a", "deploy", &json!({})).await;
    let detail = until_it_is(&gateway, &chain, "completed").await;
    let step = &detail["steps"][0];
    let error = step["error"].as_str().expect("an error");
    assert_eq!(
        (&step["status"], &step["attempt"]),
        (&json!("skipped"), &json!(1))
    );
    assert!(
        error.contains("\"restarts\"") && error.contains("nobody was asked"),
        "{error}"
    );
    let asked = gateway.get("/v1/approvals").await.body;
    assert_eq!(asked["count"], 0, "{asked}");
    let sent = gateway.get(&format!("/v1/actions/{chain}:guarded:1")).await;
    assert_eq!(
        sent.body["outcome"]["Failed"]["code"], "APPROVAL_NEEDED",
        "{}",
        sent.body
    );
    assert_eq!(
        receiver.requests().len(),
        1,
        "the step behind alone is sent"
    );
}
