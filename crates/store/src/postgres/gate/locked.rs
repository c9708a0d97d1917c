//! Keys, throttles and counters that are locked, judged and charged in memory.

use std::collections::{BTreeMap, BTreeSet};

use acteon_core::{ActionId, Timestamp};

use super::charging::{self, Changes};
use crate::StoreError;
use crate::gate::{Conditions, Counters, QuotaCheck, ThrottleCheck};
use crate::model::{Charges, Seq};
use crate::postgres::rows::key;

#[derive(Clone)]
pub(super) struct Holder {
    pub(super) seq: i64,
    pub(super) action_id: String,
    pub(super) until: i64,
}

impl Holder {
    /// Holder of a key that nobody has: what a row is that is made to be locked.
    const NOBODY: Self = Self {
        seq: 0,
        action_id: String::new(),
        until: 0,
    };
}

#[derive(Clone, Copy)]
pub(super) struct Counter {
    pub(super) used: i64,
    pub(super) until: i64,
}

/// Known slots of a throttle's ring, and the number of actions that ever passed.
#[derive(Default)]
pub(super) struct Ring {
    pub(super) total: i64,
    pub(super) until: i64,
    pub(super) slots: BTreeMap<i64, i64>,
    pub(super) written: BTreeSet<i64>,
}

impl Ring {
    /// Slots that are to be written, the total first; none of a ring that nothing went through.
    fn changed<'a>(&'a self, key: &'a str) -> impl Iterator<Item = charging::ThrottleRow<'a>> {
        let total = (!self.written.is_empty()).then_some((0, self.total));
        let written = self
            .written
            .iter()
            .filter_map(|slot| Some((*slot, *self.slots.get(slot)?)));
        total
            .into_iter()
            .chain(written)
            .map(move |(slot, value)| charging::ThrottleRow {
                key,
                slot,
                value,
                until: self.until,
            })
    }
}

/// Keys, throttles and counters, as they are read and as they are to be.
#[derive(Default)]
pub(in crate::postgres) struct Locked {
    pub(super) holders: BTreeMap<String, Holder>,
    pub(super) rings: BTreeMap<String, Ring>,
    pub(super) counters: BTreeMap<String, Counter>,
    changed: BTreeSet<String>,
    taken: BTreeSet<String>,
}

impl Counters for Locked {
    fn holder(&self, name: &str, now: Timestamp) -> Result<Option<ActionId>, StoreError> {
        let holder = self
            .holders
            .get(&key(name))
            .filter(|holder| holder.until > now.as_millis());
        holder
            .map(|holder| {
                ActionId::parse(&holder.action_id).map_err(|error| StoreError::Engine(error.into()))
            })
            .transpose()
    }

    fn went(&self, check: &ThrottleCheck) -> Result<Option<Timestamp>, StoreError> {
        let ring = self.rings.get(&key(&check.key));
        Ok(ring
            .and_then(|ring| ring.slots.get(&check.slot(ring.total)).copied())
            .map(Timestamp::from_millis))
    }

    fn used(&self, counter: &str) -> Result<u64, StoreError> {
        Ok(self
            .counters
            .get(&key(counter))
            .map_or(0, |counter| counter.used.unsigned_abs()))
    }
}

impl Locked {
    /// Charges dedup key, throttle and quotas for an action that has passed.
    pub(in crate::postgres) fn charge(
        &mut self,
        conditions: &Conditions,
        quotas: &[QuotaCheck],
        (seq, id): (Seq, &ActionId),
        now: Timestamp,
    ) {
        if let Some(dedup) = &conditions.dedup {
            let name = key(&dedup.key);
            self.taken.insert(name.clone());
            self.holders.insert(
                name,
                Holder {
                    seq: seq.0,
                    action_id: id.to_string(),
                    until: dedup.until.as_millis(),
                },
            );
        }
        if let Some(check) = &conditions.throttle {
            let ring = self.rings.entry(key(&check.key)).or_default();
            let slot = check.slot(ring.total);
            ring.slots.insert(slot, now.as_millis());
            ring.written.insert(slot);
            ring.total += 1;
            ring.until = check.kept_until(now).as_millis();
        }
        for quota in quotas {
            let name = key(&quota.counter);
            let counter = self
                .counters
                .entry(name.clone())
                .or_insert(Counter { used: 0, until: 0 });
            counter.used += 1;
            counter.until = counter.until.max(quota.resets_at.as_millis());
            self.changed.insert(name);
        }
    }

    /// Gives back what an action took that is over without having left. A key goes only if the action still holds it.
    pub(in crate::postgres) fn give_back(&mut self, seq: Seq, charges: &Charges) {
        if let Some(name) = charges.dedup.as_deref().map(key)
            && let Some(holder) = self.holders.get_mut(&name)
            && holder.seq == seq.0
        {
            *holder = Holder::NOBODY;
            self.taken.insert(name);
        }
        for name in charges.counters.iter().map(|counter| key(counter)) {
            if let Some(counter) = self.counters.get_mut(&name) {
                counter.used = (counter.used - 1).max(0);
                self.changed.insert(name);
            }
        }
    }

    /// Changed rows, to be written back.
    pub(in crate::postgres) fn changes(&self) -> Changes<'_> {
        let taken = self
            .holders
            .iter()
            .filter(|(name, _)| self.taken.contains(*name));
        let changed = self
            .counters
            .iter()
            .filter(|(name, _)| self.changed.contains(*name));
        Changes {
            keys: taken
                .map(|(key, holder)| charging::DedupRow {
                    key,
                    seq: holder.seq,
                    action_id: &holder.action_id,
                    until: holder.until,
                })
                .collect(),
            slots: self
                .rings
                .iter()
                .flat_map(|(key, ring)| ring.changed(key))
                .collect(),
            counters: changed
                .map(|(name, counter)| charging::CounterRow {
                    name,
                    used: counter.used,
                    until: counter.until,
                })
                .collect(),
        }
    }
}
