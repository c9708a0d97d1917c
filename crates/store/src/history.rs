//! Looking back: filters and pages over the journal.

use std::sync::Arc;

use acteon_core::{Scope, Timestamp};

use crate::model::{Record, Seq, State};

/// Which actions to find. What is `None` matches all.
#[derive(Clone, Debug)]
pub struct HistoryFilter {
    /// Whose.
    pub scope: Scope,
    /// The provider asked for.
    pub provider: Option<String>,
    /// The action type.
    pub action_type: Option<String>,
    /// The tag of the outcome.
    pub outcome: Option<String>,
    /// The word of the verdict.
    pub verdict: Option<String>,
    /// The rule that decided.
    pub rule: Option<String>,
    /// Who posted it.
    pub caller: Option<String>,
    /// The code of its failure.
    pub code: Option<String>,
    /// Accepted at this instant or later.
    pub from: Option<Timestamp>,
    /// Accepted at this instant or earlier.
    pub to: Option<Timestamp>,
    /// Only this state.
    pub state: Option<State>,
}

impl HistoryFilter {
    /// Everything within a scope.
    pub fn of(scope: Scope) -> Self {
        Self {
            scope,
            provider: None,
            action_type: None,
            outcome: None,
            verdict: None,
            rule: None,
            caller: None,
            code: None,
            from: None,
            to: None,
            state: None,
        }
    }
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Accepted before this instant,
    pub at: Timestamp,
    /// or at it, and written before this position.
    pub seq: Seq,
}

/// Which page.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest {
    /// Where it begins; `None` at the newest.
    pub after: Option<Cursor>,
    /// How many matches to pass over first.
    pub offset: usize,
    /// Most rows on it.
    pub limit: usize,
    /// Whether to count all matches, as far as the look goes.
    pub count: bool,
}

/// A page, newest first.
#[derive(Clone, Debug)]
pub struct HistoryPage {
    /// The rows.
    pub records: Vec<Record>,
    /// Where the next page begins; `None` on the last. A page may be short, even empty, and still not the last: a look is bounded.
    pub next: Option<Cursor>,
    /// How many match, if that was asked; at least so many if the look was cut short.
    pub total: Option<usize>,
    /// Whether the look was cut short.
    pub cut: bool,
}

/// What of an action is counted for coverage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its tenant.
    pub tenant: Arc<str>,
    /// The provider asked for.
    pub provider: Arc<str>,
    /// Its type.
    pub action_type: Arc<str>,
    /// The rule that decided.
    pub rule: Option<Arc<str>>,
}
