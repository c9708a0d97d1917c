//! Checks of policies by a directory, before anything is asked for.

use acteon_core::limits::MAX_APPROVERS;
use acteon_core::{ApprovalPolicy, GROUP, PolicyProblem, Quorum, is_template};

use super::people::{Directory, Person};
use super::quorum::met;

/// What keeps a policy from ever being asked by: groups that are not there, more people than may be asked, and quorums that all of them together do not
/// reach. Names that are templates may be anybody's, and a person whom the directory does not have may still come into it.
pub fn unaskable(policy: &ApprovalPolicy, directory: &dyn Directory) -> Vec<PolicyProblem> {
    let mut problems = Vec::new();
    let approvers = people("approvers", &policy.approvers, directory, &mut problems);
    people("escalate_to", &policy.escalate_to, directory, &mut problems);
    if problems.is_empty() {
        problems.extend(out_of_reach(policy, &approvers));
    }
    problems
}

/// People of each entry; `None` of a template.
fn people(
    key: &'static str,
    entries: &[String],
    directory: &dyn Directory,
    problems: &mut Vec<PolicyProblem>,
) -> Vec<Option<Vec<Person>>> {
    let mut add = |message: String| problems.push(PolicyProblem { key, message });
    let mut found = Vec::with_capacity(entries.len());
    for entry in entries {
        found.push(match directory.resolve(entry) {
            _ if is_template(entry) => None,
            Ok(people) => Some(people),
            Err(unknown) if entry.starts_with(GROUP) => {
                add(format!("has {entry:?}, which {}", unknown.why));
                None
            }
            Err(_) => Some(vec![Person {
                id: entry.clone(),
                ..Person::default()
            }]),
        });
    }
    let count: usize = found.iter().flatten().map(Vec::len).sum();
    if count > MAX_APPROVERS {
        add(format!(
            "are {count} people, at most {MAX_APPROVERS} are allowed"
        ));
    }
    found
}

/// Why the quorum is out of reach, if it is: also where everybody may decide who is named.
fn out_of_reach(
    policy: &ApprovalPolicy,
    approvers: &[Option<Vec<Person>>],
) -> Option<PolicyProblem> {
    let mut different: Vec<&Person> = Vec::new();
    for person in approvers.iter().flatten().flatten() {
        if !different.iter().any(|known| known.is(&person.id)) {
            different.push(person);
        }
    }
    let known: Vec<&Vec<Person>> = approvers.iter().flatten().collect();
    let (needed, have) = match policy.quorum {
        // Whoever has the link decides, or a template may name anybody.
        _ if approvers.is_empty() => return None,
        Quorum::Count(_) if known.len() < approvers.len() => return None,
        Quorum::Count(count) => (count as usize, different.len()),
        Quorum::Each => {
            let speaks_for = |person: usize, entry: usize| {
                known[entry]
                    .iter()
                    .any(|other| other.is(&different[person].id))
            };
            (known.len(), met(known.len(), different.len(), &speaks_for))
        }
    };
    (have < needed).then(|| PolicyProblem {
        key: "quorum",
        message: match policy.quorum {
            Quorum::Count(_) => {
                format!("is {needed}, and the approvers are only {have} different people")
            }
            Quorum::Each => format!(
                "is each, and only {have} of {needed} entries can have an approval of a person of their own"
            ),
        },
    })
}
