//! A store in memory, for simulations: every call is done before its future is first polled, so that a run depends on nothing but its seed.
//!
//! It keeps every promise of the trait but durability, and passes the suite of the others.

mod prune;
mod reroute;
mod revision;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use acteon_core::limits::MAX_LOOK;
use acteon_core::{ActionId, BoxFuture, ProviderName, Scope, Timestamp};

use self::revision::Revision;
use self::state::{Entry, Tables};
use crate::StoreError;
use crate::document::{DELETIONS_KEPT, Document, DocumentChanges, DocumentKind, Put, is_whole};
use crate::gate::{Conditions, Counters as _, Judged, judge};
use crate::history::{
    Cursor, Glance, HistoryFilter, HistoryPage, Narrow, Order, PageMaker, PageRequest,
};
use crate::model::{
    Admission, Admitted, Beat, Claim, Claimed, Freed, Hasten, Hold, OwnerId, RecentSend,
    RecentSends, Record, Reroute, Rerouted, Seq, Settled, Settlement, State, Way,
};
use crate::retention::{Pruned, Retention, SweepCursor};
use crate::rows::state_number;
use crate::shares::{DeadShare, OpenShare};
use crate::store::{Later, NewsOf, Store};

/// A store in memory.
#[derive(Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
    revision: Revision,
}

fn ready<T: Send + 'static>(result: Result<T, StoreError>) -> Later<'static, T> {
    Box::pin(std::future::ready(result))
}

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    /// What a filter lets through, in its order, as far as a look goes; and where it stopped if it was cut short.
    fn look(
        &self,
        filter: &HistoryFilter,
        after: Option<Cursor>,
        mut found: impl FnMut(&Entry, Cursor) -> bool,
    ) -> Option<Cursor> {
        let by_time = filter.is_by_time();
        let mut entries: Vec<&Entry> = self.entries.values().collect();
        if by_time {
            entries.sort_by_key(|entry| (entry.record.accepted_at, entry.record.seq));
        }
        if filter.order == Order::NewestFirst {
            entries.reverse();
        }
        let mut looked = 0;
        for entry in entries {
            let record = &entry.record;
            let cursor = Cursor {
                at: record.accepted_at,
                seq: record.seq,
            };
            let place = |cursor: Cursor| {
                (
                    if by_time {
                        cursor.at
                    } else {
                        Timestamp::default()
                    },
                    cursor.seq,
                )
            };
            let is_beyond = |after: Cursor| match filter.order {
                Order::NewestFirst => place(cursor) < place(after),
                Order::OldestFirst => place(cursor) > place(after),
            };
            if !after.is_none_or(is_beyond) {
                continue;
            }
            if filter.ends_before(cursor) {
                return None;
            }
            looked += 1;
            if (filter.lets_through(&entry.narrow()) && !found(entry, cursor)) || looked == MAX_LOOK
            {
                return Some(cursor);
            }
        }
        None
    }
}

impl Entry {
    fn narrow(&self) -> Narrow<'_> {
        let Record {
            action,
            accepted_at,
            caller,
            verdict,
            rule,
            state,
            ..
        } = &self.record;
        Narrow {
            seq: self.record.seq,
            accepted_at: *accepted_at,
            namespace: action.namespace.as_str(),
            tenant: action.tenant.as_str(),
            provider: action.provider.as_str(),
            action_type: action.action_type.as_str(),
            caller,
            verdict,
            rule: rule.as_deref().unwrap_or_default(),
            state: (*state != State::Open).then(|| state_number(*state)),
            tag: self.tag,
            code: self.code.as_deref().unwrap_or_default(),
            class: self.record.class.as_deref().unwrap_or_default(),
        }
    }

    fn glance(&self) -> Glance {
        let action = &self.record.action;
        Glance {
            namespace: action.namespace.as_str().into(),
            tenant: action.tenant.as_str().into(),
            provider: action.provider.as_str().into(),
            action_type: action.action_type.as_str().into(),
            rule: self.record.rule.clone(),
        }
    }
}

impl Store for MemoryStore {
    fn register(&self) -> Later<'_, OwnerId> {
        let mut tables = self.lock();
        tables.last_owner += 1;
        let owner = tables.last_owner;
        tables.processes.insert(owner, 0);
        ready(Ok(OwnerId(owner)))
    }

    fn renew(&self, owner: OwnerId) -> Later<'_, bool> {
        let mut tables = self.lock();
        let beats = tables.processes.get_mut(&owner.0);
        let lives = beats.is_some();
        if let Some(beats) = beats {
            *beats += 1;
        }
        ready(Ok(lives))
    }

    fn beats(&self) -> Later<'_, Vec<Beat>> {
        ready(Ok(self
            .lock()
            .processes
            .iter()
            .map(|(owner, count)| Beat {
                owner: OwnerId(*owner),
                count: *count,
            })
            .collect()))
    }

    fn retire(&self, owner: OwnerId, now: Timestamp) -> Later<'_, ()> {
        let mut tables = self.lock();
        tables.processes.remove(&owner.0);
        tables.free(now, |entry, _| entry.owner == owner.0);
        ready(Ok(()))
    }

    fn take_over(&self, dead: Vec<Beat>, now: Timestamp) -> Later<'_, Freed> {
        let mut tables = self.lock();
        tables.processes.retain(|owner, count| {
            !dead.contains(&Beat {
                owner: OwnerId(*owner),
                count: *count,
            })
        });
        ready(Ok(tables.free(now, |entry, processes| {
            !processes.contains_key(&entry.owner)
        })))
    }

    fn owned(&self, owner: OwnerId, after: Seq, limit: usize) -> Later<'_, Vec<Hold>> {
        let tables = self.lock();
        let later = tables
            .entries
            .range(after.0.saturating_add(1)..)
            .map(|(_, entry)| entry);
        ready(Ok(later
            .filter(|entry| entry.owner == owner.0 && owner.0 != 0)
            .take(limit)
            .map(Entry::hold)
            .collect()))
    }

    fn free(&self, holds: Vec<Hold>, now: Timestamp) -> Later<'_, Freed> {
        ready(Ok(self
            .lock()
            .free(now, |entry, _| holds.contains(&entry.hold()))))
    }

    fn admit(&self, admission: Admission) -> Later<'_, Admitted> {
        ready(self.lock().admit(&admission))
    }

    fn judge(&self, conditions: Conditions, ways: Vec<Way>, now: Timestamp) -> Later<'_, Judged> {
        ready(judge(&*self.lock(), &conditions, &ways, now))
    }

    fn settle(&self, settlement: Settlement) -> Later<'_, Settled> {
        ready(self.lock().settle(&settlement))
    }

    fn reroute(&self, change: Reroute) -> Later<'_, Rerouted> {
        ready(self.lock().reroute(&change))
    }

    fn hasten(&self, hasten: Hasten) -> Later<'_, usize> {
        ready(Ok(self.lock().hasten(&hasten)))
    }

    fn claim(&self, claim: Claim) -> Later<'_, Vec<Claimed>> {
        ready(Ok(self.lock().claim(&claim)))
    }

    fn next_due(&self, providers: &[ProviderName]) -> Later<'_, Option<Timestamp>> {
        let tables = self.lock();
        let waits = |entry: &&Entry| entry.owner == 0 && providers.contains(&entry.record.provider);
        ready(Ok(tables
            .open()
            .filter(waits)
            .map(|entry| entry.record.due_at)
            .min()))
    }

    fn records(&self, seqs: Vec<Seq>) -> Later<'_, Vec<Record>> {
        let tables = self.lock();
        ready(Ok(seqs
            .iter()
            .filter_map(|seq| tables.entries.get(&seq.0))
            .map(|entry| entry.record.clone())
            .collect()))
    }

    fn find(&self, scope: &Scope, id: &ActionId) -> Later<'_, Vec<Record>> {
        let tables = self.lock();
        let is_it = |entry: &&Entry| {
            let action = &entry.record.action;
            !entry.superseded
                && action.id == *id
                && scope.covers(
                    action.namespace.as_str(),
                    action.tenant.as_str(),
                    action.provider.as_str(),
                    action.action_type.as_str(),
                )
        };
        ready(Ok(tables
            .entries
            .values()
            .filter(is_it)
            .map(|entry| entry.record.clone())
            .collect()))
    }

    fn history(&self, filter: HistoryFilter, page: PageRequest) -> Later<'_, HistoryPage> {
        let tables = self.lock();
        let mut maker = PageMaker::new(page);
        let stopped = tables.look(&filter, page.after, |_, cursor| maker.goes_on(cursor));
        let records =
            maker.fill(|seq| Ok(tables.entries.get(&seq.0).map(|entry| entry.record.clone())));
        ready(records.map(|records| maker.page(records, stopped)))
    }

    fn newest(&self) -> Later<'_, Seq> {
        ready(Ok(Seq(self
            .lock()
            .entries
            .keys()
            .next_back()
            .copied()
            .unwrap_or(0))))
    }

    fn glance(&self, filter: HistoryFilter, limit: usize) -> Later<'_, (Vec<Glance>, bool)> {
        let mut found = Vec::new();
        let stopped = self.lock().look(&filter, None, |entry, _| {
            found.push(entry.glance());
            found.len() < limit
        });
        ready(Ok((found, stopped.is_some())))
    }

    fn discard(&self, letters: Vec<Seq>) -> Later<'_, usize> {
        let mut tables = self.lock();
        let mut discarded = 0;
        for seq in letters {
            if let Some(entry) = tables
                .entries
                .get_mut(&seq.0)
                .filter(|entry| entry.record.state == State::Dead)
            {
                entry.record.state = State::Discarded;
                discarded += 1;
            }
        }
        ready(Ok(discarded))
    }

    fn count_dead(&self, scope: &Scope, limit: usize) -> Later<'_, usize> {
        let filter = HistoryFilter {
            state: Some(State::Dead),
            ..HistoryFilter::of(scope.clone())
        };
        let mut count = 0;
        self.lock().look(&filter, None, |_, _| {
            count += 1;
            count < limit
        });
        ready(Ok(count))
    }

    fn recent_sends(
        &self,
        since: Timestamp,
        before: Option<Cursor>,
        limit: usize,
    ) -> Later<'_, RecentSends> {
        let tables = self.lock();
        let send = |record: &Record| {
            let finished_at = record
                .finished_at
                .filter(|at| *at > since && record.state == State::Done && record.attempts > 0)?;
            let recipients = record
                .prepared
                .as_ref()
                .map(|prepared| prepared.recipients.clone())
                .unwrap_or_default();
            Some(RecentSend {
                provider: record.provider.clone(),
                recipients,
                finished_at,
            })
        };
        let before = before.map_or(i64::MAX, |cursor| cursor.seq.0);
        let page = || {
            tables
                .entries
                .range(..before)
                .map(|(_, entry)| &entry.record)
                .rev()
                .take(limit)
        };
        let last = page().last().filter(|_| page().count() == limit);
        let next = last.map(|record| Cursor {
            at: record.accepted_at,
            seq: record.seq,
        });
        ready(Ok(RecentSends {
            sends: page().filter_map(send).collect(),
            next,
        }))
    }

    fn documents(&self, kind: DocumentKind) -> Later<'_, Vec<Document>> {
        let tables = self.lock();
        ready(Ok(tables
            .documents
            .values()
            .map(|(document, _)| document)
            .filter(|document| document.kind == kind)
            .cloned()
            .collect()))
    }

    fn document(&self, kind: DocumentKind, id: &str) -> Later<'_, Option<Document>> {
        ready(Ok(self
            .lock()
            .documents
            .get(&(kind.as_str(), id.to_owned()))
            .map(|(document, _)| document.clone())))
    }

    fn documents_since(&self, known: i64) -> Later<'_, DocumentChanges> {
        let tables = self.lock();
        let revision = self.revision.get();
        let whole = is_whole(known, revision);
        let after = if whole { -1 } else { known };
        let documents = tables
            .documents
            .values()
            .filter(|(_, changed)| *changed > after)
            .map(|(document, _)| document.clone())
            .collect();
        let deleted = tables
            .deletions
            .range(after + 1..)
            .filter(|_| !whole)
            .map(|(_, deleted)| deleted.clone())
            .collect();
        ready(Ok(DocumentChanges {
            revision,
            whole,
            documents,
            deleted,
        }))
    }

    fn put_document(&self, document: Document) -> Later<'_, Put> {
        let mut tables = self.lock();
        let key = (document.kind.as_str(), document.id.clone());
        let found = tables
            .documents
            .get(&key)
            .map_or(0, |(found, _)| found.version);
        if found != document.version {
            return ready(Ok(Put::Changed));
        }
        let has_name = |(other, _): &(Document, i64)| {
            other.kind == document.kind && other.name == document.name && other.id != document.id
        };
        if tables.documents.values().any(has_name) {
            return ready(Ok(Put::NameTaken));
        }
        let (version, revision) = (found + 1, self.revision.get() + 1);
        tables.documents.insert(
            key,
            (
                Document {
                    version,
                    ..document
                },
                revision,
            ),
        );
        self.revision.set(revision);
        ready(Ok(Put::Written(version)))
    }

    fn delete_document(
        &self,
        kind: DocumentKind,
        id: &str,
        version: Option<i64>,
    ) -> Later<'_, bool> {
        let mut tables = self.lock();
        let key = (kind.as_str(), id.to_owned());
        let is_it =
            |(found, _): &(Document, i64)| version.is_none_or(|version| found.version == version);
        let deleted = tables.documents.get(&key).is_some_and(is_it)
            && tables.documents.remove(&key).is_some();
        if deleted {
            let revision = self.revision.get() + 1;
            tables.deletions.insert(revision, (kind, id.to_owned()));
            tables.deletions = tables.deletions.split_off(&(revision - DELETIONS_KEPT));
            self.revision.set(revision);
        }
        ready(Ok(deleted))
    }

    fn documents_changed(&self, known: i64) -> Later<'_, i64> {
        Box::pin(async move { Ok(self.revision.beside(known).await) })
    }

    fn used(&self, counter: &str) -> Later<'_, u64> {
        ready(self.lock().used(counter))
    }

    fn prune(&self, retention: Retention, after: Option<Cursor>) -> Later<'_, Pruned> {
        ready(Ok(self.lock().prune(&retention, after)))
    }

    fn sweep(&self, now: Timestamp, _after: Option<SweepCursor>) -> Later<'_, Option<SweepCursor>> {
        self.lock().sweep(now);
        ready(Ok(None))
    }

    fn put_note(&self, name: &str, text: &str, until: Timestamp) -> Later<'_, ()> {
        self.lock()
            .notes
            .insert(name.to_owned(), (text.to_owned(), until));
        ready(Ok(()))
    }

    fn note(&self, name: &str, now: Timestamp) -> Later<'_, Option<String>> {
        ready(Ok(self
            .lock()
            .notes
            .get(name)
            .filter(|(_, until)| *until > now)
            .map(|(text, _)| text.clone())))
    }

    fn swap_note<'a>(
        &'a self,
        name: &str,
        expected: Option<&str>,
        text: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Later<'a, bool> {
        let mut tables = self.lock();
        let found = tables
            .notes
            .get(name)
            .filter(|(_, until)| *until > now)
            .map(|(text, _)| text.as_str());
        let swaps = found == expected;
        if swaps {
            tables
                .notes
                .insert(name.to_owned(), (text.to_owned(), until));
        }
        ready(Ok(swaps))
    }

    fn news(&self) -> BoxFuture<'_, NewsOf> {
        Box::pin(std::future::pending())
    }

    fn is_busy(&self) -> bool {
        false
    }

    fn open_shares(&self, due: Timestamp) -> Later<'_, Vec<OpenShare>> {
        ready(Ok(self.lock().open_shares(due)))
    }

    fn dead_shares(&self, limit: usize) -> Later<'_, Vec<DeadShare>> {
        ready(Ok(self.lock().dead_shares(limit)))
    }

    fn outcomes_of(&self, seqs: Vec<Seq>) -> Later<'_, Vec<(Seq, Arc<str>)>> {
        ready(Ok(self.lock().outcomes_of(&seqs)))
    }

    fn open_count(&self) -> usize {
        self.lock().open().count()
    }
}
