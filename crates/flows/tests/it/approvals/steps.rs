//! What happens to approvals, one thing after another.

use std::time::Duration;

use acteon_flows::FlowName;
use acteon_flows::LookedFlow;
use acteon_flows::approval::{CannotGet, Choice, EndedBy, Refusal, Status, Voter, Way};
use serde_json::{Value, json};

use super::world::World;
use crate::world::{chain_name, origin};

const YES: Choice = Choice::Approve;
const NO: Choice = Choice::Reject;

pub(super) fn link(id: &str) -> Voter<'_> {
    Voter::Person(id)
}

pub(super) fn names(told: &[(String, String)]) -> Vec<&str> {
    told.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn whoever_has_the_link_decides_where_nobody_is_named() {
    let mut world = World::with(&json!({}));
    assert_eq!(names(&world.told(0)), ["anybody"]);
    world.decide(Voter::Anybody, YES).expect("it counts");
    assert_eq!(world.status(), Status::Approved);
    world.run();
    assert_eq!(world.approved().expect("it goes")["provider"], "p");
    let refused = world.decide(Voter::Anybody, NO);
    assert_eq!(refused, Err(Refusal::Settled(Status::Approved)));
}

#[test]
fn one_rejection_is_enough() {
    let mut world = World::with(&json!({"approvers": ["group:ops", "nora"], "quorum": 2}));
    world.decide(link("lena"), YES).expect("it counts");
    world
        .comment(link("NORA"), NO, Some(" too late "))
        .expect("ids have no case");
    world.run();
    assert!(world.approved().is_none());
    let approval = world.approval();
    assert_eq!(
        (approval.status, approval.ended_by),
        (Status::Rejected, Some(EndedBy::People))
    );
    assert_eq!(approval.decided_by.as_deref(), Some("nora"));
    assert_eq!(approval.comment.as_deref(), Some("too late"));
    assert_eq!(approval.decisions[0].way, Way::Link);
}

#[test]
fn two_of_three_are_two_people() {
    let mut world = World::with(&json!({"approvers": ["lena", "max", "nora"], "quorum": 2}));
    assert_eq!(names(&world.told(0)), ["lena", "max", "nora"]);
    world.decide(link("lena"), YES).expect("it counts");
    assert_eq!(
        world.decide(Voter::Principal("lena"), YES),
        Err(Refusal::Decided("lena".to_owned()))
    );
    assert_eq!(world.status(), Status::Pending);
    world
        .decide(Voter::Principal("max"), YES)
        .expect("it counts");
    assert_eq!(world.status(), Status::Approved);
}

#[test]
fn one_of_each_group_is_one_person_for_each() {
    let both = json!({"approvers": ["group:ops", "group:release"], "quorum": "each"});
    let mut world = World::with(&both);
    world
        .decide(link("max"), YES)
        .expect("max is in both groups");
    assert_eq!(world.status(), Status::Pending, "and is one person");
    world.decide(link("lena"), YES).expect("it counts");
    assert_eq!(world.status(), Status::Approved);
    // Max counts for the group that nobody else has spoken for.
    let mut world = World::with(&both);
    world.decide(link("nora"), YES).expect("it counts");
    world.decide(link("max"), YES).expect("it counts");
    assert_eq!(world.status(), Status::Approved);
}

#[test]
fn who_asks_does_not_decide_where_that_is_separate() {
    let keys = json!({"approvers": ["principal:ci", "lena"], "separate": true});
    let mut world = World::with(&keys);
    assert_eq!(names(&world.told(0)), ["lena"]);
    for voter in [Voter::Principal("ci"), link("principal:ci")] {
        let refused = world.decide(voter, YES);
        assert!(matches!(refused, Err(Refusal::Requester(_))), "{refused:?}");
    }
    assert!(matches!(
        world.delegate(link("lena"), "principal:ci"),
        Err(Refusal::CannotPassOn(_, CannotGet::Requester))
    ));
    world.decide(link("lena"), YES).expect("it counts");
}

#[test]
fn only_those_who_are_named_decide() {
    let mut world = World::with(&json!({"approvers": ["lena"]}));
    let not = |name: &str| Err(Refusal::NotAnApprover(name.to_owned()));
    assert_eq!(world.decide(link("max"), YES), not("max"));
    assert_eq!(
        world.decide(Voter::Principal(""), YES),
        not("a caller without a name")
    );
    assert_eq!(world.decide(Voter::Anybody, YES), Err(Refusal::NeedsPerson));
}

#[test]
fn time_decides_where_nobody_does() {
    for (on_timeout, status) in [("reject", Status::Expired), ("approve", Status::Approved)] {
        let mut world = World::with(&json!({"approvers": ["lena"], "on_timeout": on_timeout}));
        world.now += 600_000;
        // Before the step that ends it.
        assert_eq!(
            world.decide(link("lena"), NO),
            Err(Refusal::Settled(status))
        );
        world.run();
        assert_eq!(world.status(), status);
        assert_eq!(world.approval().ended_by, Some(EndedBy::Timeout));
        assert_eq!(world.approved().is_some(), status == Status::Approved);
    }
}

#[test]
fn reminders_go_to_those_who_have_not_decided() {
    let keys = json!({"approvers": ["lena", "max"], "quorum": 2, "remind_every_seconds": 100});
    let mut world = World::with(&keys);
    world.pass(50);
    world.decide(link("lena"), YES).expect("it counts");
    world.pass(50);
    let reminded = vec![("max".to_owned(), "Reminded".to_owned())];
    assert_eq!(world.told(1), reminded);
    // What passed while no gateway ran comes once.
    world.pass(350);
    assert_eq!(world.told(2), reminded);
    assert!(world.told(3).is_empty());
    world.pass(100);
    assert_eq!(world.told(3), reminded);
    world.pass(49);
    assert!(world.told(4).is_empty());
    world.pass(1);
    assert_eq!(world.status(), Status::Expired);
}

#[test]
fn people_ask_for_reminders_now_and_then() {
    let mut world = World::with(&json!({"approvers": ["lena"]}));
    world.remind().expect("a reminder");
    world.run();
    assert_eq!(names(&world.told(1)), ["lena"]);
    assert!(matches!(world.remind(), Err(Refusal::NotReminded(_))));
    world.pass(60);
    world.remind().expect("a reminder");
    world.run();
    assert_eq!(names(&world.told(2)), ["lena"]);
}

#[test]
fn others_decide_once_it_is_escalated() {
    let keys = json!({"approvers": ["lena"], "escalate_to": ["boss", "lena"], "escalate_after_seconds": 60});
    let mut world = World::with(&keys);
    assert!(world.decide(link("boss"), YES).is_err(), "not yet");
    world.pass(60);
    assert_eq!(
        world.told(0)[1..],
        [("boss".to_owned(), "Escalated".to_owned())]
    );
    world.decide(link("boss"), YES).expect("it counts");
    world.run();
    assert_eq!(world.status(), Status::Approved);
    // Who it was escalated to speaks for an entry of which nobody came.
    let keys = json!({"approvers": ["group:ops", "group:release"], "quorum": "each", "escalate_to": "boss", "escalate_after_seconds": 60});
    let mut world = World::with(&keys);
    world.decide(link("nora"), YES).expect("it counts");
    world.pass(60);
    world.decide(link("boss"), YES).expect("it counts");
    assert_eq!(world.status(), Status::Approved);
}

#[test]
fn who_it_is_escalated_to_decides_although_no_message_finds_room() {
    let keys =
        json!({"approvers": ["lena"], "escalate_to": ["boss"], "escalate_after_seconds": 60});
    let mut world = World::with(&keys);
    world.now += 60_000;
    // The step with the message is one of its own, and may be put off.
    world.step();
    assert_eq!(names(&world.told(0)), ["lena"]);
    world.decide(link("boss"), YES).expect("it counts");
    let mut world = World::with(&keys);
    world.pass(60);
    assert_eq!(names(&world.told(0)), ["lena", "boss"]);
}

#[test]
fn a_reminder_calls_off_the_messages_before_it() {
    let mut world = World::with(&json!({"approvers": ["lena"], "remind_every_seconds": 100}));
    let waits = |rounds: &[u32]| -> Vec<String> {
        let id = |round| format!("approval:ap:{round}:0");
        rounds.iter().map(id).collect()
    };
    for (number, rounds) in [&[0][..], &[0, 1], &[0, 2]].into_iter().enumerate() {
        world.called_off.clear();
        world.pass(100);
        assert_eq!(world.called_off, waits(rounds), "reminder {number}");
    }
}

#[test]
fn a_comment_is_asked_for_where_it_is_required() {
    let mut world = World::with(&json!({"approvers": ["lena"], "comment": "required"}));
    assert_eq!(
        world.comment(link("lena"), NO, Some("  ")),
        Err(Refusal::NeedsComment)
    );
    let long = "x".repeat(3000);
    assert_eq!(
        world.comment(link("lena"), NO, Some(&long)),
        Err(Refusal::LongComment { bytes: 3000 })
    );
    world
        .comment(link("lena"), NO, Some("no"))
        .expect("it counts");
}

#[test]
fn somebody_cancels_it() {
    let mut world = World::with(&json!({"approvers": ["lena"]}));
    world.cancel().expect("it is cancelled");
    world.run();
    assert!(world.is_over && world.approved().is_none());
    assert_eq!(world.approval().comment.as_deref(), Some("not today"));
    assert_eq!(
        world.decide(link("lena"), YES),
        Err(Refusal::Settled(Status::Cancelled))
    );
}

#[test]
fn what_nobody_can_decide_is_not_asked_for() {
    for (keys, why) in [
        (
            json!({"approvers": ["group:x"]}),
            r#""group:x" is no group"#,
        ),
        (
            json!({"approvers": ["group:empty"]}),
            "it takes 1 approvals, of different people, and those who may decide are 0",
        ),
        (
            json!({"approvers": ["group:ops"], "quorum": 3}),
            "it takes 3 approvals, of different people, and those who may decide are 2",
        ),
        (
            json!({"approvers": ["group:ops", "lena", "max"], "quorum": "each"}),
            "it takes an approval for each of 3 entries, of different people, and those who may decide are 2",
        ),
        (
            json!({"approvers": ["ci"], "separate": true}),
            "it takes 1 approvals, of different people, and those who may decide are 0, who asks not among them",
        ),
        (
            json!({"quorum": 2}),
            "quorum is 2, and needs approvers: without them nobody can tell two people who have the link from one",
        ),
    ] {
        let world = World::with(&keys);
        assert_eq!(world.status(), Status::Cancelled, "{keys}");
        assert_eq!(world.approval().comment.as_deref(), Some(why), "{keys}");
        assert!(world.sent.is_empty(), "{keys}");
    }
}

/// First body of an approval that the step `ask` of the chain `c` begins.
fn of_chain(policy: &Value) -> String {
    let origin: Value = serde_json::to_value(origin(&json!({}))).expect("JSON");
    json!({"origin": origin, "policy": policy, "parent": {"chain": "c", "step": "ask"}, "chain_name": "deploy", "requester": "ci"})
        .to_string()
}

fn chain(step: &str) -> LookedFlow {
    let name: FlowName = chain_name("c");
    LookedFlow {
        name,
        status: "waiting_approval".into(),
        body: json!({"steps": {"ask": {"status": step}}})
            .to_string()
            .into(),
        is_over: false,
        is_damaged: false,
    }
}

#[test]
fn a_chain_is_poked_at_the_end_and_sends_what_it_wants_itself() {
    let mut world = World::empty();
    world.parent = Some(chain("running"));
    world.begin(of_chain(
        &json!({"approvers": ["lena"], "notify_provider": "wx"}),
    ));
    assert_eq!(names(&world.told(0)), ["lena"]);
    assert!(world.pokes.is_empty());
    world.decide(link("lena"), YES).expect("it counts");
    world.run();
    assert_eq!(world.pokes, ["c"]);
    assert_eq!(world.called_off, ["approval:ap:0:0"]);
    assert!(world.approved().is_none());
}

#[test]
fn the_time_of_a_chains_approval_runs_although_its_messages_find_no_room() {
    let mut world = World::empty();
    world.parent = Some(chain("running"));
    let keys = json!({"approvers": ["lena"], "notify_provider": "wx", "timeout_seconds": 100});
    world.body = of_chain(&keys);
    let begun = world.due_now();
    world.step();
    assert!(world.sent.is_empty(), "messages are a step of their own");
    // That one is put off again and again.
    world.now += 99_000;
    assert_eq!(
        world.approval().expires_due,
        begun + Duration::from_secs(100)
    );
    world.now += 1000;
    world.step();
    assert_eq!(world.status(), Status::Expired);
    assert!(world.sent.is_empty());
}

#[test]
fn a_chain_that_goes_on_without_it_ends_it() {
    let mut world = World::empty();
    world.parent = Some(chain("running"));
    world.begin(of_chain(&json!({"approvers": ["lena"]})));
    assert!(world.sent.is_empty(), "nobody is to be told");
    world.parent = Some(chain("cancelled"));
    world.poke();
    world.run();
    assert_eq!(
        (world.status(), world.approval().ended_by),
        (Status::Cancelled, Some(EndedBy::Chain))
    );
}

#[test]
fn a_policy_that_a_chain_rendered_wrongly_ends_it_with_the_reason() {
    for (policy, why) in [
        (
            json!({"approvers": [""]}),
            "approvers has \"\", expected a name",
        ),
        (
            json!({"quorum": 0}),
            "its policy cannot be read: expected the number",
        ),
    ] {
        let mut world = World::empty();
        world.parent = Some(chain("running"));
        world.begin(of_chain(&policy));
        assert_eq!(world.status(), Status::Cancelled);
        let comment = world.approval().comment.expect("a reason");
        assert!(comment.starts_with(why), "{comment}");
        assert_eq!(world.pokes, ["c"]);
    }
}
