//! What of the rules and chains in force that ask people does not fit the people that are known.

use std::sync::Arc;

use super::asking::approval_warnings;
use crate::shared::Gateway;

impl Gateway {
    /// Rules and chains in force that ask people for approval and could ask nobody, the first of them. What they match is not asked about, and fails.
    pub fn unaskable_approvals(&self) -> Arc<[String]> {
        let policies = self.inner.policies.load_full();
        self.inner.approvals.unaskable.by(&policies)
    }

    /// What of the rules and chains in force that ask people does not fit the people that are known.
    pub fn approval_warnings(&self) -> Vec<String> {
        let policies = self.inner.policies.load_full();
        let policies = Arc::as_ref(&policies);
        let chains = policies.chains.all().map(|definition| &**definition);
        let callers_are_known = self.inner.options.approvals.callers_are_known;
        approval_warnings(
            &policies.loaded,
            chains,
            &policies.directory,
            callers_are_known,
        )
    }
}
