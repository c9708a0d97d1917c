//! Random chains, and everything that may happen to them in every order.

mod checks;
pub(crate) mod choices;
mod definitions;

use acteon_core::Outcome;
use acteon_flows::FlowName;
use acteon_flows::chain::{cancel, signal};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use checks::check_rest;
use choices::Choices;
use definitions::definition;

use crate::world::{World, chain_name, executed, failed, failed_for_good, raw};

/// Environment variable that says how many runs there are.
const RUNS: &str = "ACTEON_CHAIN_RUNS";
/// Runs where it does not say: a second or two.
const FEW_RUNS: u32 = 250;
/// Most events of a run, before everything is brought to its end.
const MAX_EVENTS: usize = 40;

/// Something happens, or nothing does.
fn event(choices: &mut Choices<'_>, world: &mut World) {
    let open: Vec<String> = world.open().into_iter().map(str::to_owned).collect();
    let chains: Vec<FlowName> = world
        .flows
        .keys()
        .filter(|name| &*name.kind == "chain")
        .cloned()
        .collect();
    let chain = choices.one(&chains).expect("a chain");
    match choices.below(10) {
        0..=2 => {
            if let Some(id) = choices.one(&open) {
                let outcome = outcome(choices);
                world.settle(&id, outcome);
            }
        }
        3 => decide(choices, world),
        4 => world.now += 1000 * choices.below(30) as i64,
        5 => {
            let name = format!("go{}", choices.below(2));
            let body = world.flows[&chain].body.clone();
            if let Ok(body) = signal(&body, &name, &raw(&json!({"n": 1})), world.wall()) {
                world.flows.get_mut(&chain).expect("a chain").body = body;
                world.poke(&chain);
            }
        }
        6 if choices.rarely(4) => {
            world.is_full = !world.is_full;
            // What found no room tries again.
            world.pass(5);
        }
        6 => world.poke(&chain),
        7 => {
            if let Some(id) = choices.one(&open) {
                world.sending.insert(id);
            }
        }
        8 if choices.rarely(8) => {
            let body = world.flows[&chain].body.clone();
            if let Ok(body) = cancel(&body, Some("why"), Some("lena"), world.wall()) {
                world.flows.get_mut(&chain).expect("a chain").body = body;
                world.poke(&chain);
            }
        }
        9 if choices.rarely(4) => {
            // Retention came before the chain looked.
            let told = |id: &String| !id.contains("on_cancel");
            if let Some(id) = choices.one(&open).filter(told) {
                world.settle(&id, failed());
                world.actions.remove(&id);
            }
        }
        _ => {
            let due = world.are_due();
            if let Some(name) = choices.one(&due) {
                world.step(&name);
            }
        }
    }
}

fn outcome(choices: &mut Choices<'_>) -> Outcome {
    match choices.below(5) {
        0 | 1 => executed(&json!({"n": choices.below(3)})),
        2 => executed(&json!([null])),
        3 => {
            if choices.rarely(3) {
                failed_for_good()
            } else {
                failed()
            }
        }
        _ => Outcome::Suppressed { rule: "r".into() },
    }
}

fn decide(choices: &mut Choices<'_>, world: &mut World) {
    let open = world
        .flows
        .iter()
        .filter(|(name, row)| &*name.kind == "approval" && !row.is_over);
    let open: Vec<String> = open.map(|(name, _)| name.id.to_string()).collect();
    if let Some(id) = choices.one(&open) {
        let status = choices.one(&["approved", "rejected", "expired", "cancelled"]);
        world.decided(&id, status.expect("a status"));
    }
}

fn run(drawn: &[u16]) {
    let mut choices = Choices {
        drawn: drawn.iter(),
    };
    let lowest = definition(&mut choices, "lowest", &[]);
    let lower = definition(&mut choices, "lower", &["lowest"]);
    let top = definition(&mut choices, "top", &["lower", "lowest"]);
    let mut world = World::with(&top, &[lower, lowest]);
    check_rest(&world);
    for _ in 0..choices.below(MAX_EVENTS) {
        event(&mut choices, &mut world);
        if choices.below(3) > 0 {
            world.run();
            // What finds no room is on its way, and at no rest.
            if !world.is_full {
                check_rest(&world);
            }
        }
    }
    finish(&mut choices, &mut world);
}

/// Lets everything come that is waited for, and then the time pass that a chain may take at most.
fn finish(choices: &mut Choices<'_>, world: &mut World) {
    world.is_full = false;
    world.pass(5);
    for _ in 0..choices.below(MAX_EVENTS) {
        for id in world
            .open()
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
        {
            world.settle(&id, executed(&json!({"n": 1})));
        }
        decide(choices, world);
        world.pass(1);
        check_rest(world);
    }
    world.pass(500);
    world.pass(500);
    check_rest(world);
    let top = &world.flows[&chain_name("c")];
    assert!(top.is_over, "every chain ends: {top:?}");
    let before = format!("{:?}", world.flows);
    let sent = world.actions.len();
    let names: Vec<FlowName> = world
        .flows
        .keys()
        .filter(|name| &*name.kind == "chain")
        .cloned()
        .collect();
    for name in names {
        world.step(&name);
    }
    let rested = format!("{:?}", world.flows);
    assert_eq!(
        (sent, before.len()),
        (world.actions.len(), rested.len()),
        "nothing happens after the end"
    );
}

#[test]
fn whatever_happens_a_chain_ends_as_its_definition_says() {
    let runs = std::env::var(RUNS)
        .ok()
        .map(|runs| runs.parse().expect("a number of runs"));
    let config = Config {
        cases: runs.unwrap_or(FEW_RUNS),
        failure_persistence: None,
        ..Config::default()
    };
    let drawn = proptest::collection::vec(any::<u16>(), 0..600);
    TestRunner::new(config)
        .run(&drawn, |drawn| {
            run(&drawn);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}
