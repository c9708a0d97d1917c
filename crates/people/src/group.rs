//! Group of people.

use std::collections::BTreeSet;

use acteon_core::limits::MAX_GROUP_MEMBERS;
use serde::{Deserialize, Serialize};

use crate::check::{self, Fault};
use crate::folded;

/// Group: people who are named together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Id, which is matched without case.
    pub id: String,
    /// Ids of the people in it.
    pub members: Vec<String>,
}

impl Group {
    /// All that is wrong with it, whoever there is.
    pub fn faults(&self) -> Vec<Fault> {
        let id = check::id(&self.id).map(|message| Fault::new("id", message));
        id.into_iter().chain(self.faults_of_members()).collect()
    }

    /// Whether somebody is in it.
    pub fn has(&self, person: &str) -> bool {
        let is_member = |member: &String| member.eq_ignore_ascii_case(person);
        self.members.iter().any(is_member)
    }

    fn faults_of_members(&self) -> Vec<Fault> {
        if self.members.is_empty() || self.members.len() > MAX_GROUP_MEMBERS {
            let message = format!(
                "must be 1 to {MAX_GROUP_MEMBERS} ids of people, are {}",
                self.members.len()
            );
            return vec![Fault::new("members", message)];
        }
        let mut known = BTreeSet::new();
        let mut wrong = Vec::new();
        for (index, member) in self.members.iter().enumerate() {
            let number = index + 1;
            if let Some(message) = check::id(member) {
                let of_group = if member.contains(':') {
                    "; a group has people as members, and no groups"
                } else {
                    ""
                };
                wrong.push(format!("its item {number} {message}{of_group}"));
            } else if !known.insert(folded(member)) {
                wrong.push(format!("has {member:?} twice"));
            }
        }
        let fault = |message| Fault::new("members", message);
        wrong.into_iter().map(fault).collect()
    }
}
