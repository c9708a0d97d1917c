//! People whom approvers mean, as the gateway's directory knows them.

use std::sync::Arc;

use acteon_core::{GROUP, PRINCIPAL};
use acteon_flows::approval::{Directory, Person, UnknownApprover};
use acteon_people::Language;

use crate::policies::CurrentPolicies;

/// Directory of people and groups that is in force.
pub(super) struct PeopleInForce(pub(super) Arc<CurrentPolicies>);

/// People and groups of files, as approvals know them.
pub struct KnownPeople(pub acteon_people::Directory);

impl Directory for PeopleInForce {
    fn resolve(&self, entry: &str) -> Result<Vec<Person>, UnknownApprover> {
        meant(&self.0.load().directory, entry)
    }
}

impl Directory for KnownPeople {
    fn resolve(&self, entry: &str) -> Result<Vec<Person>, UnknownApprover> {
        meant(&self.0, entry)
    }
}

/// People whom an entry of the approvers means. A name that is nobody's in the directory is taken as it is, for a userid in WeChat Work: a rule that works
/// goes on working whoever comes into the directory.
fn meant(known: &acteon_people::Directory, entry: &str) -> Result<Vec<Person>, UnknownApprover> {
    let is_group = entry.starts_with(GROUP);
    let mut found = known.resolve([entry]);
    if let Some(unknown) = found.unknown.first() {
        // Rules and older approvals may name a userid.
        if let Some(person) = known.of_wechat(entry) {
            return Ok(vec![of(&person.value)]);
        }
        let why = if is_group {
            format!("means nobody: {unknown}")
        } else if let Some(wrong) = acteon_people::wrong_id(entry) {
            // A template may come to anything: `a|@all` would be asked, and cannot be.
            format!("is nobody's id, which {wrong}")
        } else {
            return Ok(vec![plain(entry)]);
        };
        return Err(UnknownApprover {
            entry: entry.to_owned(),
            why,
        });
    }
    let people = found.people.drain(..).map(|person| of(&person.value));
    let principals = found.principals.iter().map(|name| principal(name));
    Ok(people.chain(principals).collect())
}

fn of(person: &acteon_people::Person) -> Person {
    Person {
        id: person.id.clone(),
        name: person.name.clone(),
        wechat: person.wechat.clone(),
        principal: person.principal.clone(),
        language: person.language.map(|language| {
            match language {
                Language::English => "en",
                Language::Chinese => "zh",
            }
            .to_owned()
        }),
        time_zone: person.time_zone.clone(),
    }
}

fn plain(entry: &str) -> Person {
    Person {
        id: entry.to_owned(),
        wechat: Some(entry.to_owned()),
        ..Person::default()
    }
}

fn principal(name: &str) -> Person {
    Person {
        id: format!("{PRINCIPAL}{name}"),
        name: Some(name.to_owned()),
        principal: Some(name.to_owned()),
        ..Person::default()
    }
}
