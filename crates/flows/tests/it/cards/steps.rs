//! What a card does, step by step.

use acteon_flows::approval::{Choice, Refusal, Status, Voter};
use acteon_flows::card::{Face, card_of, notice_of_card};
use serde_json::json;

use super::world::World;

const DAY: i64 = 86_400;

fn one() -> World {
    World::with(&json!({"approvers": ["lena"]}))
}

fn two() -> World {
    World::with(&json!({"approvers": ["lena", "max"], "quorum": 2}))
}

/// World whose card arrived with a handle.
fn arrived(mut world: World) -> World {
    world.run();
    world.end(0, World::arrived(Some("first")));
    world.run();
    world
}

#[test]
fn a_card_is_the_message_and_has_its_id() {
    let mut world = one();
    assert_eq!(
        notice_of_card(&world.card).as_deref(),
        Some("approval:ap:0:0")
    );
    world.run();
    assert_eq!(world.sent.len(), 1);
    assert_eq!(world.sent[0].id.as_str(), "approval:ap:0:0");
    world.pass(10);
    assert_eq!(world.sent.len(), 1, "it waits");
}

#[test]
fn a_press_decides_and_the_card_says_so_with_the_newest_handle() {
    let mut world = arrived(one());
    assert_eq!(world.press(Choice::Approve), Ok(()));
    assert_eq!(world.status(), Status::Approved);
    world.run();
    let change = &world.sent[1];
    assert_eq!(card_of(change.id.as_str()), Some(&*world.card));
    assert_eq!(change.face(), Some(Face::Over(Status::Approved)));
    assert_eq!(change.handle(), Some("handle-of-event-1"));
    world.end(1, World::arrived(None));
    world.run();
    world.pass(DAY);
    assert_eq!(world.sent.len(), 2, "once");
    assert!(!world.is_gone, "who presses late is told");
    world.pass(3 * DAY);
    assert!(world.is_gone);
}

#[test]
fn a_press_that_is_told_of_again_is_one_decision_and_one_handle() {
    let mut world = arrived(two());
    assert_eq!(world.press_again(Choice::Approve, "e"), Ok(()));
    world.run();
    world.end(1, World::arrived(None));
    world.run();
    assert_eq!(
        world.press_again(Choice::Approve, "e"),
        Ok(()),
        "the same one"
    );
    assert_eq!(
        world.press_again(Choice::Approve, "f"),
        Err(Refusal::Decided("lena".to_owned()))
    );
    assert_eq!(world.decisions(), 1);
    assert_eq!(
        world.decide(Voter::Person("max"), Choice::Approve, None),
        Ok(())
    );
    world.run();
    assert_eq!(world.sent.len(), 3);
    assert_eq!(world.sent[2].handle(), Some("handle-of-f"), "not that of e");
}

#[test]
fn others_who_decide_change_the_card_by_the_handle_of_its_send() {
    let mut world = arrived(two());
    world
        .decide(Voter::Person("max"), Choice::Reject, None)
        .expect("it counts");
    world.run();
    assert_eq!(world.sent[1].face(), Some(Face::Over(Status::Rejected)));
    assert_eq!(world.sent[1].handle(), Some("first"));
}

#[test]
fn where_no_handle_works_a_message_says_it() {
    // None came, it was used, it is too old, or it is refused.
    let mut world = one();
    world.run();
    world.end(0, World::arrived(None));
    world.run();
    world
        .decide(Voter::Principal("lena"), Choice::Approve, None)
        .unwrap_err();
    world
        .decide(Voter::Person("lena"), Choice::Approve, None)
        .expect("it counts");
    world.run();
    assert_eq!(world.sent[1].face(), Some(Face::Over(Status::Approved)));
    assert_eq!(world.sent[1].handle(), None);

    let mut world = arrived(two());
    world.press(Choice::Approve).expect("it counts");
    world.run();
    assert_eq!(world.sent[1].face(), Some(Face::Said(Choice::Approve)));
    world.end(1, World::failed());
    world.run();
    assert_eq!(world.sent[2].face(), Some(Face::Said(Choice::Approve)));
    assert_eq!(world.sent[2].handle(), None, "in its place");
    world
        .decide(Voter::Person("max"), Choice::Approve, None)
        .expect("it counts");
    world.run();
    assert_eq!(world.sent[3].face(), Some(Face::Over(Status::Approved)));
    assert_eq!(world.sent[3].handle(), None);

    let mut world = arrived(World::with(
        &json!({"approvers": ["lena"], "timeout_seconds": 4 * DAY}),
    ));
    world.pass(3 * DAY);
    world.cancel();
    world.run();
    assert_eq!(world.sent[1].face(), Some(Face::Over(Status::Cancelled)));
    assert_eq!(world.sent[1].handle(), None, "too old");
}

#[test]
fn nothing_is_sent_of_what_is_over_before_and_nothing_said_of_what_never_arrived() {
    let mut world = one();
    world.cancel();
    world.run();
    assert!(world.sent.is_empty());

    let mut world = one();
    world.run();
    world.end(0, World::failed());
    world.run();
    assert!(world.sent[1].is_link(), "in its place");
    world.cancel();
    world.run();
    assert_eq!(world.sent.len(), 2);
}

#[test]
fn a_card_that_was_called_off_leaves_no_link_and_neither_does_one_whose_person_has_decided() {
    let mut world = two();
    world.run();
    world.end(0, World::called_off());
    world.run();
    assert_eq!(world.sent.len(), 1);
    let mut world = two();
    world.run();
    world
        .decide(Voter::Person("lena"), Choice::Approve, None)
        .expect("it counts");
    world.end(0, World::failed());
    world.run();
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn a_handle_that_came_while_the_card_was_being_changed_is_used_where_that_is_refused() {
    let mut world = arrived(two());
    world.press(Choice::Approve).expect("it counts");
    world.run();
    world.press(Choice::Approve).unwrap_err();
    world.end(1, World::failed());
    world.run();
    assert_eq!(world.sent[2].handle(), Some("handle-of-event-2"));
}

#[test]
fn what_may_have_arrived_is_told_of_too() {
    let mut world = one();
    world.run();
    world.end_unknown(0);
    world.run();
    world.press(Choice::Reject).expect("it is there to press");
    world.run();
    assert_eq!(world.sent[1].handle(), Some("handle-of-event-1"));
    let mut world = one();
    world.run();
    world.end_unknown(0);
    world.cancel();
    world.run();
    assert_eq!(world.sent[1].face(), Some(Face::Over(Status::Cancelled)));
    assert_eq!(world.sent[1].handle(), None);
}

#[test]
fn a_card_that_failed_and_was_sent_again_lives_when_it_is_pressed() {
    let mut world = two();
    world.run();
    world.end(0, World::failed());
    world.run();
    world.press(Choice::Approve).expect("it is there to press");
    world.run();
    assert!(world.sent[1].is_link());
    assert_eq!(world.sent[2].face(), Some(Face::Said(Choice::Approve)));
    assert_eq!(world.sent[2].handle(), Some("handle-of-event-1"));
}

#[test]
fn an_older_handle_is_used_where_the_newest_was() {
    let mut world = arrived(two());
    world.press(Choice::Approve).expect("it counts");
    world.run();
    world.end(1, World::arrived(None));
    world.run();
    world
        .decide(Voter::Person("max"), Choice::Approve, None)
        .expect("it counts");
    world.run();
    assert_eq!(world.sent[2].face(), Some(Face::Over(Status::Approved)));
    assert_eq!(world.sent[2].handle(), Some("first"));
}

#[test]
fn a_card_whose_time_is_over_says_so() {
    let mut world = arrived(one());
    world.pass(601);
    assert_eq!(world.status(), Status::Expired);
    assert_eq!(world.sent[1].face(), Some(Face::Over(Status::Expired)));
}

#[test]
fn who_has_to_say_why_gets_no_card() {
    let found = std::panic::catch_unwind(|| {
        World::with(&json!({"approvers": ["lena"], "comment": "required"}))
    });
    assert!(found.is_err(), "a link goes instead");
}

#[test]
fn a_stranger_who_presses_decides_nothing() {
    let mut world = arrived(one());
    let refused = world.decide(Voter::Member("otto"), Choice::Approve, Some("e"));
    assert_eq!(refused, Err(Refusal::NotAnApprover("otto".to_owned())));
    assert_eq!(
        world.decide(Voter::Member("LENA"), Choice::Approve, Some("e")),
        Ok(()),
        "whatever the case"
    );
}
