//! kill -9 of a gateway while its chains run.

use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;

use acteon_fakes::webhook::Receiver;
use serde_json::{Value, json};

use super::{define, providers, sends, start, starting};
use crate::support::ledger::times;
use crate::support::reminders::ids_of;
use crate::support::{Client, PATIENCE, Process, until, with_rules_in};

/// Chains that run at a time.
const CHAINS: usize = 10;
/// Steps of each.
const STEPS: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn each_step_is_sent_once_and_in_its_order_whenever_the_gateway_dies() {
    let most = times("ACTEON_CHAIN_KILLS", 15);
    let receiver = Receiver::start(|_| (200, "{}".into()))
        .await
        .expect("a receiver");
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = with_rules_in(&folder, "rules: []", &providers(&receiver));
    let process = run(folder.path(), &configuration);
    let names: Vec<String> = (0..STEPS).map(|step| format!("s{step}")).collect();
    let steps: Vec<Value> = names.iter().map(|name| sends(name, &json!({}))).collect();
    define(process.client(), &json!({ "name": "long", "steps": steps })).await;
    with_rules_in(&folder, &starting(&["long"]), "");
    process.client().post("/v1/rules/reload", &json!({})).await;
    let mut chains = Vec::new();
    for number in 0..CHAINS {
        chains.push(start(process.client(), &format!("a{number}"), "long", &json!({})).await);
    }
    process.kill();

    let random = RandomState::new();
    let (mut kills, mut woken) = (1, 0);
    until("chains run", PATIENCE, async || {
        let process = run(folder.path(), &configuration);
        woken += wake_stuck(process.client()).await;
        if kills >= most {
            let running = process.client().get("/v1/chains").await.body;
            let is_over = |chain: &Value| {
                ["completed", "failed"].contains(&chain["status"].as_str().expect("a status"))
            };
            let all = running["chains"].as_array().expect("chains");
            return all.len() == CHAINS && all.iter().all(is_over);
        }
        let before = ids_of(&receiver).len();
        let choice = random.hash_one(kills);
        for _ in 0..choice % 30 {
            process.client().get("/ready").await;
            if ids_of(&receiver).len() > before + (choice >> 16) as usize % 5 {
                break;
            }
        }
        process.kill();
        kills += 1;
        false
    })
    .await;

    let process = run(folder.path(), &configuration);
    let arrived = ids_of(&receiver);
    for chain in &chains {
        check(process.client(), chain, &names, &arrived).await;
    }
    println!(
        "{kills} kills, {woken} stuck and woken, {} arrived",
        arrived.len()
    );
}

/// Each step arrived, in its order, and twice only where it is marked. A step over which three processes died is a dead letter that says so.
async fn check(client: &Client, chain: &str, names: &[String], arrived: &[String]) {
    let detail = client.get(&format!("/v1/chains/{chain}")).await.body;
    let is_poisoned = detail["failure"]["code"] == "POISONED";
    assert!(detail["status"] == "completed" || is_poisoned, "{detail}");
    let mut last = None;
    for name in names {
        let id = format!("{chain}:{name}:1");
        let count = arrived.iter().filter(|found| **found == id).count();
        if is_poisoned && count == 0 {
            return;
        }
        let first = arrived.iter().position(|found| *found == id);
        assert!(count > 0 && first > last, "{id}: {count} in {arrived:?}");
        if count > 1 {
            let record = client.get(&format!("/v1/actions/{id}")).await.body;
            assert_eq!(record["possible_duplicate"], true, "{record}");
        }
        last = first;
    }
}

/// Lets executions try again that three processes died over, as the book says. Says how many.
async fn wake_stuck(client: &Client) -> usize {
    let stuck = client.get("/v1/executions?status=stuck").await.body;
    let stuck = stuck["executions"].as_array().expect("executions");
    for execution in stuck {
        let id = execution["execution_id"].as_str().expect("an id");
        let body = json!({ "attributes": { "woken": "yes" } });
        client
            .put(&format!("/v1/executions/{id}/attributes"), &body)
            .await;
    }
    stuck.len()
}

/// A gateway on the embedded store, which a successor takes over at once.
fn run(folder: &Path, configuration: &str) -> Process {
    Process::start_exactly(folder, configuration, &[])
}
