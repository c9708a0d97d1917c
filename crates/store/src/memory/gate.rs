//! Dedup keys, throttles and counters: read by the gate, charged, and given back.

use acteon_core::{ActionId, Timestamp};

use super::tables::{Holder, Tables};
use crate::StoreError;
use crate::gate::{Conditions, Counters, QuotaCheck, ThrottleCheck};
use crate::model::{Charges, Seq};

impl Counters for Tables {
    fn holder(&self, key: &str, now: Timestamp) -> Result<Option<ActionId>, StoreError> {
        Ok(self
            .holders
            .get(key)
            .filter(|holder| holder.until > now)
            .map(|holder| holder.id.clone()))
    }

    fn went(&self, check: &ThrottleCheck) -> Result<Option<Timestamp>, StoreError> {
        Ok(self
            .rings
            .get(&check.key)
            .and_then(|ring| ring.slots.get(&check.slot(ring.total)).copied()))
    }

    fn used(&self, counter: &str) -> Result<u64, StoreError> {
        Ok(self.counters.get(counter).map_or(0, |(used, _)| *used))
    }
}

impl Tables {
    pub(super) fn charge(
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
            ring.slots.insert(check.slot(ring.total), now);
            ring.total += 1;
            ring.until = check.kept_until(now);
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
}
