//! Roster: the people and groups that a file lists.

use std::collections::HashMap;
use std::sync::Arc;

use acteon_core::limits::{MAX_PEOPLE, MAX_PEOPLE_GROUPS};

use crate::check::Fault;
use crate::defined::{Defined, Source};
use crate::folded;
use crate::group::Group;
use crate::person::Person;

/// Roster: the people and groups of a file. What was added with faults is in it too, so that nobody is told of what follows from them.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    pub(crate) people: Vec<Arc<Defined<Person>>>,
    pub(crate) groups: Vec<Arc<Defined<Group>>>,
    /// Places in the list, by folded ids.
    ids: HashMap<String, usize>,
    group_ids: HashMap<String, usize>,
    /// Places in the list, by folded userids.
    userids: HashMap<String, usize>,
    principals: HashMap<String, usize>,
}

impl Roster {
    /// Adds a person, and tells all that is wrong with them beside those who are in it.
    pub fn add_person(&mut self, person: Defined<Person>) -> Vec<Fault> {
        let place = self.people.len();
        let Person {
            id,
            wechat,
            principal,
            ..
        } = &person.value;
        let mut faults = person.value.faults();
        if place == MAX_PEOPLE {
            faults.push(Fault::new(
                "id",
                format!("is one too many: there may be {MAX_PEOPLE} people"),
            ));
        }
        let people = &self.people;
        let mut claim = |names: &mut HashMap<String, usize>, field, name: String, how: &str| {
            let before = *names.entry(name).or_insert(place);
            if before != place {
                let other = people
                    .get(before)
                    .map_or(String::new(), |other| place_of(&other.source));
                faults.push(Fault::new(
                    field,
                    format!("is that of the person in {other} too{how}"),
                ));
            }
        };
        let caseless = ", since no difference is made between capitals and small letters";
        claim(&mut self.ids, "id", folded(id), caseless);
        if let Some(userid) = wechat {
            claim(&mut self.userids, "wechat", folded(userid), caseless);
        }
        if let Some(principal) = principal {
            claim(&mut self.principals, "principal", principal.clone(), "");
        }
        self.people.push(Arc::new(person));
        faults
    }

    /// Adds a group of people who are in it, and tells all that is wrong with it.
    pub fn add_group(&mut self, group: Defined<Group>) -> Vec<Fault> {
        let place = self.groups.len();
        let mut faults = group.value.faults();
        if place == MAX_PEOPLE_GROUPS {
            let message = format!("is one too many: there may be {MAX_PEOPLE_GROUPS} groups");
            faults.push(Fault::new("id", message));
        }
        let before = *self
            .group_ids
            .entry(folded(&group.value.id))
            .or_insert(place);
        if before != place {
            let other = self
                .groups
                .get(before)
                .map_or(String::new(), |other| place_of(&other.source));
            faults.push(Fault::new(
                "id",
                format!("is that of the group in {other} too"),
            ));
        }
        // An id that is none is told of already.
        let members = group.value.members.iter();
        for member in members.filter(|member| crate::check::id(member).is_none()) {
            if !self.ids.contains_key(&folded(member)) {
                let message = format!("has {member:?}, who is not among the people of this file");
                faults.push(Fault::new("members", message));
            }
        }
        self.groups.push(Arc::new(group));
        faults
    }

    /// Numbers of people and of groups.
    pub fn counts(&self) -> (usize, usize) {
        (self.people.len(), self.groups.len())
    }

    /// Whether another says the same, in whatever lines.
    pub fn says_what(&self, other: &Self) -> bool {
        let people = |roster: &Self| -> Vec<Person> { values(&roster.people) };
        let groups = |roster: &Self| -> Vec<Group> { values(&roster.groups) };
        people(self) == people(other) && groups(self) == groups(other)
    }
}

fn values<T: Clone>(list: &[Arc<Defined<T>>]) -> Vec<T> {
    list.iter().map(|defined| defined.value.clone()).collect()
}

/// Place within the same file, for messages.
fn place_of(source: &Source) -> String {
    match source {
        Source::File { line, .. } => format!("line {line}"),
        Source::Api { .. } => source.to_string(),
    }
}
