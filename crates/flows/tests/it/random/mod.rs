//! Random chains, and everything that may happen to them in every order.

mod check_approvals;
mod checks;
pub(crate) mod choices;
mod definitions;
mod events;
mod people;

use acteon_flows::FlowName;
use acteon_flows::chain::{AskedReset, Body, StepStatus, reset};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use check_approvals::check_approvals;
use checks::check_rest;
use choices::Choices;
use definitions::definition;
use events::event;
use people::Told;

use crate::world::{World, executed};

/// Environment variable that says how many runs there are.
const RUNS: &str = "ACTEON_CHAIN_RUNS";
/// Runs where it does not say: a second or two.
const FEW_RUNS: u32 = 250;
/// Most events of a run, before everything is brought to its end.
const MAX_EVENTS: usize = 40;
/// Id of the execution, and of the one that does it over.
const IDS: [&str; 2] = ["c", "r"];

fn run(drawn: &[u16]) {
    let mut choices = Choices {
        drawn: drawn.iter(),
    };
    let lowest = definition(&mut choices, "lowest", &[]);
    let lower = definition(&mut choices, "lower", &["lowest"]);
    let top = definition(&mut choices, "top", &["lower", "lowest"]);
    let mut world = World::with(&top, &[lower, lowest]);
    world.has_people = true;
    world.run();
    let mut told = Told::default();
    check(&world, &told);
    trouble(&mut choices, &mut world, &mut told);
    finish(&mut choices, &mut world, &mut told);
    if choices.rarely(2) {
        let kept = do_over(&mut choices, &mut world, &mut told);
        trouble(&mut choices, &mut world, &mut told);
        finish(&mut choices, &mut world, &mut told);
        for step in kept {
            let prefix = format!("{}:{step}:", IDS[1]);
            let sent = world.actions.keys().find(|id| id.starts_with(&prefix));
            assert_eq!(sent, None, "it was done before");
        }
    }
}

/// Everything happens, in any order.
fn trouble(choices: &mut Choices<'_>, world: &mut World, told: &mut Told) {
    for _ in 0..choices.below(MAX_EVENTS) {
        event(choices, world, told);
        if choices.below(3) > 0 {
            world.run();
            // What finds no room is on its way, and at no rest.
            if !world.is_full {
                check(world, told);
            }
        }
    }
}

fn check(world: &World, told: &Told) {
    check_rest(world, told);
    check_approvals(world, told);
}

/// An execution that is over is done over from its beginning, or from one of its steps. Returns the names of the steps that are not.
fn do_over(choices: &mut Choices<'_>, world: &mut World, told: &mut Told) -> Vec<String> {
    let before = world.chain(IDS[0]);
    let path = &before.execution_path;
    let from = choices.one(path).filter(|_| choices.rarely(2));
    let body = before.to_json().expect("a body");
    let id = IDS[1].to_owned();
    let asked = AskedReset {
        from: from.as_deref(),
        ..AskedReset::default()
    };
    let started = reset(&body, asked, id, world.wall(), world.due()).expect("it is done over");
    let again = Body::parse(&started.body).expect("a body");
    for (name, count) in checks::heard(&again) {
        told.signals.insert((started.name.clone(), name), count);
    }
    world.begin(&started.name, started.status, started.body, started.due);
    let kept = again.steps.into_iter();
    let is_kept = |status| status != StepStatus::Running;
    kept.filter(|(_, state)| is_kept(state.status))
        .map(|(name, _)| name)
        .collect()
}

/// Lets everything come that is waited for, and then the time pass that a chain may take at most.
fn finish(choices: &mut Choices<'_>, world: &mut World, told: &mut Told) {
    world.is_full = false;
    // A person wakes what is stuck.
    for name in world.flows.keys().cloned().collect::<Vec<_>>() {
        world.poke(&name);
    }
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
        people::act(choices, world, told);
        world.pass(1);
        check(world, told);
    }
    world.pass(500);
    world.pass(500);
    check(world, told);
    let left = world.flows.iter().find(|(_, row)| !row.is_over);
    assert!(left.is_none(), "every flow ends: {left:?}");
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
