//! Surroundings that rules may refer to: providers, time intervals, zones and the environment.

use std::collections::{BTreeMap, BTreeSet};

use acteon_core::ProviderName;
use acteon_schedule::Calendars;

/// Surroundings that rules may refer to.
#[derive(Clone, Debug)]
pub struct Context {
    /// The configured providers; `None` where they are not known.
    pub providers: Option<BTreeSet<ProviderName>>,
    /// Names of time intervals that are not in the files; `None` where they are not known.
    pub intervals: Option<BTreeSet<String>>,
    /// Names of the chains that rules may start; `None` where they are not known.
    pub chains: Option<BTreeSet<String>>,
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
            chains: Some(BTreeSet::new()),
            calendars: Calendars::default(),
            default_timezone: "UTC".into(),
            env: BTreeMap::new(),
        }
    }
}
