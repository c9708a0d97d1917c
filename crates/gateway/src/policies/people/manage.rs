//! Management of people: looking at them, making, changing and deleting them; and the directory for whoever names them.

use std::sync::Arc;

use acteon_core::limits::MAX_PEOPLE;
use acteon_people::{Defined, Directory, Fault, Person, Roster, Source, folded};
use acteon_store::{DocumentKind, Put, StoreError};
use serde::Serialize;

use super::askable::can_ask_person;
use super::document::{Kept, created_at};
use crate::approvals::asking::asking_in_force;
use crate::policies::Policies;
use crate::policies::change::TRIES;
use crate::policies::error::PolicyError;
use crate::shared::Gateway;

/// What a change made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// Something that was not there before.
    New,
    /// Another version of what was there.
    Changed,
}

impl Gateway {
    /// People and groups in force.
    pub fn directory(&self) -> Directory {
        self.inner.policies.load().directory.clone()
    }

    /// Puts the people and groups of a file in force, in the place of those before.
    pub async fn set_roster(&self, roster: &Roster) {
        self.inner.policies.set_roster(roster).await;
    }

    /// Person of this id, in any case.
    pub fn person(&self, id: &str) -> Result<Arc<Defined<Person>>, PolicyError> {
        let policies = self.inner.policies.load();
        let found = policies.directory.person(id).map(Arc::clone);
        found.ok_or(PolicyError::NotFound("person"))
    }

    /// Makes a person, or puts them in the place of the one with their id.
    pub async fn put_person(&self, person: Person) -> Result<(Defined<Person>, Made), PolicyError> {
        check(person.faults())?;
        let _changing = self.inner.policies.changing_people.lock().await;
        let id = folded(&person.id);
        let is_full = {
            let policies = self.inner.policies.load();
            let directory = &policies.directory;
            not_of_file("person", &person.id, directory.person(&id))?;
            no_other_has(directory, &person, &id)?;
            can_ask_person(&policies, &person, self.inner.clock.now())?;
            directory.sizes()[0].0 >= MAX_PEOPLE
        };
        let full = is_full.then(|| full("people", MAX_PEOPLE));
        self.keep(DocumentKind::Person, &id, person, full).await
    }

    /// Deletes a person who is in no group, and whom no rule and no chain asks for approval.
    pub async fn delete_person(&self, id: &str) -> Result<(), PolicyError> {
        let _changing = self.inner.policies.changing_people.lock().await;
        let id = folded(id);
        {
            let policies = self.inner.policies.load();
            let directory = &policies.directory;
            if directory.person_of_api(&id).is_none() {
                not_of_file("person", &id, directory.person(&id))?;
                return Err(PolicyError::NotFound("person"));
            }
            let is_covered = directory
                .person(&id)
                .is_some_and(|person| matches!(person.source, Source::File { .. }));
            let groups: Vec<String> = directory
                .groups_of(&id)
                .filter(|_| !is_covered)
                .map(|group| format!("{:?}", group.value.id))
                .collect();
            if !groups.is_empty() {
                let many = if groups.len() == 1 { "" } else { "s" };
                return Err(PolicyError::Conflict(format!(
                    "the person {id:?} is a member of the group{many} {}; take them out first",
                    groups.join(", ")
                )));
            }
            if let Some(asking) = asking_for(&policies, &id).filter(|_| !is_covered) {
                return Err(PolicyError::Conflict(format!(
                    "{asking} asks the person {id:?} for approval; change that first"
                )));
            }
        }
        self.delete(DocumentKind::Person, &id).await
    }

    /// Writes the document of a person or group whose folded id is given, unless it would be new and there are as many as there may be. The caller
    /// holds `changing_people`.
    pub(super) async fn keep<T: Serialize>(
        &self,
        kind: DocumentKind,
        id: &str,
        value: T,
        full: Option<PolicyError>,
    ) -> Result<(Defined<T>, Made), PolicyError> {
        let now = self.inner.clock.now();
        let mut kept = Kept {
            value,
            created_at: now,
            updated_at: now,
        };
        for _ in 0..TRIES {
            let document = self.inner.store.document(kind, id).await?;
            let before = document.as_ref();
            kept.created_at = before.and_then(created_at).unwrap_or(now);
            if before.is_none()
                && let Some(full) = full
            {
                return Err(full);
            }
            let there = before.map(|document| (document.version, document.body.len()));
            if let Put::Written(_) = self.put(kind, (id, id), &kept, there).await? {
                let made = if there.is_some() {
                    Made::Changed
                } else {
                    Made::New
                };
                return Ok((kept.defined(), made));
            }
        }
        Err(PolicyError::Store(StoreError::Busy))
    }
}

/// The first rule or chain that asks a person, by their id or by their userid.
fn asking_for(policies: &Policies, id: &str) -> Option<String> {
    let person = policies.directory.person(id)?;
    let userid = person.value.wechat.as_deref().map(folded);
    let ids: Vec<String> = userid.into_iter().chain([id.to_owned()]).collect();
    let mut asking = asking_in_force(policies).into_iter();
    let found = asking.find(|asking| asking.names_one_of(&ids))?;
    Some(found.who)
}

/// Refuses what is wrong by itself.
pub(super) fn check(faults: Vec<Fault>) -> Result<(), PolicyError> {
    if faults.is_empty() {
        return Ok(());
    }
    let told = faults.into_iter();
    let told = told.map(|fault| (fault.field.to_owned(), fault.message));
    Err(PolicyError::Problems(told.collect()))
}

/// Refuses a change of what a file defines.
pub(super) fn not_of_file<T>(
    what: &str,
    id: &str,
    defined: Option<&Arc<Defined<T>>>,
) -> Result<(), PolicyError> {
    match defined.map(|defined| &defined.source) {
        Some(source @ Source::File { .. }) => Err(PolicyError::Conflict(format!(
            "the {what} {id:?} is defined in {source}; change that file"
        ))),
        Some(Source::Api { .. }) | None => Ok(()),
    }
}

pub(super) fn full(what: &str, most: usize) -> PolicyError {
    PolicyError::Conflict(format!(
        "the API has made {most} {what}, which is the limit"
    ))
}

/// Refuses a userid and a principal that another person has.
fn no_other_has(directory: &Directory, person: &Person, id: &str) -> Result<(), PolicyError> {
    let wechat = person.wechat.as_deref();
    let principal = person.principal.as_deref();
    let holders = [
        (
            "wechat",
            wechat.and_then(|userid| directory.of_wechat(userid)),
        ),
        (
            "principal",
            principal.and_then(|name| directory.of_principal(name)),
        ),
    ];
    let taken: Vec<String> = holders
        .into_iter()
        .filter_map(|(field, holder)| Some((field, &holder?.value.id)))
        .filter(|(_, holder)| folded(holder) != id)
        .map(|(field, holder)| format!("{field} is that of the person {holder:?}"))
        .collect();
    if taken.is_empty() {
        return Ok(());
    }
    Err(PolicyError::Conflict(format!(
        "{}; each person has their own",
        taken.join(", and ")
    )))
}
