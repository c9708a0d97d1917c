//! Resolving of references: whom approvers and mentions mean.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::defined::Defined;
use crate::directory::Directory;
use crate::folded;
use crate::person::Person;
use crate::reference::{BadReference, Reference};

/// People whom references mean.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// People in the order in which they are named, each once.
    pub people: Vec<Arc<Defined<Person>>>,
    /// Names of API keys that are nobody's, as far as the directory knows, each once.
    pub principals: Vec<String>,
    /// What means nobody.
    pub unknown: Vec<Unknown>,
}

/// Reference, or part of one, that means nobody.
///
/// Its text names nobody but whom the reference names: it may be shown to callers who may not see the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// It is no reference.
    Malformed(BadReference),
    /// There is no such person.
    Person(String),
    /// There is no such group.
    Group(String),
    /// The group has a member who is not there any more.
    Member {
        /// Id of the group.
        group: String,
        /// Id of the member.
        member: String,
    },
}

impl Directory {
    /// People whom references mean: `zhangsan`, `group:release-managers`, `principal:ci`.
    pub fn resolve<'r>(&self, references: impl IntoIterator<Item = &'r str>) -> Resolved {
        let mut found = Resolved::default();
        let mut seen = BTreeSet::new();
        for text in references {
            match Reference::parse(text) {
                Ok(reference) => self.resolve_one(&reference, &mut seen, &mut found),
                Err(error) => found.unknown.push(Unknown::Malformed(error)),
            }
        }
        found
    }

    fn resolve_one(
        &self,
        reference: &Reference,
        seen: &mut BTreeSet<String>,
        found: &mut Resolved,
    ) {
        match reference {
            Reference::Person(id) => match self.person(id) {
                Some(person) => found.add(person, seen),
                None => found.unknown.push(Unknown::Person(id.clone())),
            },
            Reference::Group(id) => {
                let Some(group) = self.group(id) else {
                    found.unknown.push(Unknown::Group(id.clone()));
                    return;
                };
                for member in &group.value.members {
                    match self.person(member) {
                        Some(person) => found.add(person, seen),
                        None => found.unknown.push(Unknown::Member {
                            group: id.clone(),
                            member: member.clone(),
                        }),
                    }
                }
            }
            Reference::Principal(name) => match self.of_principal(name) {
                Some(person) => found.add(person, seen),
                None if found.principals.contains(name) => {}
                None => found.principals.push(name.clone()),
            },
        }
    }
}

impl Resolved {
    fn add(&mut self, person: &Arc<Defined<Person>>, seen: &mut BTreeSet<String>) {
        if seen.insert(folded(&person.value.id)) {
            self.people.push(Arc::clone(person));
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::Person(id) => write!(f, "there is no person {id:?}"),
            Self::Group(id) => write!(f, "there is no group {id:?}"),
            Self::Member { group, .. } => {
                write!(
                    f,
                    "the group {group:?} has a member who is not there any more"
                )
            }
        }
    }
}
