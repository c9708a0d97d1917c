//! Looking back: filters and pages over the journal.

use std::sync::Arc;

use acteon_core::limits::MAX_PAGE_BYTES;
use acteon_core::{Attempt, Scope, Timestamp};

use crate::model::{ActionState, Record, Seq};
use crate::narrow::Narrow;
use crate::rows::state_number;

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
    /// The class of its failure.
    pub class: Option<String>,
    /// Accepted at this instant or later.
    pub from: Option<Timestamp>,
    /// Accepted at this instant or earlier.
    pub to: Option<Timestamp>,
    /// At this position or before it.
    pub up_to: Option<Seq>,
    /// Only this state.
    pub state: Option<ActionState>,
    /// In which order.
    pub order: Order,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// What was accepted last comes first.
    #[default]
    NewestFirst,
    /// What was accepted first comes first.
    OldestFirst,
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
            class: None,
            from: None,
            to: None,
            up_to: None,
            state: None,
            order: Order::default(),
        }
    }
}

/// Where a page begins: after this row, in the order of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// When the row was accepted.
    pub at: Timestamp,
    /// Its position.
    pub seq: Seq,
}

impl Cursor {
    /// Before every row from `at` on.
    pub(crate) const fn oldest(at: Timestamp) -> Self {
        Self {
            at,
            seq: Seq(i64::MIN),
        }
    }

    /// After every row up to `at`.
    pub(crate) const fn newest(at: Timestamp) -> Self {
        Self {
            at,
            seq: Seq(i64::MAX),
        }
    }
}

/// The range of a walk: it begins after a cursor and ends with an instant.
pub(crate) struct Walked {
    pub(crate) from: Cursor,
    pub(crate) until: Timestamp,
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

/// A page, in the order that was asked for.
#[derive(Clone, Debug)]
pub struct HistoryPage {
    /// The rows.
    pub records: Vec<Record>,
    /// Where the next page begins; `None` on the last. A page may be short, even empty, and still not the last: a look is bounded, and so are the
    /// bytes of a page.
    pub next: Option<Cursor>,
    /// How many match, if that was asked; at least so many if the look was cut short.
    pub total: Option<usize>,
    /// Whether the look was cut short.
    pub cut: bool,
}

/// What of an action is counted for coverage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverageRow {
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

impl HistoryFilter {
    /// Whether a walk goes by time. Dead letters have an index of their own; what is asked for at any time is walked as it was written.
    pub(crate) fn is_by_time(&self) -> bool {
        self.state != Some(ActionState::Dead) && (self.from.is_some() || self.to.is_some())
    }

    /// The range that a walk looks at, where it goes on after `after`.
    pub(crate) fn walked(&self, after: Option<Cursor>) -> Walked {
        let oldest = self.from.unwrap_or(Timestamp::from_millis(i64::MIN));
        let newest = self.to.unwrap_or(Timestamp::from_millis(i64::MAX));
        match self.order {
            Order::NewestFirst => {
                let begin = Cursor::newest(newest);
                let from = after
                    .filter(|cursor| !self.is_by_time() || cursor.at <= newest)
                    .unwrap_or(begin);
                Walked {
                    from,
                    until: oldest,
                }
            }
            Order::OldestFirst => {
                let begin = Cursor::oldest(oldest);
                let from = after
                    .filter(|cursor| !self.is_by_time() || cursor.at >= oldest)
                    .unwrap_or(begin);
                Walked {
                    from,
                    until: newest,
                }
            }
        }
    }

    /// Whether a walk that has come to a row is over before it: all further ones lie beyond the last position too.
    pub(crate) fn ends_before(&self, row: Cursor) -> bool {
        self.order == Order::OldestFirst
            && !self.is_by_time()
            && self.up_to.is_some_and(|last| row.seq > last)
    }

    /// The column of the class, which is looked up only where it is asked for: indexes have the others.
    pub(crate) fn class_column(&self) -> &'static str {
        if self.class.is_some() {
            "o.class"
        } else {
            "CAST(NULL AS TEXT)"
        }
    }

    /// Whether [`Self::lets_through`] needs the columns of the outcome.
    pub(crate) fn needs_outcome(&self) -> bool {
        self.outcome.is_some()
            || self.code.is_some()
            || self.class.is_some()
            || self.state.is_some()
    }

    pub(crate) fn lets_through(&self, row: &Narrow<'_>) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        let in_state = match self.state {
            None => true,
            Some(ActionState::Open) => row.state.is_none(),
            Some(state) => row.state == Some(state_number(state)),
        };
        in_state
            && self.from.is_none_or(|from| from <= row.accepted_at)
            && self.to.is_none_or(|to| row.accepted_at <= to)
            && self.up_to.is_none_or(|last| row.seq <= last)
            && is(&self.provider, row.provider)
            && is(&self.action_type, row.action_type)
            && is(&self.caller, row.caller)
            && is(&self.verdict, row.verdict)
            && is(&self.rule, row.rule)
            && self.outcome.as_ref().is_none_or(|wanted| {
                row.tag == wanted || (row.tag.is_empty() && wanted == "scheduled")
            })
            && is(&self.code, row.code)
            && is(&self.class, row.class)
            && self
                .scope
                .covers(row.namespace, row.tenant, row.provider, row.action_type)
    }
}

/// About how many bytes of memory an attempt takes.
fn attempt_weight(attempt: &Attempt) -> usize {
    let error = attempt
        .error
        .as_ref()
        .map_or(0, |error| error.code.len() + error.message.len());
    size_of::<Attempt>() + error + attempt.hint.as_ref().map_or(0, String::len)
}

/// About how many bytes of memory a row takes.
pub(crate) fn weight(record: &Record) -> usize {
    let labels: usize = record
        .action
        .metadata
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    let request = record
        .prepared
        .as_ref()
        .map_or(0, |prepared| prepared.bytes.len());
    let outcome = record.outcome.as_ref().map_or(0, |outcome| outcome.len());
    let attempts: usize = record.history.iter().map(attempt_weight).sum();
    record.action.payload.get().len() + labels + request + outcome + attempts
}

/// Collects a page from the matches of a look.
pub(crate) struct PageMaker {
    request: PageRequest,
    matched: usize,
    found: Vec<Cursor>,
    more: bool,
}

impl PageMaker {
    pub(crate) fn new(request: PageRequest) -> Self {
        Self {
            request,
            matched: 0,
            found: Vec::with_capacity(request.limit.min(64)),
            more: false,
        }
    }

    /// Takes in a match; says whether to look on.
    pub(crate) fn goes_on(&mut self, cursor: Cursor) -> bool {
        self.matched += 1;
        if self.matched <= self.request.offset {
            return true;
        }
        if self.found.len() < self.request.limit {
            self.found.push(cursor);
            return true;
        }
        self.more = true;
        self.request.count
    }

    /// Reads the rows of the page, until it has its bytes. What `read` has nothing for is passed over.
    pub(crate) fn fill<E>(
        &mut self,
        mut read: impl FnMut(Seq) -> Result<Option<Record>, E>,
    ) -> Result<Vec<Record>, E> {
        let (mut records, mut bytes) = (Vec::new(), 0);
        for (place, seq) in self.seqs().collect::<Vec<_>>().into_iter().enumerate() {
            let Some(record) = read(seq)? else { continue };
            bytes += weight(&record);
            records.push(record);
            if self.ends_at(place + 1, bytes) {
                break;
            }
        }
        Ok(records)
    }

    /// The rows of the page.
    pub(crate) fn seqs(&self) -> impl Iterator<Item = Seq> {
        self.found.iter().map(|cursor| cursor.seq)
    }

    /// Ends the page before its next row once the first `rows` hold `bytes`; says whether it ends there.
    pub(crate) fn ends_at(&mut self, rows: usize, bytes: usize) -> bool {
        let ends = bytes >= MAX_PAGE_BYTES && rows < self.found.len();
        if ends {
            self.found.truncate(rows);
            self.more = true;
        }
        ends
    }

    /// The page, where a look stopped at `stopped` if it was cut short.
    pub(crate) fn page(self, records: Vec<Record>, stopped: Option<Cursor>) -> HistoryPage {
        let count = self.request.count;
        let cut = stopped.is_some() && (count || !self.more);
        let next = if self.more {
            self.found.last().copied()
        } else {
            stopped
        };
        HistoryPage {
            records,
            next,
            total: count.then_some(self.matched),
            cut,
        }
    }
}
