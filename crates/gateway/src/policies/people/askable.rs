//! Changes of people and groups held against the rules and chains that ask them for approval.

use acteon_core::Timestamp;
use acteon_flows::approval::unaskable;
use acteon_people::{Defined, Directory, Group, Person, Source, folded};

use crate::approvals::KnownPeople;
use crate::approvals::asking::{Asking, asking_in_force};
use crate::policies::Policies;
use crate::policies::error::PolicyError;

/// Refuses members with whom a rule or a chain that asks the group could ask nobody any more.
pub(super) fn can_ask_members(
    policies: &Policies,
    group: &Group,
    now: Timestamp,
) -> Result<(), PolicyError> {
    let id = folded(&group.id);
    let mut asking = asking_in_force(policies);
    asking.retain(|asking| asking.names_group(&id));
    if asking.is_empty() {
        return Ok(());
    }
    let mut directory = policies.directory.clone();
    directory.put_group(of_api(group, now), 0);
    can_be_asked(policies, &asking, directory, "with these members")
}

/// Refuses a userid and a key by which two of those whom a rule or a chain asks become one person, so that it could not ask as many as it needs.
pub(super) fn can_ask_person(
    policies: &Policies,
    person: &Person,
    now: Timestamp,
) -> Result<(), PolicyError> {
    let is_known_by = |known: &Person| (known.wechat.clone(), known.principal.clone());
    let before = policies.directory.person(&person.id);
    let before = before.map_or_else(Default::default, |before| is_known_by(&before.value));
    if is_known_by(person) == before {
        return Ok(());
    }
    let asking = asking_in_force(policies);
    if asking.is_empty() {
        return Ok(());
    }
    let mut directory = policies.directory.clone();
    directory.put_person(of_api(person, now), 0);
    can_be_asked(policies, &asking, directory, "with this userid and key")
}

fn of_api<T: Clone>(value: &T, now: Timestamp) -> Defined<T> {
    Defined {
        value: value.clone(),
        source: Source::Api {
            created_at: now,
            updated_at: now,
        },
    }
}

/// Refuses a directory by which something could ask nobody any more that could before.
fn can_be_asked(
    policies: &Policies,
    asking: &[Asking<'_>],
    directory: Directory,
    with: &str,
) -> Result<(), PolicyError> {
    let before = KnownPeople(policies.directory.clone());
    let after = KnownPeople(directory);
    for asking in asking {
        let problems = unaskable(&asking.policy, &after);
        if let Some(problem) = problems.first()
            && unaskable(&asking.policy, &before).is_empty()
        {
            return Err(PolicyError::Conflict(format!(
                "{with} {} could ask nobody for approval any more: {} {}; change that first",
                asking.who, problem.key, problem.message
            )));
        }
    }
    Ok(())
}
