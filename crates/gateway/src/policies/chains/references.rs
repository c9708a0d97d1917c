//! What a definition of a chain refers to, looked at before it is written: providers, people, and chains that start each other.

use std::collections::BTreeMap;

use acteon_core::similar::nearest;
use acteon_core::{ApprovalPolicy, PolicyProblem};
use acteon_flows::approval::{Directory, unaskable};
use acteon_flows::chain::{Definition, DefinitionSet, NotASet, Problem, StepKind};

use super::kept::Chains;
use crate::registry::Providers;

/// Names of providers that a problem lists at most.
const MAX_LISTED: usize = 20;

/// Check of a policy of approvals by the people that are known.
pub type AskCheck<'c> = &'c dyn Fn(&ApprovalPolicy) -> Vec<PolicyProblem>;

/// Problems of what a definition refers to: `providers`, `others`, which are the other chains, and the check of approvals are `None` where they are not
/// known.
pub fn chain_problems(
    definition: &Definition,
    others: Option<&BTreeMap<&str, &Definition>>,
    providers: Option<&[&str]>,
    check: Option<AskCheck<'_>>,
) -> Vec<Problem> {
    let mut problems = of_providers(definition, providers);
    problems.extend(
        check
            .into_iter()
            .flat_map(|check| of_approvals(definition, check)),
    );
    problems.extend(
        others
            .into_iter()
            .flat_map(|all| of_chains(definition, all)),
    );
    problems
}

/// Problems of a definition beside those that there are.
pub(super) fn problems(
    definition: &Definition,
    chains: &Chains,
    providers: &Providers,
    directory: &dyn Directory,
) -> Vec<Problem> {
    let others = chains
        .all()
        .map(|other| (other.name.as_str(), &**other))
        .collect();
    let names: Vec<&str> = providers
        .entries()
        .map(|entry| entry.name.as_str())
        .collect();
    let check = |policy: &ApprovalPolicy| unaskable(policy, directory);
    chain_problems(definition, Some(&others), Some(&names), Some(&check))
}

fn of_providers(definition: &Definition, providers: Option<&[&str]>) -> Vec<Problem> {
    let Some(known) = providers else {
        return Vec::new();
    };
    let unknown = |name: &str| {
        let hint = nearest(name, known.iter().copied()).map_or_else(
            || {
                let listed = &known[..known.len().min(MAX_LISTED)];
                format!("configured are: {}", listed.join(", "))
            },
            |near| format!("did you mean {near}?"),
        );
        format!("there is no provider {name:?}; {hint}")
    };
    let references = definition.references().providers;
    references
        .into_iter()
        .filter(|(name, _)| !known.contains(&name.as_str()))
        .map(|(name, path)| Problem {
            path,
            message: unknown(name.as_str()),
        })
        .collect()
}

/// Approvals that nobody could ever be asked for.
fn of_approvals(definition: &Definition, check: AskCheck<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (step, path) in definition.steps_with_paths() {
        let StepKind::Approval { policy, .. } = &step.kind else {
            continue;
        };
        // What cannot be read was told when the definition was.
        let Ok(policy) = serde_json::from_str::<ApprovalPolicy>(policy.get()) else {
            continue;
        };
        let found = check(&policy).into_iter();
        problems.extend(found.map(|problem| Problem {
            path: format!("{path}.approval.{}", problem.key),
            message: problem.message,
        }));
    }
    problems
}

/// Chains that it starts, and those that start it and would not fit together any more.
fn of_chains(definition: &Definition, others: &BTreeMap<&str, &Definition>) -> Vec<Problem> {
    let mut others = others.clone();
    others.insert(&definition.name, definition);
    let find = |name: &str| others.get(name).copied();
    let unknown: Vec<Problem> = definition
        .references()
        .chains
        .into_iter()
        .filter(|(chain, _)| !others.contains_key(chain.as_str()))
        .map(|(chain, path)| Problem {
            path,
            message: unknown_chain(&chain, others.keys().copied()),
        })
        .collect();
    if !unknown.is_empty() {
        return unknown;
    }
    if let Err(error) = DefinitionSet::of(definition, &find) {
        return vec![whole(error.to_string())];
    }
    starting(&definition.name, &others)
        .into_iter()
        .filter_map(|above| match DefinitionSet::of(above, &find) {
            // What is unknown was so before.
            Ok(_) | Err(NotASet::Unknown { .. }) => None,
            Err(error) => Some(whole(format!(
                "the chain {:?}, which starts this one, could not be started any more: {error}",
                above.name
            ))),
        })
        .collect()
}

/// Definitions that start a chain, or one that does.
fn starting<'d>(name: &str, all: &BTreeMap<&str, &'d Definition>) -> Vec<&'d Definition> {
    let mut found: Vec<&Definition> = Vec::new();
    let mut wanted = vec![name];
    while let Some(wanted_name) = wanted.pop() {
        for definition in all.values().copied() {
            let is_known = found.iter().any(|known| known.name == definition.name);
            let starts = || {
                let chains = definition.references().chains;
                chains.iter().any(|(chain, _)| chain == wanted_name)
            };
            if !is_known && definition.name != name && starts() {
                found.push(definition);
                wanted.push(&definition.name);
            }
        }
    }
    found
}

fn whole(message: String) -> Problem {
    Problem {
        path: String::new(),
        message,
    }
}

fn unknown_chain<'n>(chain: &str, known: impl Iterator<Item = &'n str>) -> String {
    let hint = nearest(chain, known).map_or_else(
        || "make it first, or correct the name".to_owned(),
        |near| format!("did you mean {near}?"),
    );
    format!("no chain is named {chain:?}; {hint}")
}
