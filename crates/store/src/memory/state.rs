//! What an in-memory store holds, and the gate's view of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use acteon_core::{ActionId, Outcome, Prepared, Timestamp};

use crate::StoreError;
use crate::document::{Document, DocumentKind};
use crate::gate::{Conditions, Counters, Judged, QuotaCheck, ThrottleCheck, judge};
use crate::model::{Admission, Admitted, Birth, Charges, Fate, Record, Seq, Settled, Settlement, State, Way};
use crate::rows::state_of;

/// An action with what the lists are filtered by.
pub(super) struct Entry {
    pub(super) record: Record,
    pub(super) lane: Arc<str>,
    /// 0 is nobody.
    pub(super) owner: i64,
    pub(super) superseded: bool,
    pub(super) tag: &'static str,
    pub(super) code: Option<String>,
}

struct Holder {
    seq: Seq,
    id: ActionId,
    until: Timestamp,
}

#[derive(Default)]
struct Ring {
    total: i64,
    slots: BTreeMap<i64, Timestamp>,
    until: Timestamp,
}

#[derive(Default)]
pub(super) struct Tables {
    pub(super) entries: BTreeMap<i64, Entry>,
    pub(super) by_id: BTreeMap<(String, String, String), i64>,
    /// Owners and their beats.
    pub(super) processes: BTreeMap<i64, i64>,
    /// Documents, each with the revision at which it was changed last.
    pub(super) documents: BTreeMap<(&'static str, String), (Document, i64)>,
    /// Deleted documents by revision.
    pub(super) deletions: BTreeMap<i64, (DocumentKind, String)>,
    pub(super) notes: BTreeMap<String, (String, Timestamp)>,
    holders: BTreeMap<String, Holder>,
    rings: BTreeMap<String, Ring>,
    counters: BTreeMap<String, (u64, Timestamp)>,
    last_seq: i64,
    pub(super) last_owner: i64,
}

impl Counters for Tables {
    fn holder(&self, key: &str, now: Timestamp) -> Result<Option<ActionId>, StoreError> {
        Ok(self.holders.get(key).filter(|holder| holder.until > now).map(|holder| holder.id.clone()))
    }

    fn went(&self, check: &ThrottleCheck) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.rings.get(&check.key).and_then(|ring| ring.slots.get(&(ring.total % i64::from(check.max_count.max(1)))).copied()))
    }

    fn used(&self, counter: &str) -> Result<u64, StoreError> {
        Ok(self.counters.get(counter).map_or(0, |(used, _)| *used))
    }
}

impl Tables {
    pub(super) fn admit(&mut self, admission: &Admission) -> Result<Admitted, StoreError> {
        let action = &admission.action;
        let id = (action.id.to_string(), action.tenant.to_string(), action.namespace.to_string());
        if let Some(found) = self.by_id.get(&id).and_then(|seq| self.entries.get_mut(seq)) {
            if found.record.state != State::Refused || !found.record.action.asks_the_same(action) {
                return Ok(Admitted::Existing(Box::new(found.record.clone())));
            }
            found.superseded = true;
        }
        let is_dead = |letter: Seq| self.entries.get(&letter.0).is_some_and(|entry| entry.record.state == State::Dead);
        if admission.letter.is_some_and(|letter| !is_dead(letter)) {
            return Ok(Admitted::NoLetter);
        }
        let (conditions, ways) = match &admission.fate {
            Fate::Ended(outcome) => return Ok(self.end(id, admission, outcome)),
            Fate::Send { conditions, ways } => (conditions, ways),
        };
        let (way, over) = match judge(self, conditions, ways, admission.accepted_at)? {
            Judged::Refused(outcome) => return Ok(self.end(id, admission, &outcome)),
            Judged::Go { way, over } => (way, over),
        };
        let chosen = ways.get(way).ok_or_else(|| StoreError::Engine("an action has no way to go".into()))?;
        if let Birth::Owned(owner) = chosen.birth
            && !self.processes.contains_key(&owner.0)
        {
            return Err(StoreError::Fenced);
        }
        let charges = conditions.charges(&chosen.quotas);
        let seq = self.insert(id, admission, Some(chosen), charges);
        self.charge(conditions, &chosen.quotas, (seq, &action.id), admission.accepted_at);
        if let Some(letter) = admission.letter.and_then(|letter| self.entries.get_mut(&letter.0)) {
            letter.record.state = State::Discarded;
        }
        Ok(Admitted::Open { seq, way, over })
    }

    fn end(&mut self, id: (String, String, String), admission: &Admission, outcome: &Outcome) -> Admitted {
        if admission.letter.is_some() {
            return Admitted::Ended(outcome.clone());
        }
        let seq = self.insert(id, admission, None, Charges::default());
        if let Some(entry) = self.entries.get_mut(&seq.0) {
            entry.end(outcome, outcome.to_json(), admission.accepted_at);
        }
        Admitted::Ended(outcome.clone())
    }

    fn insert(&mut self, id: (String, String, String), admission: &Admission, way: Option<&Way>, charges: Charges) -> Seq {
        self.last_seq += 1;
        let seq = Seq(self.last_seq);
        let (owner, due_at) = match way.map(|way| way.birth) {
            Some(Birth::Owned(owner)) => (owner.0, admission.accepted_at),
            Some(Birth::Due(due_at)) => (0, due_at),
            None => (0, admission.accepted_at),
        };
        let prepared = way.map(|way| Prepared::clone(&way.prepared)).map(Arc::new);
        let record = Record {
            seq,
            action: Arc::clone(&admission.action),
            origin: admission.origin,
            caller: admission.caller.id.to_string(),
            auth_method: admission.caller.auth_method.to_owned(),
            verdict: admission.verdict.to_owned(),
            rule: admission.rule.clone(),
            provider: way.map_or_else(|| admission.action.provider.clone(), |way| way.provider.clone()),
            charges,
            prepared,
            accepted_at: admission.accepted_at,
            give_up_at: way.map_or(admission.accepted_at, |way| way.give_up_at),
            state: State::Open,
            owned: owner != 0,
            fence: 0,
            due_at,
            attempts: 0,
            rounds: 0,
            takeovers: 0,
            possible_duplicate: admission.possible_duplicate,
            history: "[]".into(),
            outcome: None,
            finished_at: None,
        };
        let lane = way.map_or_else(|| "".into(), |way| Arc::clone(&way.lane));
        self.entries.insert(seq.0, Entry { record, lane, owner, superseded: false, tag: "", code: None });
        self.by_id.insert(id, seq.0);
        seq
    }

    fn charge(&mut self, conditions: &Conditions, quotas: &[QuotaCheck], (seq, id): (Seq, &ActionId), now: Timestamp) {
        if let Some(dedup) = &conditions.dedup {
            self.holders.insert(dedup.key.clone(), Holder { seq, id: id.clone(), until: dedup.until });
        }
        if let Some(check) = &conditions.throttle {
            let ring = self.rings.entry(check.key.clone()).or_default();
            ring.slots.insert(ring.total % i64::from(check.max_count.max(1)), now);
            ring.total += 1;
            ring.until = now + check.window;
        }
        for quota in quotas {
            self.counters.entry(quota.counter.clone()).or_insert((0, quota.resets_at)).0 += 1;
        }
    }

    pub(super) fn settle(&mut self, settlement: &Settlement) -> Settled {
        let Some(entry) = self.entries.get_mut(&settlement.seq.0) else { return Settled::Fenced };
        if entry.record.state != State::Open || entry.owner != settlement.owner.0 || entry.record.fence != settlement.fence {
            return Settled::Fenced;
        }
        let record = &mut entry.record;
        record.attempts = settlement.attempts;
        record.history.clone_from(&settlement.history);
        if let Outcome::Scheduled { scheduled_for, .. } = &settlement.outcome {
            record.possible_duplicate |= settlement.possible_duplicate;
            record.rounds = settlement.rounds;
            record.due_at = *scheduled_for;
            record.outcome = Some(Arc::clone(&settlement.text));
            entry.own(0);
            return Settled::Written;
        }
        record.possible_duplicate = settlement.possible_duplicate;
        record.takeovers = settlement.takeovers;
        entry.end(&settlement.outcome, Arc::clone(&settlement.text), settlement.at);
        if let Some(charges) = &settlement.refund {
            self.refund(settlement.seq, charges);
        }
        Settled::Written
    }

    fn refund(&mut self, seq: Seq, charges: &Charges) {
        for counter in &charges.counters {
            if let Some((used, _)) = self.counters.get_mut(counter) {
                *used = used.saturating_sub(1);
            }
        }
        if let Some(key) = &charges.dedup
            && self.holders.get(key).is_some_and(|holder| holder.seq == seq)
        {
            self.holders.remove(key);
        }
    }

    /// Forgets what is over.
    pub(super) fn sweep(&mut self, now: Timestamp) {
        self.holders.retain(|_, holder| holder.until > now);
        self.rings.retain(|_, ring| ring.until > now);
        self.counters.retain(|_, (_, until)| *until > now);
        self.notes.retain(|_, (_, until)| *until > now);
    }

    pub(super) fn open(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().filter(|entry| entry.record.state == State::Open)
    }
}

impl Entry {
    pub(super) fn own(&mut self, owner: i64) {
        self.owner = owner;
        self.record.owned = owner != 0;
    }

    fn end(&mut self, outcome: &Outcome, text: Arc<str>, at: Timestamp) {
        self.own(0);
        self.record.state = state_of(outcome);
        self.record.finished_at = Some(at);
        self.record.outcome = Some(text);
        self.tag = outcome.tag();
        self.code = outcome.code().map(str::to_owned);
    }
}
