//! What of an execution a caller sees whose grants cover less than its steps send.

use serde_json::json;

use super::{OF, counting, define, providers, sends, start, starting, until_it_is};
use crate::auth::auth_file;
use crate::support::{Gateway, with_rules_in};

#[tokio::test(flavor = "multi_thread")]
async fn what_chains_within_it_came_to_is_shown_to_those_who_may_see_that() {
    let receiver = counting().await;
    let folder = tempfile::tempdir().expect("a folder");
    let auth = folder.path().join("auth.toml");
    let callers = [("root", "admin", "*"), ("eyes", "viewer", "acme")];
    let grants = format!("{}providers = [\"log\"]\n", auth_file(&callers));
    std::fs::write(&auth, grants).expect("written");
    let lines = format!(
        "auth.enabled = true\nauth.config_path = {:?}\n{}",
        auth.display().to_string(),
        providers(&receiver)
    );
    let lines = with_rules_in(&folder, &starting(&[]), &lines);
    let gateway = Gateway::start_in(folder, &lines).await;
    let (root, eyes) = (gateway.with_key("root"), gateway.with_key("eyes"));
    let inner = json!({ "name": "inner", "steps": [sends("tell", &json!({ "n": 1 }))] });
    let middle = json!({ "name": "middle", "steps": [{ "name": "in", "sub_chain": "inner" }] });
    let outer = json!({ "name": "deploy", "steps": [
        { "name": "sub", "sub_chain": "middle" },
        { "name": "both", "parallel": { "steps": [{ "name": "other", "sub_chain": "inner" }] } },
        { "name": "open", "provider": "log", "action_type": "notify", "payload_template": { "content": "x" } },
    ] });
    for definition in [inner, middle, outer] {
        define(&root, &definition).await;
    }
    gateway.write_rules(&starting(&["deploy"]));
    let reloaded = root.post("/v1/rules/reload", &json!({})).await;
    assert_eq!(reloaded.status, 200, "{}", reloaded.body);
    let chain = start(&root, "a", "deploy", &json!({})).await;
    let all = until_it_is(&root, &chain, "completed").await;
    assert_eq!(all["steps"][0]["response_body"], json!({ "number": 1 }));
    let seen = eyes.get(&format!("/v1/chains/{chain}?{OF}")).await.body;
    for step in [0, 1] {
        assert!(seen["steps"][step]["response_body"].is_null(), "{seen}");
        assert_eq!(seen["steps"][step]["status"], "completed", "{seen}");
    }
    assert!(seen["steps"][1]["parallel_steps"][0]["response_body"].is_null());
    assert!(seen["steps"][2]["response_body"].is_object(), "{seen}");
}
