//! Who decides about an approval: the people of its approvers, those in whose place others stand, and those that it was escalated to.

use super::body::Approval;
use super::people::{Approver, Person};

impl Approval {
    /// Everybody who may decide now: the people of the approvers, those that stand in for them, and those that it was escalated to; who asked not
    /// among them where they may not decide.
    pub fn deciders(&self) -> Vec<&Person> {
        let mut deciders: Vec<&Person> = Vec::new();
        for person in self.entries().flat_map(|entry| &entry.people) {
            let Some(person) = self.stand_in(person) else {
                continue;
            };
            let is_barred = self.policy.separate && person.asked(&self.requester);
            if !is_barred && !deciders.iter().any(|known| known.is(&person.id)) {
                deciders.push(person);
            }
        }
        deciders
    }

    /// Entries whose people may decide now.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Approver> {
        let further = self.escalated_at.iter().flat_map(|_| &self.escalation);
        self.approvers.iter().chain(further)
    }

    /// Who decides in a person's place: themselves, or whom they passed it on to, and so on. `None` where it comes round to nobody.
    pub(super) fn stand_in<'a>(&'a self, person: &'a Person) -> Option<&'a Person> {
        let mut at = person;
        for _ in 0..=self.delegations.len() {
            match self.passed_on(&at.id) {
                Some(delegation) => at = &delegation.to,
                None => return Some(at),
            }
        }
        None
    }

    /// Everybody who may decide, might have or has passed it on; some more than once.
    pub fn known(&self) -> impl Iterator<Item = &Person> {
        let named = self.entries().flat_map(|entry| &entry.people);
        named.chain(self.delegations.iter().map(|delegation| &delegation.to))
    }

    /// Whether a person has decided.
    pub(super) fn has_decided(&self, person: &Person) -> bool {
        let mut decisions = self.decisions.iter();
        decisions.any(|decision| person.is(&decision.by))
    }

    /// Forgets that those were told who may not decide any more: who gets the decision again gets a message again.
    pub(super) fn forget_who_lost_it(&mut self) {
        if self.is_open_to_all() {
            return;
        }
        let deciders = self.deciders();
        let is_lost = |id: &String| !deciders.iter().any(|decider| decider.is(id));
        let lost: Vec<bool> = self.told.iter().map(is_lost).collect();
        for (id, is_lost) in self.told.iter_mut().zip(lost) {
            if is_lost {
                id.clear();
            }
        }
    }

    /// Whether the message with this place among those of a round is to somebody who has still to decide.
    pub fn has_to_decide(&self, place: usize) -> bool {
        // What is not known is told of.
        let Some(told) = self.told.get(place) else {
            return true;
        };
        self.to_tell().into_iter().any(|person| match person {
            Some(person) => person.is(told),
            None => true,
        })
    }

    /// Whether nobody is named, so that whoever has the link decides.
    pub fn is_open_to_all(&self) -> bool {
        self.policy.approvers.is_empty()
    }
}
