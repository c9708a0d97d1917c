//! Decisions about an action: rules, silences and time intervals.
//!
//! Everything here is pure: data in, data out; no clock, no store, no await. A [`RuleSet`] is
//! compiled once from YAML and shared; [`Facts`] are what it may look at, payload and calendar only
//! when something asks. Conditions, written as predicates or as CEL, become one expression tree
//! with three truth values (`docs/adr/0003`). The first rule that matches, by priority, gives the
//! [`Verdict`].

mod cel;
mod chain_file;
mod chain_source;
mod context;
mod diagnostic;
mod eval;
mod expr;
mod facts;
mod file;
mod fixture;
mod functions;
mod index;
mod interval;
mod interval_file;
mod matcher;
mod matcher_index;
mod never;
mod on_mute;
mod path;
mod pattern;
mod predicate;
mod quote;
mod reader;
pub mod reading;
mod rule;
mod set;
mod template;
mod trace;
mod types;
mod value;
mod verdict;
mod yaml;
mod zone;

pub use acteon_config::Diagnostic;
pub use chain_source::{ChainFault, ChainSource};
pub use context::{CheckApproval, CheckChains, Context};
pub use diagnostic::LoadError;
pub use facts::Facts;
pub use file::{RuleFile, SCHEMA_KEYS};
pub use fixture::{CaseResult, HeldBack, Surroundings, run_fixtures};
pub use interval::{IntervalError, IntervalInForce, TimeInterval, calendar_warnings};
pub use matcher::{MatchOp, Matcher, MatcherError, MatcherSpec};
pub use matcher_index::{MatcherIndex, is_filed_by_some};
pub use on_mute::OnMute;
pub use path::{is_action_field, path_parts};
pub use pattern::Steps;
pub use rule::{Muting, OnError, Rule, Verdict};
pub use set::{Decision, RuleError, RuleSet};
pub use template::{PatchError, merge_patch, patched};
pub use trace::{EvaluateOptions, Evaluation, TraceEntry};
pub use zone::is_time_zone;
