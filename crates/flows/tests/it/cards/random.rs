//! Everything that may happen to a card, in every order.

use std::collections::BTreeSet;

use acteon_flows::approval::{Choice, Status, Voter};
use acteon_flows::card::Face;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use super::world::{Sent, World};
use crate::random::choices::Choices;

/// Most events of a run.
const MAX_EVENTS: usize = 30;

fn happens(choices: &mut Choices<'_>, world: &mut World) {
    let open: Vec<usize> = (0..world.sent.len())
        .filter(|place| world.sent[*place].is_open())
        .collect();
    match choices.below(9) {
        0 | 1 if !world.sent.is_empty() => drop(world.press(Choice::Approve)),
        2 => drop(world.decide(Voter::Person("max"), Choice::Approve, None)),
        3 if choices.rarely(4) => drop(world.decide(Voter::Person("max"), Choice::Reject, None)),
        4 if choices.rarely(4) => world.cancel(),
        5 => world.pass(1 + choices.below(400) as i64),
        6 | 7 => {
            let Some(place) = choices.one(&open) else {
                return;
            };
            let outcome = match choices.below(4) {
                0 => World::failed(),
                1 => World::arrived(None),
                _ => World::arrived(Some(&format!("of-{place}"))),
            };
            world.end(place, outcome);
        }
        _ => world.poke(),
    }
    if choices.rarely(2) {
        world.run();
    }
}

/// Lets everything that is on its way arrive.
fn come_to_rest(world: &mut World) {
    world.cancel();
    world.run();
    while let Some(place) = (0..world.sent.len()).find(|place| world.sent[*place].is_open()) {
        world.end(place, World::arrived(None));
        world.run();
    }
    world.run();
}

fn check(world: &World) {
    let mut used = BTreeSet::new();
    for handle in world.sent.iter().filter_map(|sent| sent.handle()) {
        assert!(used.insert(handle.to_owned()), "{handle} is used twice");
    }
    assert_ne!(world.status(), Status::Pending);
    let arrived = world.sent.first().is_some_and(Sent::is_done);
    // A message that fails is a dead letter, which somebody looks after; a change that fails is made up for.
    let counts = |sent: &&Sent| sent.is_done() || sent.handle().is_none();
    let told = world.sent.iter().skip(1).filter(counts);
    let last = told.filter_map(Sent::face).next_back();
    if arrived {
        assert_eq!(last, Some(Face::Over(world.status())), "how it ended");
    }
}

#[test]
fn whatever_happens_a_card_that_arrived_says_how_it_ended_and_no_handle_is_used_twice() {
    let mut runner = TestRunner::new(Config {
        cases: 500,
        ..Config::default()
    });
    let drawn = proptest::collection::vec(any::<u16>(), 0..200);
    let run = |drawn: Vec<u16>| {
        let mut choices = Choices {
            drawn: drawn.iter(),
        };
        let quorum = 1 + choices.below(2);
        let policy = json!({"approvers": ["lena", "max"], "quorum": quorum});
        let mut world = World::with(&policy);
        for _ in 0..choices.below(MAX_EVENTS) {
            happens(&mut choices, &mut world);
        }
        come_to_rest(&mut world);
        check(&world);
        world.pass(4 * 86_400);
        assert!(world.is_gone, "it is not kept for ever");
        Ok(())
    };
    runner.run(&drawn, run).expect("every run");
}
