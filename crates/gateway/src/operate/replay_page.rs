//! Pages of replays: what a filter finds is sent again, oldest first, some of it a request.
//!
//! It goes up to an *end*, the newest position when the first request began. Replays are written
//! behind that, so none is taken for one more action to replay, however many requests it takes.

use acteon_core::Caller;
use acteon_store::{
    ActionState, Cursor, HistoryFilter, Order, PageRequest, Record, Seq, StoreError,
};

use crate::admit::answer::{DispatchError, Wait};
use crate::operate::replay::{ReplayResult, Replayed, is_letter, replays};
use crate::shared::Gateway;

/// Rows of a page that are read at a time: each may be a megabyte.
const READ_AT_ONCE: usize = 16;
/// Most rows that one request leaves alone before it answers.
const MAX_LEFT_ALONE: usize = 1000;
/// Most pages of rows that one request goes through before it answers: a page is short, even empty, where a look was cut short.
const MAX_PAGES: usize = 100;

/// Request to send again what a filter finds, oldest first.
#[derive(Clone, Debug)]
pub struct ReplayRequest {
    /// Filter that finds the actions.
    pub filter: HistoryFilter,
    /// Cursor of where to go on; `None` from the oldest.
    pub after: Option<ReplayCursor>,
    /// Most actions that this request tries.
    pub limit: usize,
    /// Most replays that may have led to an action for it to be replayed once more.
    pub max_replays: Option<u32>,
}

/// Cursor of a replay: where it goes on, and where it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayCursor {
    /// Last row that was looked at.
    pub after: Cursor,
    /// Newest position when the replay began.
    pub end: Seq,
}

/// Results of one request for replays.
#[derive(Clone, Debug)]
pub struct ReplayPage {
    /// Replays, one after the other.
    pub replayed: Vec<Replayed>,
    /// Cursor of the next request; `None` at the end.
    pub next: Option<ReplayCursor>,
}

impl Gateway {
    /// Sends again what a filter finds, oldest first. Ends early where the store takes nothing: the next request goes on behind what was tried, and
    /// begins with what was surely not stored, or is never stored twice.
    pub async fn replay_page(
        &self,
        request: ReplayRequest,
        caller: &Caller,
    ) -> Result<ReplayPage, StoreError> {
        let ReplayRequest {
            filter,
            after,
            limit,
            max_replays,
        } = request;
        // Asked for also where the end is known: what is written here lies beyond it then.
        let newest = self.inner.store.newest().await?;
        let end = after.map_or(newest, |cursor| cursor.end);
        let filter = HistoryFilter {
            order: Order::OldestFirst,
            up_to: Some(end),
            ..filter
        };
        let mut pass = ReplayPass {
            letters_only: filter.state == Some(ActionState::Dead),
            limit,
            max_replays,
            tried: 0,
            replayed: Vec::new(),
        };
        let mut next = after.map(|cursor| cursor.after);
        for _ in 0..MAX_PAGES {
            let page = PageRequest {
                after: next,
                offset: 0,
                limit: READ_AT_ONCE.min(limit - pass.tried),
                count: false,
            };
            let page = match self.inner.store.history(filter.clone(), page).await {
                Ok(page) => page,
                // Whoever does not hear what was sent would ask for it once more.
                Err(_) if !pass.replayed.is_empty() => break,
                Err(error) => return Err(error),
            };
            if let Some(after) = self.replay_records(&page.records, &mut pass, caller).await {
                next = Some(after);
                break;
            }
            next = page.next;
            if next.is_none() || pass.is_full() {
                break;
            }
        }
        Ok(ReplayPage {
            replayed: pass.replayed,
            next: next.map(|after| ReplayCursor { after, end }),
        })
    }

    /// Replays the rows of one page, one after the other. `Some` when the store takes nothing: where the next request goes on.
    async fn replay_records(
        &self,
        records: &[Record],
        pass: &mut ReplayPass,
        caller: &Caller,
    ) -> Option<Cursor> {
        for record in records {
            if !pass.takes(record) {
                continue;
            }
            let one = self
                .replay_record(record, pass.letters_only, caller, Wait::ForCommit)
                .await;
            pass.tried += usize::from(!matches!(one.result, ReplayResult::LeftAlone(_)));
            let goes_on = goes_on_at(record, &one.result);
            pass.replayed.push(one);
            if goes_on.is_some() {
                return goes_on;
            }
        }
        None
    }
}

/// Pass of one request over the rows, as far as it has come.
struct ReplayPass {
    letters_only: bool,
    /// Most actions that it tries.
    limit: usize,
    max_replays: Option<u32>,
    /// Number of actions that were tried, and not left alone.
    tried: usize,
    replayed: Vec<Replayed>,
}

impl ReplayPass {
    /// Whether a row is to be replayed: it is over, nobody called it off, and it does not come after too many replays.
    fn takes(&self, record: &Record) -> bool {
        record.state != ActionState::Open
            && !is_cancelled(record)
            && self.max_replays.is_none_or(|most| replays(record) <= most)
    }

    /// Whether enough was tried, or left alone, for one answer.
    fn is_full(&self) -> bool {
        self.tried >= self.limit || self.replayed.len() - self.tried >= MAX_LEFT_ALONE
    }
}

/// Whether somebody called an action off: one who replays a span of time does not mean it.
fn is_cancelled(record: &Record) -> bool {
    let outcome = record.outcome.as_deref();
    outcome.is_some_and(|outcome| outcome.starts_with(r#"{"Cancelled""#))
}

/// Cursor of where a pass goes on after a replay that the store did not take; `None` when it took
/// it, or refused it for good. It goes on with the same row if that was surely not stored, or is a
/// letter, which is never stored twice. Else behind it: what may have been stored would be sent
/// twice.
fn goes_on_at(record: &Record, result: &ReplayResult) -> Option<Cursor> {
    let again = match result {
        ReplayResult::Refused(
            DispatchError::StoreSlow | DispatchError::Store(StoreError::Unknown(_)),
        ) => is_letter(record),
        ReplayResult::Refused(DispatchError::Store(_) | DispatchError::Stopping) => true,
        _ => return None,
    };
    Some(Cursor {
        at: record.accepted_at,
        seq: Seq(record.seq.0 - i64::from(again)),
    })
}
