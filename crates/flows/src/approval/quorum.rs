//! Quorums: whether as many said yes as it takes.

use acteon_core::Quorum;

use super::body::Approval;
use super::people::{Approver, Person, same};
use super::status::Choice;

impl Approval {
    /// Whether as many people approved as it takes.
    pub(super) fn is_approved(&self) -> bool {
        self.approvals_missing() == 0
    }

    /// Approvals that are still missing.
    pub fn approvals_missing(&self) -> usize {
        let approved: Vec<&str> = self
            .decisions
            .iter()
            .filter(|decision| decision.choice == Choice::Approve)
            .map(|decision| decision.by.as_str())
            .collect();
        self.missing(&approved)
    }

    /// Approvals that it takes.
    pub fn approvals_needed(&self) -> usize {
        match self.policy.quorum {
            Quorum::Count(count) => count as usize,
            Quorum::Each => self.approvers.len(),
        }
    }

    /// Approvals that are missing where these people have approved.
    fn missing(&self, approved: &[&str]) -> usize {
        let needed = self.approvals_needed();
        let have = match self.policy.quorum {
            Quorum::Count(_) => approved.len(),
            Quorum::Each => self.entries_met(approved),
        };
        needed.saturating_sub(have)
    }

    /// Why the quorum cannot be reached by those who may decide, if it cannot.
    pub(super) fn out_of_reach(&self) -> Option<String> {
        let deciders: Vec<&str> = self
            .deciders()
            .into_iter()
            .map(|person| person.id.as_str())
            .collect();
        if self.missing(&deciders) == 0 {
            return None;
        }
        let barred = if self.policy.separate {
            ", who asks not among them"
        } else {
            ""
        };
        let needed = match self.policy.quorum {
            Quorum::Count(count) => format!("{count} approvals"),
            Quorum::Each => format!("an approval for each of {} entries", self.approvers.len()),
        };
        Some(format!(
            "it takes {needed}, of different people, and those who may decide are {}{barred}",
            deciders.len()
        ))
    }

    /// Most entries that people have approved for, each person for one of them.
    fn entries_met(&self, approved: &[&str]) -> usize {
        let speaks_for = |person: usize, entry| self.speaks_for(approved[person], entry);
        met(self.approvers.len(), approved.len(), &speaks_for)
    }

    /// Whether a person decides for an entry: as one of it, in somebody's place, or because it was escalated to them.
    fn speaks_for(&self, id: &str, entry: usize) -> bool {
        let is_of = |approver: &Approver| {
            let stands = |person: &Person| {
                let stand_in = self.stand_in(person);
                stand_in.is_some_and(|person| same(&person.id, id))
            };
            approver.people.iter().any(stands)
        };
        let of_entry = self.approvers.get(entry).is_some_and(is_of);
        of_entry || (self.escalated_at.is_some() && self.escalation.iter().any(is_of))
    }
}

/// Most entries that people speak for, each person for one of them.
pub(super) fn met(
    entries: usize,
    people: usize,
    speaks_for: &dyn Fn(usize, usize) -> bool,
) -> usize {
    let mut taken: Vec<Option<usize>> = vec![None; people];
    (0..entries)
        .filter(|entry| take(*entry, speaks_for, &mut taken, &mut vec![false; people]))
        .count()
}

/// Finds a person for an entry, moving others to another of theirs where that makes room.
fn take(
    entry: usize,
    speaks_for: &dyn Fn(usize, usize) -> bool,
    taken: &mut [Option<usize>],
    seen: &mut [bool],
) -> bool {
    for person in 0..taken.len() {
        if seen[person] || !speaks_for(person, entry) {
            continue;
        }
        seen[person] = true;
        let is_free = match taken[person] {
            None => true,
            Some(other) => take(other, speaks_for, taken, seen),
        };
        if is_free {
            taken[person] = Some(entry);
            return true;
        }
    }
    false
}
