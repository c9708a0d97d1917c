//! Directory: all people and groups, those of a file and those of the API.

use std::fmt;
use std::sync::Arc;

use crate::claims::Claims;
use crate::defined::Defined;
use crate::folded;
use crate::group::Group;
use crate::kept::Kept;
use crate::person::Person;
use crate::roster::Roster;

/// Directory of people and groups. Cloning is cheap, and a clone stays as it is.
///
/// What a file defines goes before what the API defines of the same id.
#[derive(Clone, Default)]
pub struct Directory {
    people: Kept<Person>,
    groups: Kept<Group>,
    /// Claims to userids.
    wechat: Claims,
    /// Claims to names of API keys.
    principals: Claims,
}

impl Directory {
    /// Person of an id, in any case.
    pub fn person(&self, id: &str) -> Option<&Arc<Defined<Person>>> {
        self.people.get(&folded(id))
    }

    /// Group of an id, in any case.
    pub fn group(&self, id: &str) -> Option<&Arc<Defined<Group>>> {
        self.groups.get(&folded(id))
    }

    /// Person of a userid at WeChat Work, in any case.
    pub fn of_wechat(&self, userid: &str) -> Option<&Arc<Defined<Person>>> {
        self.people.get(self.wechat.holder(&folded(userid))?)
    }

    /// Person of an API key's name.
    pub fn of_principal(&self, name: &str) -> Option<&Arc<Defined<Person>>> {
        self.people.get(self.principals.holder(name)?)
    }

    /// People in the order of their ids.
    pub fn people(&self) -> impl Iterator<Item = &Arc<Defined<Person>>> {
        self.people.all()
    }

    /// Groups in the order of their ids.
    pub fn groups(&self) -> impl Iterator<Item = &Arc<Defined<Group>>> {
        self.groups.all()
    }

    /// Groups that somebody is in.
    pub fn groups_of(&self, person: &str) -> impl Iterator<Item = &Arc<Defined<Group>>> {
        self.groups
            .all()
            .filter(move |group| group.value.has(person))
    }

    /// Numbers of people and of groups.
    pub fn counts(&self) -> (usize, usize) {
        (self.people.len(), self.groups.len())
    }

    /// Numbers and bytes in the store of the API's people, and of its groups.
    pub fn sizes(&self) -> [(usize, usize); 2] {
        [self.people.sizes(), self.groups.sizes()]
    }

    /// Person whom the API defines, also where a file covers that.
    pub fn person_of_api(&self, id: &str) -> Option<&Arc<Defined<Person>>> {
        self.people.of_api(&folded(id))
    }

    /// Group that the API defines, also where a file covers that.
    pub fn group_of_api(&self, id: &str) -> Option<&Arc<Defined<Group>>> {
        self.groups.of_api(&folded(id))
    }

    /// Puts a roster in the place of the one before.
    pub fn set_roster(&mut self, roster: &Roster) {
        let people = roster.people.iter();
        let groups = roster.groups.iter();
        self.people
            .set_file(people.map(|person| (folded(&person.value.id), person)));
        self.groups
            .set_file(groups.map(|group| (folded(&group.value.id), group)));
        (self.wechat, self.principals) = Default::default();
        let ids: Vec<String> = self
            .people
            .all()
            .map(|person| folded(&person.value.id))
            .collect();
        for id in &ids {
            self.claim(id);
        }
    }

    /// Puts in a person whom the API defines, in the place of one of the same id. `bytes` is what they take in the store.
    pub fn put_person(&mut self, person: Defined<Person>, bytes: usize) {
        let id = folded(&person.value.id);
        self.unclaim(&id);
        self.people.put(&id, person, bytes);
        self.claim(&id);
    }

    /// Removes a person whom the API defines.
    pub fn remove_person(&mut self, id: &str) {
        let id = folded(id);
        self.unclaim(&id);
        self.people.remove(&id);
        self.claim(&id);
    }

    /// Puts in a group that the API defines, in the place of one of the same id. `bytes` is what it takes in the store.
    pub fn put_group(&mut self, group: Defined<Group>, bytes: usize) {
        let id = folded(&group.value.id);
        self.groups.put(&id, group, bytes);
    }

    /// Removes a group that the API defines.
    pub fn remove_group(&mut self, id: &str) {
        self.groups.remove(&folded(id));
    }

    /// Removes all that the API defines.
    pub fn forget_api(&mut self) {
        let people: Vec<String> = self
            .people
            .all()
            .map(|person| folded(&person.value.id))
            .collect();
        for id in &people {
            self.remove_person(id);
        }
        self.groups.clear();
    }

    /// Contradictions between a file and the API, or of gateways that were asked at once, with what holds meanwhile.
    pub fn warnings(&self) -> Vec<String> {
        let covered = |what: &str, id: &str, of_file: Option<&crate::Source>| {
            let place = of_file.map_or(String::new(), ToString::to_string);
            format!(
                "the {what} {id:?} of the API has no effect beside {place}; delete it over the API"
            )
        };
        let people = self.people.covered().map(|id| {
            let of_file = self.person(id).map(|person| &person.source);
            covered("person", id, of_file)
        });
        let groups = self.groups.covered().map(|id| {
            let of_file = self.group(id).map(|group| &group.source);
            covered("group", id, of_file)
        });
        let contested = |what: &'static str, claims: &Claims| -> Vec<String> {
            let told = claims.contested().map(|people| {
                format!(
                    "{} have one {what}, which counts as that of {:?}",
                    people.join(" and "),
                    people[0]
                )
            });
            told.collect()
        };
        let missing = self.groups().flat_map(|group| {
            let gone = |member: &&String| self.person(member).is_none();
            let members = group.value.members.iter().filter(gone);
            members.map(|member| {
                format!(
                    "the group {:?} has the member {member:?}, who is not there any more",
                    group.value.id
                )
            })
        });
        let wechat = contested("userid at WeChat Work", &self.wechat);
        let principals = contested("principal", &self.principals);
        people
            .chain(groups)
            .chain(wechat)
            .chain(principals)
            .chain(missing)
            .collect()
    }

    fn claim(&mut self, id: &str) {
        let Some(person) = self.people.get(id).map(Arc::clone) else {
            return;
        };
        let Defined { value, source } = &*person;
        if let Some(userid) = &value.wechat {
            self.wechat.add(folded(userid), id, source);
        }
        if let Some(principal) = &value.principal {
            self.principals.add(principal.clone(), id, source);
        }
    }

    fn unclaim(&mut self, id: &str) {
        let Some(person) = self.people.get(id).map(Arc::clone) else {
            return;
        };
        if let Some(userid) = &person.value.wechat {
            self.wechat.remove(&folded(userid), id);
        }
        if let Some(principal) = &person.value.principal {
            self.principals.remove(principal, id);
        }
    }
}

/// Shows how many there are, and nobody.
impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (people, groups) = self.counts();
        f.debug_struct("Directory")
            .field("people", &people)
            .field("groups", &groups)
            .finish()
    }
}
