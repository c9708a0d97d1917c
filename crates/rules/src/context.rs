//! Surroundings that rules may refer to: providers, time intervals, zones and the environment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use acteon_core::ProviderName;
use acteon_schedule::Calendars;

use crate::chain_source::{ChainFault, ChainSource};

/// Check of the definitions of all files.
pub type CheckChains = fn(&[ChainSource], &Context) -> Vec<ChainFault>;

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
            calendars: Calendars::default(),
            default_timezone: "UTC".into(),
            env: BTreeMap::new(),
        }
    }
}
