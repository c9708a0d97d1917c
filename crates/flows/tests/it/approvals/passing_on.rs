//! Decisions that are passed on to others, and taken back.

use acteon_flows::approval::{CannotGet, Choice, Refusal, Status, Voter};
use serde_json::json;

use super::steps::{link, names};
use super::world::World;

const YES: Choice = Choice::Approve;

#[test]
fn a_decision_is_passed_on() {
    let mut world = World::with(&json!({"approvers": ["lena", "max"], "quorum": 2}));
    world
        .delegate(link("lena"), "otto")
        .expect("it is passed on");
    world.run();
    assert_eq!(names(&world.told(0)), ["lena", "max", "otto"]);
    assert_eq!(
        world.decide(link("lena"), YES),
        Err(Refusal::PassedOn("lena".to_owned(), "otto".to_owned()))
    );
    assert!(
        world.delegate(link("otto"), "max").is_err(),
        "he decides himself"
    );
    assert!(
        world.delegate(link("otto"), "lena").is_err(),
        "it comes back to nobody"
    );
    world
        .delegate(link("otto"), "paul")
        .expect("it is passed on");
    world.decide(link("paul"), YES).expect("it counts");
    assert!(
        world.delegate(link("paul"), "ina").is_err(),
        "he has decided"
    );
    world.decide(link("max"), YES).expect("it counts");
    assert_eq!(world.status(), Status::Approved);
}

#[test]
fn whoever_gets_a_decision_again_is_told_again() {
    let mut world = World::with(&json!({"approvers": ["lena", "max"], "quorum": 2}));
    let told = |world: &World| world.told(0).into_iter().map(|(name, _)| name).collect();
    for names in [
        ["lena", "max", "otto"].as_slice(),
        &["lena", "max", "otto", "lena"],
        &["lena", "max", "otto", "lena", "otto"],
    ] {
        if names.last() == Some(&"lena") {
            world.take_back(link("lena")).expect("it is taken back");
        } else {
            world.delegate(link("lena"), "otto").expect("it goes");
        }
        world.run();
        let found: Vec<String> = told(&world);
        assert_eq!(found, names);
    }
    // Otto gets it back from paul, whom lena never heard of.
    world.delegate(link("otto"), "paul").expect("it goes");
    world.run();
    world.take_back(link("otto")).expect("it is taken back");
    world.run();
    let found: Vec<String> = told(&world);
    assert_eq!(found[5..], ["paul", "otto"]);
    world.remind().expect("a reminder");
    world.run();
    assert_eq!(names(&world.told(1)), ["max", "otto"]);
}

#[test]
fn a_message_asks_for_something_while_its_person_decides() {
    let mut world = World::with(&json!({"approvers": ["lena", "max", "nora"], "quorum": 3}));
    let open = |world: &World| {
        let approval = world.approval();
        (0..approval.told.len())
            .filter(|place| approval.has_to_decide(*place))
            .collect::<Vec<_>>()
    };
    assert_eq!(open(&world), [0, 1, 2]);
    world.decide(link("max"), YES).expect("it counts");
    assert_eq!(open(&world), [0, 2], "max has decided");
    world.delegate(link("nora"), "otto").expect("it goes");
    world.run();
    assert_eq!(open(&world), [0, 3], "nora has passed it on");
    world.take_back(link("nora")).expect("it is taken back");
    world.run();
    assert_eq!(open(&world), [0, 4], "otto has lost it");
    assert!(world.approval().has_to_decide(9), "what is not known");
    let mut world = World::with(&json!({"quorum": 1}));
    assert_eq!(open(&world), [0], "whoever has the link");
    world.run();
}

#[test]
fn one_human_does_not_get_a_decision_under_another_name() {
    let mut world = World::with(&json!({"approvers": ["lena", "max", "nora"], "quorum": 3}));
    world.decide(link("nora"), YES).expect("it counts");
    for (to, why) in [
        ("principal:lena", CannotGet::Themselves),
        ("principal:max", CannotGet::Asked),
        ("principal:nora", CannotGet::Decided),
    ] {
        let refused = world.delegate(link("lena"), to);
        assert_eq!(refused, Err(Refusal::CannotPassOn(to.to_owned(), why)));
    }
    world.delegate(link("max"), "otto").expect("it goes");
    let refused = world.delegate(link("lena"), "principal:max");
    let why = CannotGet::PassedOn;
    assert_eq!(
        refused,
        Err(Refusal::CannotPassOn("principal:max".to_owned(), why))
    );
}

#[test]
fn each_who_cannot_get_a_decision_is_refused_for_a_reason_of_its_own() {
    let keys = json!({"approvers": ["lena", "max", "nora"], "quorum": 3, "separate": true});
    let mut world = World::with(&keys);
    world.decide(link("max"), YES).expect("it counts");
    world
        .delegate(link("nora"), "otto")
        .expect("it is passed on");
    for (to, why) in [
        ("LENA", CannotGet::Themselves),
        ("principal:ci", CannotGet::Requester),
        ("max", CannotGet::Decided),
        ("otto", CannotGet::Asked),
        ("nora", CannotGet::PassedOn),
    ] {
        let refused = world.delegate(link("lena"), to);
        assert_eq!(refused, Err(Refusal::CannotPassOn(to.to_owned(), why)));
    }
    let mut world = World::with(&json!({}));
    let refused = world.delegate(Voter::Anybody, "otto");
    let why = CannotGet::OpenToAll;
    assert_eq!(refused, Err(Refusal::CannotPassOn("otto".to_owned(), why)));
}

#[test]
fn what_was_passed_on_is_taken_back_while_nobody_has_decided() {
    let mut world = World::with(&json!({"approvers": ["lena", "max"], "quorum": 2}));
    let nothing = |name: &str| Err(Refusal::NothingPassedOn(name.to_owned()));
    assert_eq!(world.take_back(link("lena")), nothing("lena"));
    assert_eq!(
        world.take_back(link("ina")),
        Err(Refusal::NotAnApprover("ina".to_owned()))
    );
    world
        .delegate(link("lena"), "otto")
        .expect("it is passed on");
    world.delegate(link("otto"), "paul").expect("once more");
    world.take_back(link("LENA")).expect("it is taken back");
    world.run();
    for (lost, from) in [("otto", "lena"), ("paul", "otto")] {
        let refused = world.decide(link(lost), YES);
        let taken_back = Refusal::TakenBack(from.to_owned(), lost.to_owned());
        assert_eq!(refused, Err(taken_back));
    }
    assert_eq!(world.take_back(link("lena")), nothing("lena"));
    // And once more to the same person.
    world
        .delegate(link("lena"), "otto")
        .expect("it is passed on");
    world.decide(link("otto"), YES).expect("it counts");
    assert_eq!(
        world.take_back(link("lena")),
        Err(Refusal::DecidedInPlace("otto".to_owned()))
    );
    let kept = world.approval().delegations;
    let taken_back = kept.iter().filter(|it| it.taken_back_at.is_some());
    assert_eq!((kept.len(), taken_back.count()), (3, 2));
    world.decide(link("max"), YES).expect("it counts");
    assert_eq!(world.status(), Status::Approved);
    assert_eq!(
        world.take_back(link("lena")),
        Err(Refusal::Settled(Status::Approved))
    );
}

#[test]
fn who_lost_a_decision_is_told_when_it_is_escalated_to_them() {
    let keys = json!({
        "approvers": ["lena"], "escalate_to": "boss", "escalate_after_seconds": 60,
    });
    let mut world = World::with(&keys);
    world.delegate(link("lena"), "boss").expect("it goes");
    world.run();
    world.take_back(link("lena")).expect("it is taken back");
    world.run();
    world.pass(60);
    world.run();
    assert_eq!(names(&world.told(0)), ["lena", "boss", "lena", "boss"]);
    let open = (0..world.approval().told.len()).filter(|at| world.approval().has_to_decide(*at));
    assert_eq!(open.collect::<Vec<_>>().len(), 2, "lena and the boss");
}
