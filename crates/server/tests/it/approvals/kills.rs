//! kill -9 of gateways while chains run and people decide about their steps.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acteon_fakes::webhook::Receiver;
use serde_json::{Value, json};

use super::deciders::{Ledger, ask, choice, decide_all, look_after};
use super::receiver;
use crate::shared::{Fleet, Shared};
use crate::support::ledger::times;
use crate::support::reminders::ids_of;
use crate::support::{Client, PATIENCE, action, until, with_rules_in};

/// Environment variable that says how many chains run.
const CHAINS: &str = "ACTEON_APPROVAL_CHAINS";
/// One kill for each so many chains.
const CHAINS_A_KILL: usize = 10;
const LEASE: u32 = 3;

/// Chain of which whoever has the link decides, and one of which two persons do.
const CHAIN: &str = r#"
  - name: NAME
    steps:
      - {name: announce, provider: hook, action_type: x, payload_template: {}}
      - name: ask
        approval: {notify_provider: hook, timeout_seconds: 7200, POLICY}
        on_failure: skip
        branches: [{field: body.decision, operator: eq, value: approved, target: both}]
        default_next: declined
      - {name: declined, provider: hook, action_type: x, payload_template: {by: "{{ prev.body.decision }}"}, default_next: wait}
      - name: both
        parallel:
          steps:
            - {name: left, provider: hook, action_type: x, payload_template: {}}
            - {name: right, provider: hook, action_type: x, payload_template: {}}
      - {name: wait, timer: {duration_seconds: 1}}
      - {name: last, provider: hook, action_type: x, payload_template: {}}
"#;

fn rules() -> String {
    let chain = |name: &str, policy: &str| CHAIN.replace("NAME", name).replace("POLICY", policy);
    let named = "approvers: [lena, max], quorum: 2";
    let rule = |name: &str| {
        format!(
            "  - {{name: {name}, condition: 'action.action_type == \"{name}\"', action: {{type: chain, chain: {name}}}}}\n"
        )
    };
    format!(
        "rules:\n{}{}chains:{}{}",
        rule("open"),
        rule("named"),
        chain("open", "quorum: 1"),
        chain("named", named)
    )
}

fn lines(hook: &Receiver) -> String {
    format!(
        "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n[retry]\ndelays_seconds = [1]\n",
        hook.url()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn chains_and_decisions_outlive_every_death_of_a_gateway() {
    let hook = Arc::new(receiver().await);
    let folder = tempfile::tempdir().expect("a folder");
    let fleet = Fleet::start(1, with_rules_in(&folder, &rules(), &lines(&hook)));
    run(fleet, hook).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chains_and_decisions_outlive_every_death_of_three_gateways() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let hook = Arc::new(receiver().await);
    let folder = tempfile::tempdir().expect("a folder");
    let lines = shared.lines(LEASE) + &lines(&hook);
    let fleet = Fleet::start(3, with_rules_in(&folder, &rules(), &lines));
    run(fleet, hook).await;
}

/// Starts chains, lets people decide, kills gateways all the while, and checks what came of it.
async fn run(mut fleet: Fleet, hook: Arc<Receiver>) {
    let chains = times(CHAINS, 40);
    let ledger = Arc::<Ledger>::default();
    let started = tokio::spawn(start_all(chains, Arc::clone(&fleet.clients)));
    let people = decide_all(
        Arc::clone(&ledger),
        Arc::clone(&hook),
        Arc::clone(&fleet.clients),
    );
    let people = tokio::spawn(people);
    let kills = kill(&mut fleet, &hook, chains).await;
    let started = started.await.expect("all were started");
    let client = fleet.client();
    let woken = until_over(&client, &started).await;
    assert!(!people.is_finished(), "whoever decides met what none may");
    people.abort();
    let arrived = ids_of(&hook);
    let mut twice = 0;
    for chain in &started {
        twice += check(&client, chain, &arrived, &ledger).await;
    }
    check_all(&client, &started, &arrived).await;
    let count = |list: &Mutex<BTreeMap<String, BTreeSet<String>>>| -> usize {
        list.lock()
            .expect("a lock")
            .values()
            .map(BTreeSet::len)
            .sum()
    };
    println!(
        "{kills} kills under {chains} chains: {} sends, {twice} marked and sent again, {} decisions counted, {} requests sent again, {woken} stuck and woken",
        arrived.len(),
        count(&ledger.counted),
        ledger.repeated.lock().expect("a lock")
    );
}

/// Starts chains at whichever gateway answers, each with one action, which is sent again until it was taken. Returns the ids of the executions.
async fn start_all(count: usize, clients: Arc<Mutex<Vec<Client>>>) -> Vec<String> {
    let mut started = Vec::new();
    for number in 0..count {
        let mut posted = action(&format!("a{number}"), "hook", &json!({}));
        posted["action_type"] = json!(["open", "named"][number % 2]);
        let (answer, _) = ask(&clients, "/v1/dispatch", Some(posted.to_string())).await;
        let id = answer.body["ChainStarted"]["chain_id"].as_str();
        started.push(id.unwrap_or_else(|| panic!("{answer:?}")).to_owned());
    }
    started
}

/// Kills a gateway, or two of three, after each so many further sends. Says how many died.
async fn kill(fleet: &mut Fleet, hook: &Receiver, chains: usize) -> usize {
    let random = RandomState::new();
    let places = fleet.places();
    let mut kills = 0;
    while kills < chains / CHAINS_A_KILL {
        let choice = random.hash_one(kills);
        let wanted = ids_of(hook).len() + 1 + choice as usize % (6 * CHAINS_A_KILL);
        let mut now_and_then = tokio::time::interval(Duration::from_millis(20));
        let give_up = tokio::time::Instant::now() + Duration::from_secs(u64::from(LEASE));
        while ids_of(hook).len() < wanted && tokio::time::Instant::now() < give_up {
            now_and_then.tick().await;
        }
        let first = (choice >> 16) as usize % places;
        let mut victims = vec![first];
        if choice >> 32 & 1 == 0 && places > 2 {
            victims.push((first + 1) % places);
        }
        for victim in &victims {
            fleet.take(*victim).kill();
            kills += 1;
        }
        for victim in victims {
            fleet.revive(victim);
        }
    }
    kills
}

/// Waits until all chains are over, while a person looks after them now and then. Says how many were stuck and woken.
async fn until_over(client: &Client, chains: &[String]) -> usize {
    let mut open: Vec<&String> = chains.iter().collect();
    let mut now_and_then = tokio::time::interval(Duration::from_secs(1));
    let mut woken = 0;
    until("chains run", 5 * PATIENCE, async || {
        now_and_then.tick().await;
        let stuck = look_after(client, &open).await;
        woken += stuck;
        while let Some(chain) = open.last() {
            let detail = client.get(&format!("/v1/chains/{chain}")).await.body;
            let status = detail["status"].as_str().unwrap_or_default();
            if !["completed", "failed"].contains(&status) {
                return false;
            }
            open.pop();
        }
        stuck == 0
    })
    .await;
    woken
}

/// The chain ended as its definition says and as people were told, each step was sent, in its order, and what was sent twice is marked. Says how many were.
async fn check(client: &Client, chain: &str, arrived: &[String], ledger: &Ledger) -> usize {
    let detail = client.get(&format!("/v1/chains/{chain}")).await.body;
    let approval = format!("{chain}:ask");
    let (_, status) = choice(&approval);
    let told = ledger.ended.lock().expect("a lock").get(&approval).copied();
    let shown = client.get(&format!("/v1/approvals/{approval}")).await.body;
    let is_poisoned = detail["failure"]["code"] == "POISONED";
    assert!(detail["status"] == "completed" || is_poisoned, "{detail}");
    let is_asked = shown["id"] == approval.as_str();
    if let Some(told) = told {
        assert_eq!(shown["status"], told, "a decision is lost: {shown}");
    }
    if is_asked {
        assert_eq!(shown["status"], status, "{shown}");
        let counted = ledger.counted.lock().expect("a lock");
        let counted = counted.get(&approval).map_or(0, BTreeSet::len);
        let decisions = shown["decisions"].as_array().map_or(0, Vec::len);
        assert!(decisions >= counted, "{counted} decisions count: {shown}");
    }
    let names: &[&str] = if status == "approved" {
        &["announce", "left", "right", "last"]
    } else {
        &["announce", "declined", "last"]
    };
    let mut twice = 0;
    let mut before = None;
    for name in names {
        let id = format!("{chain}:{name}:1");
        let count = arrived.iter().filter(|found| **found == id).count();
        let first = arrived.iter().position(|found| *found == id);
        assert!(is_poisoned || count > 0, "{id} is lost: {detail}");
        let is_beside = *name == "right";
        assert!(is_poisoned || is_beside || first > before, "{id} is early");
        if !is_beside {
            before = first;
        }
        if count > 1 {
            let record = client.get(&format!("/v1/actions/{id}")).await.body;
            assert_eq!(record["possible_duplicate"], true, "{record}");
            twice += 1;
        }
    }
    twice
}

/// Nobody waits for a decision any more, and nothing was sent that no chain wanted.
async fn check_all(client: &Client, chains: &[String], arrived: &[String]) {
    let of = "namespace=incidents&tenant=acme&status=pending";
    let left = client.get(&format!("/v1/approvals?{of}")).await.body;
    assert_eq!(left["count"], json!(0), "{left}");
    let known: BTreeSet<&str> = chains.iter().map(String::as_str).collect();
    for id in arrived {
        let of_chain = id.strip_prefix("approval:").unwrap_or(id);
        let (chain, step) = of_chain.split_once(':').expect("a step");
        let names: &[&str] = match choice(&format!("{chain}:ask")).1 {
            "approved" => &["announce", "ask", "left", "right", "last"],
            _ => &["announce", "ask", "declined", "last"],
        };
        let step = step.split(':').next().unwrap_or_default();
        assert!(known.contains(chain) && names.contains(&step), "{id}");
    }
    let started: Value = client.get("/v1/chains?limit=500").await.body;
    let count = started["chains"].as_array().map_or(0, Vec::len);
    assert_eq!(count, known.len().min(500), "one chain for each action");
}
