//! Events of random runs.

use std::collections::BTreeMap;

use acteon_core::Outcome;
use acteon_flows::FlowName;
use acteon_flows::chain::{cancel, set_attributes, signal};
use serde_json::json;

use super::IDS;
use super::choices::Choices;
use super::people::{Told, act};
use crate::world::{World, executed, failed, failed_for_good, raw};

/// Most milliseconds by which the wall clock is wrong.
const MAX_WALL_STEP: i64 = 86_400_000;

/// Something happens, or nothing does.
pub(super) fn event(choices: &mut Choices<'_>, world: &mut World, told: &mut Told) {
    match choices.below(18) {
        0..=2 => {
            if let Some(id) = choices.one(&open(world)) {
                let outcome = outcome(choices);
                world.settle(&id, outcome);
            }
        }
        3..=5 => act(choices, world, told),
        6 => world.now += 1000 * choices.below(30) as i64,
        7 | 8 => of_chain(choices, world, told),
        9 if choices.rarely(4) => {
            world.is_full = !world.is_full;
            // What found no room tries again.
            world.pass(5);
        }
        10 => {
            if let Some(id) = choices.one(&open(world)) {
                world.sending.insert(id);
            }
        }
        11 if choices.rarely(4) => retention(choices, world, told),
        12 if choices.rarely(3) => {
            let steps = [0, MAX_WALL_STEP, -MAX_WALL_STEP, 3_600_000, -3_600_000];
            world.wall_step = choices.one(&steps).expect("a step");
        }
        13 | 14 => {
            if let Some(name) = choices.one(&world.are_due()) {
                world.die_over(&name);
            }
        }
        _ => {
            if let Some(name) = choices.one(&world.are_due()) {
                world.step(&name);
            }
        }
    }
}

fn open(world: &World) -> Vec<String> {
    world.open().into_iter().map(str::to_owned).collect()
}

/// An execution is told of something, or asked to look.
fn of_chain(choices: &mut Choices<'_>, world: &mut World, told: &mut Told) {
    let names = world.flows.keys().filter(|name| &*name.kind == "chain");
    let names: Vec<FlowName> = names.cloned().collect();
    let chain = choices.one(&names).expect("a chain");
    let now = world.wall();
    let body = &world.flows[&chain].body;
    let changed = match choices.below(6) {
        0..=2 => {
            let name = format!("go{}", choices.below(2));
            let changed = signal(body, &name, &raw(&json!({"n": 1})), now);
            if changed.is_ok() {
                *told.signals.entry((chain.clone(), name)).or_default() += 1;
            }
            changed
        }
        3 if choices.rarely(4) => cancel(body, Some("why"), Some("lena"), now),
        4 => set_attributes(body, &BTreeMap::from([("a".into(), "b".into())]), now),
        _ => Ok(body.clone()),
    };
    if let Ok(body) = changed {
        world.flows.get_mut(&chain).expect("a chain").body = body;
        world.poke(&chain);
    }
}

/// Retention came before a chain looked at what it waits for.
fn retention(choices: &mut Choices<'_>, world: &mut World, told: &mut Told) {
    if choices.rarely(2) {
        let over = world.flows.iter().filter(|(_, row)| row.is_over);
        let over = over.map(|(name, _)| name.clone());
        let over: Vec<FlowName> = over.filter(|name| !IDS.contains(&&*name.id)).collect();
        if let Some(name) = choices.one(&over) {
            world.flows.remove(&name);
            told.ended.remove(&name);
        }
        return;
    }
    let may_go = |id: &String| !id.contains("on_cancel");
    if let Some(id) = choices.one(&open(world)).filter(may_go) {
        world.settle(&id, failed());
        world.actions.remove(&id);
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
