//! Definitions of chains in the rules' files: all that is wrong with them, when the rules are loaded.

use std::collections::BTreeMap;

use acteon_core::{ApprovalPolicy, ProviderName};
use acteon_flows::chain::Definition;
use acteon_gateway::{AskCheck, chain_problems};
use acteon_rules::{ChainFault, ChainSource, Context};

/// What is wrong with the definitions of the files, beside those of the store.
pub(crate) fn check_chains(sources: &[ChainSource], context: &Context) -> Vec<ChainFault> {
    let fault = |index, path: String, message: String| ChainFault {
        index,
        path,
        message,
    };
    let mut faults = Vec::new();
    let mut read = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        match Definition::read(source.json()) {
            Ok(definition) => read.push((index, definition)),
            Err(problems) => {
                let told = problems.into_iter();
                faults.extend(told.map(|problem| fault(index, problem.path, problem.message)));
            }
        }
    }
    // Of those that cannot be read nobody knows what they start.
    let stored: Option<Vec<Definition>> = context
        .chains
        .as_ref()
        .filter(|_| faults.is_empty())
        .map(|stored| {
            let read = stored.values().map(|json| serde_json::from_str(json));
            read.filter_map(Result::ok).collect()
        });
    let others: Option<BTreeMap<&str, &Definition>> = stored.as_ref().map(|stored| {
        let of_files = read.iter().map(|(_, definition)| definition);
        let all = stored.iter().chain(of_files);
        all.map(|definition| (definition.name.as_str(), definition))
            .collect()
    });
    let providers: Option<Vec<&str>> = context
        .providers
        .as_ref()
        .map(|names| names.iter().map(ProviderName::as_str).collect());
    for (index, definition) in &read {
        let check = context.check_approval.as_ref();
        let check = check.map(|check| |policy: &ApprovalPolicy| check.problems(policy));
        let check: Option<AskCheck<'_>> = check.as_ref().map(|check| check as AskCheck<'_>);
        let problems = chain_problems(definition, others.as_ref(), providers.as_deref(), check);
        faults.extend(
            problems
                .into_iter()
                .map(|problem| fault(*index, problem.path, problem.message)),
        );
    }
    faults
}
