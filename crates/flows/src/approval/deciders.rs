//! Who decides about an approval: the people of its approvers, those in whose place others stand, and those that it was escalated to.

use super::body::{Approval, Delegation};
use super::people::{Approver, Person, same};

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

    /// Delegation by which a person gave their decision away, if they did.
    pub(super) fn passed_on(&self, id: &str) -> Option<&Delegation> {
        self.delegations
            .iter()
            .find(|delegation| same(&delegation.from, id))
    }

    /// Whether nobody is named, so that whoever has the link decides.
    pub fn is_open_to_all(&self) -> bool {
        self.policy.approvers.is_empty()
    }
}
