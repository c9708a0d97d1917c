//! Definitions of chains in the rules' files.

use std::sync::Arc;

use acteon_flows::chain::Definition;
use acteon_rules::RuleSet;

use super::kept::FiledChain;

/// Definitions that the files of rules have. Whoever compiled them has told what is wrong with any.
pub(crate) fn filed(rules: &RuleSet) -> Arc<[FiledChain]> {
    let read = rules
        .chains()
        .iter()
        .filter_map(|chain| match Definition::read(chain.json()) {
            Ok(definition) => Some(FiledChain {
                definition: Arc::new(definition),
                source: chain.source().into(),
            }),
            Err(problems) => {
                let first = problems.first().map(ToString::to_string);
                tracing::error!(
                    chain = chain.name(),
                    source = chain.source(),
                    error = first,
                    "the definition of a chain cannot be read and has no effect"
                );
                None
            }
        });
    read.collect()
}
