//! Random policies, and everything that may happen to an approval in every order.

use std::collections::BTreeSet;

use acteon_core::Quorum;
use acteon_flows::approval::{Approval, Choice, EndedBy, Status, Voter};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::world::World;
use crate::random::choices::Choices;

/// Environment variable that says how many runs there are.
const RUNS: &str = "ACTEON_APPROVAL_RUNS";
/// Runs where it does not say: a second or two.
const FEW_RUNS: u32 = 500;
/// Most events of a run, before its time is over.
const MAX_EVENTS: usize = 40;
/// Everybody whom anybody may try to be.
pub(crate) const NAMES: [&str; 7] = ["lena", "max", "nora", "boss", "ci", "otto", "paul"];

pub(crate) fn policy(choices: &mut Choices<'_>) -> Value {
    let entries = [
        "lena",
        "max",
        "nora",
        "group:ops",
        "group:release",
        "principal:ci",
        "ci",
    ];
    let mut approvers = BTreeSet::new();
    for _ in 0..choices.below(4) {
        approvers.extend(choices.one(&entries));
    }
    let mut policy = json!({"approvers": approvers, "separate": choices.rarely(3)});
    policy["quorum"] = match choices.below(4) {
        0 | 1 => json!(1),
        2 => json!(2),
        _ => json!("each"),
    };
    if choices.rarely(2) {
        policy["remind_every_seconds"] = json!(7 + choices.below(200));
    }
    if choices.rarely(2) {
        policy["escalate_to"] = json!(["boss"]);
        policy["escalate_after_seconds"] = json!(1 + choices.below(300));
    }
    if choices.rarely(2) {
        policy["on_timeout"] = json!("approve");
    }
    policy
}

pub(crate) fn voter<'a>(choices: &mut Choices<'_>, name: &'a str) -> Voter<'a> {
    match choices.below(5) {
        0..=2 => Voter::Person(name),
        3 => Voter::Principal(name),
        _ => Voter::Anybody,
    }
}

/// Something happens, or nothing does.
fn event(choices: &mut Choices<'_>, world: &mut World) {
    let name = choices.one(&NAMES).expect("a name");
    let by = voter(choices, name);
    let before = world.approval();
    let changed = match choices.below(12) {
        0..=3 => world.decide(by, Choice::Approve),
        4 if choices.rarely(3) => world.decide(by, Choice::Reject),
        5 | 6 => {
            let to = choices.one(&NAMES).expect("a name");
            world.delegate(by, to)
        }
        7 if choices.rarely(2) => world.take_back(by),
        7 => world.remind(),
        8 if choices.rarely(4) => world.cancel(),
        9 => {
            world.poke();
            Ok(())
        }
        _ => {
            world.now += 1000 * choices.below(120) as i64;
            Ok(())
        }
    };
    if changed.is_err() {
        assert_eq!(
            before.to_json(),
            world.approval().to_json(),
            "what is refused changes nothing"
        );
    }
    if before.status != Status::Pending {
        assert!(before.decisions == world.approval().decisions);
    }
}

/// What must be true, whatever happened.
fn check(world: &World) {
    let approval = world.approval();
    let mut people = BTreeSet::new();
    for decision in &approval.decisions {
        assert!(
            approval.is_open_to_all() || people.insert(decision.by.to_lowercase()),
            "{} decided twice",
            decision.by
        );
        let is_requester = decision.by == "ci" || decision.by == "principal:ci";
        assert!(!(approval.policy.separate && is_requester));
    }
    if approval.status == Status::Pending && approval.ended_by.is_none() {
        let mut named = approval.approvers.iter().flat_map(|entry| &entry.people);
        let only_requester = approval.policy.separate
            && named.all(|person| person.is("principal:ci") || person.is("ci"));
        assert!(
            approval.is_open_to_all() || only_requester || !approval.deciders().is_empty(),
            "passed on to nobody"
        );
    }
    if world.is_over {
        check_end(world, &approval);
    } else {
        assert!(approval.status == Status::Pending || world.approved().is_none());
    }
}

fn check_end(world: &World, approval: &Approval) {
    let is_approved = approval.status == Status::Approved;
    assert_eq!(world.approved().is_some(), is_approved);
    let yes = approval
        .decisions
        .iter()
        .filter(|decision| decision.choice == Choice::Approve);
    let (yes, no) = (yes.clone().count(), approval.decisions.len() - yes.count());
    match approval.ended_by.expect("it ended") {
        EndedBy::People if is_approved => {
            let needed = match approval.policy.quorum {
                Quorum::Count(count) => count as usize,
                Quorum::Each => approval.approvers.len(),
            };
            assert!(yes >= needed && no == 0, "{yes} of {needed}, {no} against");
        }
        EndedBy::People => assert_eq!((approval.status, no), (Status::Rejected, 1)),
        EndedBy::Timeout => {
            assert!(world.due_now() >= approval.expires_due && no == 0);
            assert!(matches!(
                approval.status,
                Status::Approved | Status::Expired
            ));
        }
        EndedBy::Cancelled | EndedBy::Fault => assert_eq!(approval.status, Status::Cancelled),
        EndedBy::Chain => panic!("no chain waits for it"),
    }
}

fn run(drawn: &[u16]) {
    let mut choices = Choices {
        drawn: drawn.iter(),
    };
    let mut world = World::with(&policy(&mut choices));
    check(&world);
    for _ in 0..choices.below(MAX_EVENTS) {
        event(&mut choices, &mut world);
        if choices.below(3) > 0 {
            world.run();
        }
        check(&world);
    }
    world.run();
    world.pass(700);
    assert!(world.is_over, "every approval ends: {}", world.body);
    check(&world);
}

#[test]
fn whatever_happens_an_approval_ends_as_its_policy_says() {
    let runs = std::env::var(RUNS)
        .ok()
        .map(|runs| runs.parse().expect("a number of runs"));
    let config = Config {
        cases: runs.unwrap_or(FEW_RUNS),
        failure_persistence: None,
        ..Config::default()
    };
    let drawn = proptest::collection::vec(any::<u16>(), 0..400);
    TestRunner::new(config)
        .run(&drawn, |drawn| {
            run(&drawn);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}
