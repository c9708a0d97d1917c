//! People whom approvers mean, as the gateway's directory knows them.

use std::sync::Arc;

use acteon_core::{GROUP, PRINCIPAL};
use acteon_flows::approval::{Directory, Person, UnknownApprover};
use acteon_people::Language;

use crate::policies::CurrentPolicies;

/// Directory of people and groups that is in force. While it is empty a name is taken as it is, for a userid in WeChat Work.
pub(super) struct PeopleInForce(pub(super) Arc<CurrentPolicies>);

impl Directory for PeopleInForce {
    fn resolve(&self, entry: &str) -> Result<Vec<Person>, UnknownApprover> {
        let policies = self.0.load();
        let known = &policies.directory;
        let is_group = entry.starts_with(GROUP);
        if known.counts().0 == 0 && !is_group {
            return Ok(vec![plain(entry)]);
        }
        let mut found = known.resolve([entry]);
        if let Some(unknown) = found.unknown.first() {
            // Rules and older approvals may name a userid.
            if let Some(person) = known.of_wechat(entry) {
                return Ok(vec![of(&person.value)]);
            }
            return Err(UnknownApprover {
                entry: entry.to_owned(),
                why: format!("means nobody: {unknown}"),
            });
        }
        let people = found.people.drain(..).map(|person| of(&person.value));
        let principals = found.principals.iter().map(|name| principal(name));
        Ok(people.chain(principals).collect())
    }
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
    }
}

fn plain(entry: &str) -> Person {
    match entry.strip_prefix(PRINCIPAL) {
        Some(name) => principal(name),
        None => Person {
            id: entry.to_owned(),
            wechat: Some(entry.to_owned()),
            ..Person::default()
        },
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
