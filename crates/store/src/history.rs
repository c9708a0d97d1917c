//! Looking back: filters and pages over the journal.

use std::sync::Arc;

use acteon_core::limits::MAX_PAGE_BYTES;
use acteon_core::{Attempt, Scope, Timestamp};

use crate::model::{ActionState, Record, Seq};
use crate::narrow::Narrow;
use crate::rows::state_number;

/// Filter of the journal. A field that is `None` matches every action.
#[derive(Clone, Debug)]
pub struct HistoryFilter {
    /// Scope that the actions must lie in.
    pub scope: Scope,
    /// Provider that the action names, whichever it went through.
    pub provider: Option<String>,
    /// Type of the action.
    pub action_type: Option<String>,
    /// The tag of the outcome.
    pub outcome: Option<String>,
    /// The word of the verdict.
    pub verdict: Option<String>,
    /// Name of the rule that decided.
    pub rule: Option<String>,
    /// Id of the caller who posted it.
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
    /// State of the action.
    pub state: Option<ActionState>,
    /// Order of the list.
    pub order: Order,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Action accepted last first.
    #[default]
    NewestFirst,
    /// Action accepted first first.
    OldestFirst,
}

impl HistoryFilter {
    /// Filter that matches everything within a scope.
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

/// Place in a list: the page begins behind this row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Instant at which the row was accepted.
    pub at: Timestamp,
    /// Position of the row in the journal.
    pub seq: Seq,
}

impl Cursor {
    /// Place before every row from `at` on.
    pub(crate) const fn oldest(at: Timestamp) -> Self {
        Self {
            at,
            seq: Seq(i64::MIN),
        }
    }

    /// Place behind every row up to `at`.
    pub const fn newest(at: Timestamp) -> Self {
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

/// Request for one page of a list.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest {
    /// Place behind which the page begins; `None` for the beginning of the list.
    pub after: Option<Cursor>,
    /// Number of matches to pass over first.
    pub offset: usize,
    /// Number of rows at most.
    pub limit: usize,
    /// Whether to count all matches, as far as the look goes.
    pub count: bool,
}

/// A page, in the order that was asked for.
#[derive(Clone, Debug)]
pub struct HistoryPage {
    /// Actions on the page.
    pub records: Vec<Record>,
    /// Place where the next page begins; `None` on the last page. A page may be short, even empty, and still not the last: the number of rows that
    /// are looked at is bounded, and so are the bytes of a page.
    pub next: Option<Cursor>,
    /// Number of matches, where that was asked for; a lower bound where `cut` is set.
    pub total: Option<usize>,
    /// Whether the search ended at its bound of rows.
    pub cut: bool,
}

/// Fields of an action that coverage by rules is counted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverageRow {
    /// Namespace of the action.
    pub namespace: Arc<str>,
    /// Tenant of the action.
    pub tenant: Arc<str>,
    /// Provider that the action names, whichever it went through.
    pub provider: Arc<str>,
    /// Type of the action.
    pub action_type: Arc<str>,
    /// Name of the rule that decided.
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

    /// Whether a walk ends before a row that it has come to: all further rows lie beyond the last position too.
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

/// Estimated bytes of memory of an attempt.
fn attempt_weight(attempt: &Attempt) -> usize {
    let error = attempt
        .error
        .as_ref()
        .map_or(0, |error| error.code.len() + error.message.len());
    size_of::<Attempt>() + error + attempt.hint.as_ref().map_or(0, String::len)
}

/// Estimated bytes of memory of a record.
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
    record.action.content_bytes() + labels + request + outcome + attempts
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

    /// Maker of a page of the rows at these positions, as far as it has bytes.
    pub(crate) fn of(seqs: &[Seq]) -> Self {
        let mut maker = Self::new(PageRequest {
            after: None,
            offset: 0,
            limit: seqs.len(),
            count: false,
        });
        maker.found.extend(seqs.iter().map(|seq| Cursor {
            at: Timestamp::default(),
            seq: *seq,
        }));
        maker
    }

    /// Takes in a match; `false` once no more rows need to be looked at.
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

    /// Positions of the page's rows.
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

    /// Finished page. `stopped` is where the search ended, if it ended at its bound of rows.
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
