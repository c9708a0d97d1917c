//! Management of groups of people: looking at them, making, changing and deleting them.

use std::sync::Arc;

use acteon_core::limits::MAX_PEOPLE_GROUPS;
use acteon_core::similar::nearest;
use acteon_people::{Defined, Directory, Group, Source, folded};
use acteon_store::DocumentKind;

use super::askable::can_ask_members;
use super::manage::{Made, check, full, not_of_file};
use crate::approvals::asking::asking_in_force;
use crate::policies::Policies;
use crate::policies::error::PolicyError;
use crate::shared::Gateway;

/// Most members of a group for whom those are sought who were probably meant: each is held against everybody.
const MAX_HINTS: usize = 3;

impl Gateway {
    /// Group of this id, in any case.
    pub fn people_group(&self, id: &str) -> Result<Arc<Defined<Group>>, PolicyError> {
        let policies = self.inner.policies.load();
        let found = policies.directory.group(id).map(Arc::clone);
        found.ok_or(PolicyError::NotFound("group"))
    }

    /// Makes a group, or puts it in the place of the one with its id.
    pub async fn put_people_group(
        &self,
        group: Group,
    ) -> Result<(Defined<Group>, Made), PolicyError> {
        check(group.faults())?;
        let _changing = self.inner.policies.changing_people.lock().await;
        let id = folded(&group.id);
        let is_full = {
            let policies = self.inner.policies.load();
            let directory = &policies.directory;
            not_of_file("group", &group.id, directory.group(&id))?;
            are_there(directory, &group)?;
            can_ask_members(&policies, &group, self.inner.clock.now())?;
            directory.sizes()[1].0 >= MAX_PEOPLE_GROUPS
        };
        let full = is_full.then(|| full("groups", MAX_PEOPLE_GROUPS));
        self.keep(DocumentKind::PeopleGroup, &id, group, full).await
    }

    /// Deletes a group that no rule and no chain asks for approval.
    pub async fn delete_people_group(&self, id: &str) -> Result<(), PolicyError> {
        let _changing = self.inner.policies.changing_people.lock().await;
        let id = folded(id);
        {
            let policies = self.inner.policies.load();
            let directory = &policies.directory;
            if directory.group_of_api(&id).is_none() {
                not_of_file("group", &id, directory.group(&id))?;
                return Err(PolicyError::NotFound("group"));
            }
            let is_covered = directory
                .group(&id)
                .is_some_and(|group| matches!(group.source, Source::File { .. }));
            if let Some(asking) = asking(&policies, &id).filter(|_| !is_covered) {
                return Err(PolicyError::Conflict(format!(
                    "{asking} asks the group {id:?} for approval; change that first"
                )));
            }
        }
        self.delete(DocumentKind::PeopleGroup, &id).await
    }
}

/// The first rule or chain whose approvals name a group.
fn asking(policies: &Policies, id: &str) -> Option<String> {
    let mut asking = asking_in_force(policies).into_iter();
    let found = asking.find(|asking| asking.names_group(id))?;
    Some(found.who)
}

/// Refuses members who are not there, all at once.
fn are_there(directory: &Directory, group: &Group) -> Result<(), PolicyError> {
    let gone = group
        .members
        .iter()
        .filter(|member| directory.person(member).is_none());
    let told: Vec<(String, String)> = gone
        .enumerate()
        .map(|(index, member)| {
            let ids = directory.people().map(|person| person.value.id.as_str());
            let near = nearest(member, ids.filter(|_| index < MAX_HINTS));
            let hint = near.map_or(String::new(), |near| format!("; did you mean {near:?}?"));
            let message = format!("has {member:?}, and there is no such person{hint}");
            ("members".to_owned(), message)
        })
        .collect();
    if told.is_empty() {
        return Ok(());
    }
    Err(PolicyError::Problems(told))
}
