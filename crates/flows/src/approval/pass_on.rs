//! Decisions that people pass on to others, and take back.

use acteon_core::Timestamp;
use acteon_core::limits::MAX_APPROVERS;

use super::body::{Approval, Delegation};
use super::decide::{Voter, comment};
use super::people::{Person, same};
use super::status::{CannotGet, Refusal};

/// Passes a person's decision on to another, who decides in their place from now on.
pub fn delegate(
    approval: &mut Approval,
    voter: Voter<'_>,
    to: Person,
    why: Option<&str>,
    (now, due_now): (Timestamp, Timestamp),
) -> Result<(), Refusal> {
    approval.check_pending(due_now)?;
    if approval.is_open_to_all() {
        return Err(Refusal::CannotPassOn(to.id, CannotGet::OpenToAll));
    }
    let from = approval.decider(voter)?.clone();
    if let Some(why) = approval.cannot_get(&from, &to) {
        return Err(Refusal::CannotPassOn(to.id, why));
    }
    let comment = comment(why)?;
    approval.forget_who_lost_it();
    approval.delegations.push(Delegation {
        from: from.id,
        to,
        way: voter.way(),
        at: now,
        comment,
        taken_back_at: None,
    });
    approval.updated_at = now;
    Ok(())
}

/// Takes back what a person passed on, while nobody has decided in their place. What others passed on from there goes with it.
pub fn take_back(
    approval: &mut Approval,
    voter: Voter<'_>,
    (now, due_now): (Timestamp, Timestamp),
) -> Result<(), Refusal> {
    approval.check_pending(due_now)?;
    let Some(from) = approval.passed_on_by(voter) else {
        approval.check_voter(voter, due_now)?;
        return Err(Refusal::NothingPassedOn(voter.shown()));
    };
    if let Some(by) = approval.decided_in_place_of(&from) {
        return Err(Refusal::DecidedInPlace(by.to_owned()));
    }
    approval.forget_who_lost_it();
    let mut given_up = vec![from];
    while let Some(from) = given_up.pop() {
        let mut passed_on = approval.delegations.iter_mut();
        let Some(delegation) = passed_on.find(|it| it.is_of(&from)) else {
            continue;
        };
        delegation.taken_back_at = Some(now);
        let to = delegation.to.id.clone();
        // Who is asked themselves passed on their own decision.
        if !approval.is_named(&to) {
            given_up.push(to);
        }
    }
    approval.updated_at = now;
    Ok(())
}

impl Delegation {
    /// Whether it is a person's, who has not taken it back.
    fn is_of(&self, id: &str) -> bool {
        self.taken_back_at.is_none() && same(&self.from, id)
    }
}

impl Approval {
    /// Delegation by which a person gave their decision away, if they did.
    pub fn passed_on(&self, id: &str) -> Option<&Delegation> {
        self.delegations.iter().find(|it| it.is_of(id))
    }

    /// Delegation by which a person got the decision of another, if they did.
    pub fn got(&self, id: &str) -> Option<&Delegation> {
        let mut delegations = self.delegations.iter();
        delegations.find(|it| it.taken_back_at.is_none() && it.to.is(id))
    }

    /// Refuses who has passed nothing on, or in whose place somebody has decided.
    pub fn check_take_back(&self, id: &str, due_now: Timestamp) -> Result<(), Refusal> {
        self.check_pending(due_now)?;
        if self.passed_on(id).is_none() {
            return Err(Refusal::NothingPassedOn(id.to_owned()));
        }
        match self.decided_in_place_of(id) {
            Some(by) => Err(Refusal::DecidedInPlace(by.to_owned())),
            None => Ok(()),
        }
    }

    /// Id of the person who comes by this way and has passed their decision on.
    fn passed_on_by(&self, voter: Voter<'_>) -> Option<String> {
        let mut known = self.known();
        known
            .find(|person| voter.is(person) && self.passed_on(&person.id).is_some())
            .map(|person| person.id.clone())
    }

    /// Who decided in the place of one who has passed it on, if somebody did.
    fn decided_in_place_of(&self, id: &str) -> Option<&str> {
        let stand_in = self.stand_in(&self.passed_on(id)?.to)?;
        self.has_decided(stand_in).then_some(stand_in.id.as_str())
    }

    /// Whether a person is one of the entries.
    fn is_named(&self, id: &str) -> bool {
        let mut people = self.entries().flat_map(|entry| &entry.people);
        people.any(|person| person.is(id))
    }

    /// Whether somebody whom the approval knows is this human, and is as is asked.
    fn is_known_as(&self, human: &Person, is_so: &dyn Fn(&Person) -> bool) -> bool {
        self.known()
            .any(|known| human.is_same_as(known) && is_so(known))
    }

    /// Why a person cannot get the decision of another, if they cannot.
    fn cannot_get(&self, from: &Person, to: &Person) -> Option<CannotGet> {
        Some(if to.is_same_as(from) {
            CannotGet::Themselves
        } else if self.policy.separate && to.asked(&self.requester) {
            CannotGet::Requester
        } else if self.is_known_as(to, &|known| self.has_decided(known)) {
            CannotGet::Decided
        } else if self.deciders().iter().any(|decider| to.is_same_as(decider)) {
            CannotGet::Asked
        } else if self.is_known_as(to, &|known| self.passed_on(&known.id).is_some()) {
            CannotGet::PassedOn
        } else if self.delegations.len() >= MAX_APPROVERS {
            CannotGet::TooOften
        } else {
            return None;
        })
    }
}
