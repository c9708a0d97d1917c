//! Surroundings that rules may refer to: providers, time intervals, zones and the environment.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use acteon_core::{ApprovalPolicy, PolicyProblem, ProviderName};
use acteon_schedule::Calendars;

use crate::chain_source::{ChainFault, ChainSource};

/// Check of the definitions of all files.
pub type CheckChains = fn(&[ChainSource], &Context) -> Vec<ChainFault>;

/// Function that says what keeps a policy from ever being asked by.
type Problems = dyn Fn(&ApprovalPolicy) -> Vec<PolicyProblem> + Send + Sync;

/// Check of policies of approvals by the people that are known.
#[derive(Clone)]
pub struct CheckApproval(Arc<Problems>);

impl CheckApproval {
    /// Check that is this function.
    pub fn new(
        check: impl Fn(&ApprovalPolicy) -> Vec<PolicyProblem> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(check))
    }

    /// What keeps a policy from ever being asked by.
    pub fn problems(&self, policy: &ApprovalPolicy) -> Vec<PolicyProblem> {
        (self.0)(policy)
    }
}

impl fmt::Debug for CheckApproval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckApproval")
    }
}

/// Surroundings that rules may refer to.
#[derive(Clone, Debug)]
pub struct Context {
    /// The configured providers; `None` where they are not known.
    pub providers: Option<BTreeSet<ProviderName>>,
    /// Names of time intervals that are not in the files; `None` where they are not known.
    pub intervals: Option<BTreeSet<String>>,
    /// Definitions of chains that are not in the files, as JSON by their names; `None` where they are not known.
    pub chains: Option<BTreeMap<String, Arc<str>>>,
    /// Check of the definitions of chains in the files.
    pub check_chains: CheckChains,
    /// Check of who is asked for approval; `None` where nobody knows who is there.
    pub check_approval: Option<CheckApproval>,
    /// The calendars that time intervals may go by.
    pub calendars: Calendars,
    /// The zone of `time.*` where a rule names none.
    pub default_timezone: String,
    /// Texts that `env.NAME` stands for, by name.
    pub env: BTreeMap<String, String>,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            providers: None,
            intervals: Some(BTreeSet::new()),
            chains: Some(BTreeMap::new()),
            check_chains: |_, _| Vec::new(),
            check_approval: None,
            calendars: Calendars::default(),
            default_timezone: "UTC".into(),
            env: BTreeMap::new(),
        }
    }
}
