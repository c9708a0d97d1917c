//! What an in-memory store holds, and the gate's view of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use acteon_core::{ActionId, Outcome, Prepared, Priority, Timestamp};

use crate::StoreError;
use crate::document::{Document, DocumentKind};
use crate::gate::{Conditions, Counters, Judged, QuotaCheck, ThrottleCheck, judge};
use crate::model::{
    Admission, Admitted, Charges, Claim, ClaimRows, Claimed, Fate, Freed, Hold, OwnerId, Record,
    Seq, Settled, Settlement, State, Step, Way,
};
use crate::rows::state_of;
use crate::shares::{DeadShare, OpenShare};

/// An action with what the lists are filtered by.
pub(super) struct Entry {
    pub(super) record: Record,
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
        Ok(self
            .holders
            .get(key)
            .filter(|holder| holder.until > now)
            .map(|holder| holder.id.clone()))
    }

    fn went(&self, check: &ThrottleCheck) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.rings.get(&check.key).and_then(|ring| {
            ring.slots
                .get(&(ring.total % i64::from(check.max_count.max(1))))
                .copied()
        }))
    }

    fn used(&self, counter: &str) -> Result<u64, StoreError> {
        Ok(self.counters.get(counter).map_or(0, |(used, _)| *used))
    }
}

impl Tables {
    pub(super) fn admit(&mut self, admission: &Admission) -> Result<Admitted, StoreError> {
        let action = &admission.action;
        let id = (
            action.id.to_string(),
            action.tenant.to_string(),
            action.namespace.to_string(),
        );
        if let Some(found) = self.by_id.get(&id).and_then(|seq| self.entries.get(seq))
            && (found.record.state != State::Refused
                || !found.record.action.asks_the_same_at_sight(action))
        {
            return Ok(Admitted::Existing(found.record.seq));
        }
        let is_dead = |letter: Seq| {
            self.entries
                .get(&letter.0)
                .is_some_and(|entry| entry.record.state == State::Dead)
        };
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
        let chosen = ways
            .get(way)
            .ok_or_else(|| StoreError::Engine("an action has no way to go".into()))?;
        if let Some(owner) = chosen.birth.owner()
            && !self.processes.contains_key(&owner.0)
        {
            return Err(StoreError::Fenced);
        }
        let charges = conditions.charges(&chosen.quotas);
        let seq = self.insert(id, admission, Some(chosen), charges);
        self.charge(
            conditions,
            &chosen.quotas,
            (seq, &action.id),
            admission.accepted_at,
        );
        if let Some(letter) = admission
            .letter
            .and_then(|letter| self.entries.get_mut(&letter.0))
        {
            letter.record.state = State::Discarded;
        }
        Ok(Admitted::Open { seq, way, over })
    }

    fn end(
        &mut self,
        id: (String, String, String),
        admission: &Admission,
        outcome: &Outcome,
    ) -> Admitted {
        if admission.letter.is_some() {
            return Admitted::Ended(outcome.clone());
        }
        let seq = self.insert(id, admission, None, Charges::default());
        if let Some(entry) = self.entries.get_mut(&seq.0) {
            entry.end(outcome, outcome.to_json(), admission.accepted_at);
        }
        Admitted::Ended(outcome.clone())
    }

    fn insert(
        &mut self,
        id: (String, String, String),
        admission: &Admission,
        way: Option<&Way>,
        charges: Charges,
    ) -> Seq {
        self.last_seq += 1;
        let seq = Seq(self.last_seq);
        let owner = way
            .and_then(|way| way.birth.owner())
            .map_or(0, |owner| owner.0);
        let prepared = way.map(|way| Prepared::clone(&way.prepared)).map(Arc::new);
        let record = Record {
            seq,
            action: Arc::clone(&admission.action),
            origin: admission.origin,
            caller: admission.caller.id.to_string(),
            auth_method: admission.caller.auth_method.to_owned(),
            verdict: admission.verdict.as_str().to_owned(),
            rule: admission.rule.clone(),
            provider: way.map_or_else(
                || admission.action.provider.clone(),
                |way| way.provider.clone(),
            ),
            charges,
            prepared,
            priority: admission.priority,
            accepted_at: admission.accepted_at,
            not_before: way.map_or(admission.accepted_at, |way| way.not_before),
            give_up_at: way.map_or(admission.accepted_at, |way| way.give_up_at),
            state: State::Open,
            owned: owner != 0,
            in_flight: way.is_some_and(|way| way.birth.is_in_flight()),
            fence: 0,
            due_at: way.map_or(admission.accepted_at, |way| {
                way.birth.due_at(way.not_before)
            }),
            attempts: 0,
            rounds: 0,
            takeovers: 0,
            possible_duplicate: admission.possible_duplicate,
            history: Vec::new(),
            note: None,
            outcome: way.and_then(|way| way.so_far.clone()),
            finished_at: None,
            class: None,
            unreadable: None,
        };
        self.entries.insert(
            seq.0,
            Entry {
                record,
                owner,
                superseded: false,
                tag: "",
                code: None,
            },
        );
        if let Some(before) = self
            .by_id
            .insert(id, seq.0)
            .and_then(|before| self.entries.get_mut(&before))
        {
            before.superseded = true;
        }
        seq
    }

    fn charge(
        &mut self,
        conditions: &Conditions,
        quotas: &[QuotaCheck],
        (seq, id): (Seq, &ActionId),
        now: Timestamp,
    ) {
        if let Some(dedup) = &conditions.dedup {
            self.holders.insert(
                dedup.key.clone(),
                Holder {
                    seq,
                    id: id.clone(),
                    until: dedup.until,
                },
            );
        }
        if let Some(check) = &conditions.throttle {
            let ring = self.rings.entry(check.key.clone()).or_default();
            ring.slots
                .insert(ring.total % i64::from(check.max_count.max(1)), now);
            ring.total += 1;
            ring.until = now + check.window;
        }
        self.charge_quotas(quotas);
    }

    pub(super) fn charge_quotas(&mut self, quotas: &[QuotaCheck]) {
        for quota in quotas {
            self.counters
                .entry(quota.counter.clone())
                .or_insert((0, quota.resets_at))
                .0 += 1;
        }
    }

    pub(super) fn settle(&mut self, settlement: &Settlement) -> Result<Settled, StoreError> {
        let Settlement {
            hold,
            at,
            attempts,
            rounds,
            takeovers,
            history,
            possible_duplicate,
            note,
            waited_for: _,
            step,
        } = settlement;
        let Some(entry) = self.entries.get_mut(&hold.seq.0) else {
            return Ok(Settled::Fenced);
        };
        if entry.record.state != State::Open || entry.hold() != *hold {
            return Ok(Settled::Fenced);
        }
        let record = &mut entry.record;
        record.attempts = *attempts;
        record.possible_duplicate |= possible_duplicate;
        record.note.clone_from(note);
        if let Some(history) = history {
            record.history = serde_json::from_str(history)
                .map_err(|error| StoreError::Engine(error.to_string()))?;
        }
        match step {
            Step::Progress { in_flight } => {
                record.rounds = *rounds;
                record.in_flight = *in_flight;
            }
            Step::PutOff {
                due_at,
                so_far,
                age,
            } => {
                record.rounds = *rounds;
                if let Some(age) = age {
                    (record.not_before, record.give_up_at) = (age.not_before, age.give_up_at);
                }
                record.due_at = *due_at;
                record.outcome = Some(Arc::clone(so_far));
                entry.own(0);
            }
            Step::End {
                outcome,
                text,
                class,
                refund,
            } => {
                record.takeovers = *takeovers;
                record.class = class.map(str::to_owned);
                entry.end(outcome, Arc::clone(text), *at);
                if let Some(charges) = refund {
                    self.refund(hold.seq, charges);
                }
            }
        }
        Ok(Settled::Written)
    }

    pub(super) fn claim(&mut self, claim: &Claim) -> Vec<Claimed> {
        let Claim { owner, now, rows } = claim;
        if !self.processes.contains_key(&owner.0) {
            return Vec::new();
        }
        match rows {
            ClaimRows::Overdue { limit } => {
                let overdue = self.unowned(*limit, |record| record.give_up_at <= *now);
                self.take(*owner, 0, overdue)
            }
            ClaimRows::Due(rooms) => {
                let mut claimed = Vec::new();
                for (place, room) in rooms.iter().enumerate() {
                    let due = |priority: Priority| {
                        let is_due = |record: &Record| {
                            record.due_at <= *now
                                && record.priority == priority
                                && room.providers.contains(&record.provider)
                        };
                        self.unowned(room.most_of(priority), is_due)
                    };
                    let chosen = room.choose(Priority::ALL.map(due));
                    claimed.extend(self.take(*owner, place, chosen));
                }
                claimed
            }
        }
    }

    /// Unowned rows, oldest due first.
    fn unowned(&self, limit: usize, wanted: impl Fn(&Record) -> bool) -> Vec<(Timestamp, i64)> {
        let unowned = self
            .open()
            .filter(|entry| entry.owner == 0 && wanted(&entry.record));
        let mut due: Vec<(Timestamp, i64)> = unowned
            .map(|entry| (entry.record.due_at, entry.record.seq.0))
            .collect();
        due.sort_unstable();
        due.truncate(limit);
        due
    }

    /// Makes a process the owner of rows, for a room.
    fn take(&mut self, owner: OwnerId, room: usize, due: Vec<(Timestamp, i64)>) -> Vec<Claimed> {
        let mut claimed = Vec::with_capacity(due.len());
        for (_, seq) in due {
            if let Some(entry) = self.entries.get_mut(&seq) {
                entry.own(owner.0);
                entry.record.fence += 1;
                claimed.push(Claimed {
                    hold: entry.hold(),
                    room,
                });
            }
        }
        claimed
    }

    /// Frees owned rows that are `wanted`. Marks those that may have been sent, due at `now`; the others are due when they were.
    pub(super) fn free(
        &mut self,
        now: Timestamp,
        wanted: impl Fn(&Entry, &BTreeMap<i64, i64>) -> bool,
    ) -> Freed {
        let mut freed = Freed::default();
        let processes = &self.processes;
        for entry in self
            .entries
            .values_mut()
            .filter(|entry| entry.owner != 0 && wanted(entry, processes))
        {
            if entry.record.in_flight {
                entry.record.takeovers += 1;
                entry.record.possible_duplicate = true;
                entry.record.due_at = now;
                freed.maybe_sent += 1;
            } else {
                freed.unsent += 1;
            }
            entry.own(0);
        }
        freed
    }

    pub(super) fn refund(&mut self, seq: Seq, charges: &Charges) {
        for counter in &charges.counters {
            if let Some((used, _)) = self.counters.get_mut(counter) {
                *used = used.saturating_sub(1);
            }
        }
        if let Some(key) = &charges.dedup
            && self
                .holders
                .get(key)
                .is_some_and(|holder| holder.seq == seq)
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

    pub(super) fn open_shares(&self, due: Timestamp) -> Vec<OpenShare> {
        let mut shares: Vec<OpenShare> = Vec::new();
        for entry in self.open() {
            let (tenant, provider) = (&entry.record.action.tenant, &entry.record.provider);
            let oldest = Some(entry.record.accepted_at).filter(|_| entry.record.not_before <= due);
            match shares
                .iter_mut()
                .find(|share| share.tenant == *tenant && share.provider == *provider)
            {
                Some(share) => {
                    (share.count, share.oldest) = (
                        share.count + 1,
                        share.oldest.into_iter().chain(oldest).min(),
                    );
                }
                None => shares.push(OpenShare {
                    tenant: tenant.clone(),
                    provider: provider.clone(),
                    count: 1,
                    oldest,
                }),
            }
        }
        shares
    }

    pub(super) fn dead_shares(&self, limit: usize) -> Vec<DeadShare> {
        let mut shares: Vec<DeadShare> = Vec::new();
        for entry in self
            .entries
            .values()
            .rev()
            .filter(|entry| entry.record.state == State::Dead)
            .take(limit)
        {
            let (provider, code) = (
                &entry.record.provider,
                entry.code.clone().unwrap_or_default(),
            );
            match shares
                .iter_mut()
                .find(|share| share.provider == *provider && share.code == code)
            {
                Some(share) => share.count += 1,
                None => shares.push(DeadShare {
                    provider: provider.clone(),
                    code,
                    count: 1,
                }),
            }
        }
        shares
    }

    pub(super) fn outcomes_of(&self, seqs: &[Seq]) -> Vec<(Seq, Arc<str>)> {
        let ended = |seq: &Seq| {
            self.entries
                .get(&seq.0)
                .filter(|entry| entry.record.state != State::Open)
        };
        seqs.iter()
            .filter_map(|seq| Some((*seq, ended(seq)?.record.outcome.clone()?)))
            .collect()
    }

    pub(super) fn open(&self) -> impl Iterator<Item = &Entry> {
        self.entries
            .values()
            .filter(|entry| entry.record.state == State::Open)
    }
}

impl Entry {
    /// Gives the row to an owner, or to nobody. It is not in flight then.
    fn own(&mut self, owner: i64) {
        self.owner = owner;
        self.record.owned = owner != 0;
        self.record.in_flight = false;
    }

    /// How the row is held.
    pub(super) fn hold(&self) -> Hold {
        Hold {
            seq: self.record.seq,
            owner: OwnerId(self.owner),
            fence: self.record.fence,
        }
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
