//! What the gate reads and writes: locked in the order of their names, judged in memory, and written back together.

use std::collections::{BTreeMap, BTreeSet};

use acteon_core::{ActionId, Timestamp};

use super::connect::Conn;
use super::error::Failure;
use super::rows::key;
use crate::StoreError;
use crate::gate::{Conditions, Counters, QuotaCheck, ThrottleCheck};
use crate::model::{Charges, Seq, Way};

#[derive(Clone)]
struct Holder {
    seq: i64,
    action_id: String,
    until: i64,
}

#[derive(Clone, Copy)]
struct Counter {
    used: i64,
    until: i64,
}

/// The slots of a throttle's ring that are known, and how many went in all.
#[derive(Default)]
struct Ring {
    total: i64,
    until: i64,
    slots: BTreeMap<i64, i64>,
    written: BTreeSet<i64>,
}

/// Keys, throttles and counters, as they are read and as they are to be.
#[derive(Default)]
pub(super) struct Locked {
    holders: BTreeMap<String, Holder>,
    rings: BTreeMap<String, Ring>,
    counters: BTreeMap<String, Counter>,
    changed: BTreeSet<String>,
    taken: BTreeSet<String>,
}

impl Counters for Locked {
    fn holder(&self, name: &str, now: Timestamp) -> Result<Option<ActionId>, StoreError> {
        let holder = self.holders.get(&key(name)).filter(|holder| holder.until > now.as_millis());
        holder.map(|holder| ActionId::parse(&holder.action_id).map_err(|error| StoreError::Engine(error.to_string()))).transpose()
    }

    fn went(&self, check: &ThrottleCheck) -> Result<Option<Timestamp>, StoreError> {
        let ring = self.rings.get(&key(&check.key));
        Ok(ring.and_then(|ring| ring.slots.get(&slot(ring.total, check)).copied()).map(Timestamp::from_millis))
    }

    fn used(&self, counter: &str) -> Result<u64, StoreError> {
        Ok(self.counters.get(&key(counter)).map_or(0, |counter| counter.used.unsigned_abs()))
    }
}

fn slot(total: i64, check: &ThrottleCheck) -> i64 {
    1 + total % i64::from(check.max_count.max(1))
}

impl Locked {
    /// Takes what the gate asks for, after it has passed.
    pub(super) fn charge(&mut self, conditions: &Conditions, quotas: &[QuotaCheck], (seq, id): (Seq, &ActionId), now: Timestamp) {
        if let Some(dedup) = &conditions.dedup {
            let name = key(&dedup.key);
            self.taken.insert(name.clone());
            self.holders.insert(name, Holder { seq: seq.0, action_id: id.to_string(), until: dedup.until.as_millis() });
        }
        if let Some(check) = &conditions.throttle {
            let ring = self.rings.entry(key(&check.key)).or_default();
            let slot = slot(ring.total, check);
            ring.slots.insert(slot, now.as_millis());
            ring.written.insert(slot);
            ring.total += 1;
            ring.until = (now + check.window).as_millis();
        }
        for quota in quotas {
            let name = key(&quota.counter);
            let counter = self.counters.entry(name.clone()).or_insert(Counter { used: 0, until: 0 });
            counter.used += 1;
            counter.until = counter.until.max(quota.resets_at.as_millis());
            self.changed.insert(name);
        }
    }

    /// Writes back what was charged.
    pub(super) async fn write(&self, conn: &Conn) -> Result<(), Failure> {
        let taken: Vec<(&String, &Holder)> = self.holders.iter().filter(|(name, _)| self.taken.contains(*name)).collect();
        if !taken.is_empty() {
            let names: Vec<&String> = taken.iter().map(|(name, _)| *name).collect();
            let seqs: Vec<i64> = taken.iter().map(|(_, holder)| holder.seq).collect();
            let ids: Vec<&String> = taken.iter().map(|(_, holder)| &holder.action_id).collect();
            let untils: Vec<i64> = taken.iter().map(|(_, holder)| holder.until).collect();
            let update = "UPDATE dedup_keys d SET seq = i.seq, action_id = i.action_id, until = i.until \
                 FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[]) AS i (key, seq, action_id, until) WHERE d.key = i.key";
            let update = conn.prepare_cached(update).await?;
            conn.execute(&update, &[&names, &seqs, &ids, &untils]).await?;
        }
        let mut slots = Slots::default();
        for (name, ring) in self.rings.iter().filter(|(_, ring)| !ring.written.is_empty()) {
            slots.push(name, 0, ring.total, ring.until);
            for slot in &ring.written {
                slots.push(name, *slot, ring.slots.get(slot).copied().unwrap_or_default(), ring.until);
            }
        }
        slots.write(conn).await?;
        if !self.changed.is_empty() {
            let changed: Vec<(&String, &Counter)> = self.counters.iter().filter(|(name, _)| self.changed.contains(*name)).collect();
            let names: Vec<&String> = changed.iter().map(|(name, _)| *name).collect();
            let used: Vec<i64> = changed.iter().map(|(_, counter)| counter.used).collect();
            let untils: Vec<i64> = changed.iter().map(|(_, counter)| counter.until).collect();
            let update = "UPDATE counters c SET used = i.used, until = i.until \
                 FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS i (name, used, until) WHERE c.name = i.name";
            let update = conn.prepare_cached(update).await?;
            conn.execute(&update, &[&names, &used, &untils]).await?;
        }
        Ok(())
    }
}

#[derive(Default)]
struct Slots<'a> {
    keys: Vec<&'a str>,
    numbers: Vec<i64>,
    values: Vec<i64>,
    untils: Vec<i64>,
}

impl<'a> Slots<'a> {
    fn push(&mut self, key: &'a str, slot: i64, value: i64, until: i64) {
        self.keys.push(key);
        self.numbers.push(slot);
        self.values.push(value);
        self.untils.push(until);
    }

    async fn write(&self, conn: &Conn) -> Result<(), Failure> {
        if self.keys.is_empty() {
            return Ok(());
        }
        let upsert = "INSERT INTO throttles (key, slot, value, until) \
             SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) \
             ON CONFLICT (key, slot) DO UPDATE SET value = excluded.value, until = excluded.until";
        let upsert = conn.prepare_cached(upsert).await?;
        conn.execute(&upsert, &[&self.keys, &self.numbers, &self.values, &self.untils]).await?;
        Ok(())
    }
}

/// The names that gates ask for, each once and in order.
#[derive(Default)]
struct Names {
    dedup: BTreeSet<String>,
    /// With how many of the batch may go through it, and its check.
    throttles: BTreeMap<String, (i64, ThrottleCheck)>,
    counters: BTreeSet<String>,
}

impl Names {
    fn of<'a>(gates: impl Iterator<Item = (&'a Conditions, &'a [Way])>) -> Self {
        let mut names = Self::default();
        for (conditions, ways) in gates {
            names.dedup.extend(conditions.dedup.as_ref().map(|dedup| key(&dedup.key)));
            if let Some(check) = &conditions.throttle {
                names.throttles.entry(key(&check.key)).or_insert((0, check.clone())).0 += 1;
            }
            names.counters.extend(ways.iter().flat_map(|way| &way.quotas).map(|quota| key(&quota.counter)));
        }
        names
    }
}

/// Locks and reads everything that the gates ask for: always in the same order, so that two batches never wait for each other.
pub(super) async fn lock<'a>(
    conn: &Conn,
    locked: &mut Locked,
    gates: impl Iterator<Item = (&'a Conditions, &'a [Way])>,
) -> Result<(), Failure> {
    let names = Names::of(gates);
    let dedup: Vec<&String> = names.dedup.iter().collect();
    let throttles: Vec<&String> = names.throttles.keys().collect();
    let counters: Vec<&String> = names.counters.iter().collect();
    // What is not there is made first, so that there is something to lock.
    for (names, make) in [
        (&dedup, "INSERT INTO dedup_keys SELECT n, 0, '', 0 FROM unnest($1::text[]) AS n ORDER BY n ON CONFLICT DO NOTHING"),
        (&throttles, "INSERT INTO throttles SELECT n, 0, 0, 0 FROM unnest($1::text[]) AS n ORDER BY n ON CONFLICT DO NOTHING"),
        (&counters, "INSERT INTO counters SELECT n, 0, 0 FROM unnest($1::text[]) AS n ORDER BY n ON CONFLICT DO NOTHING"),
    ] {
        if !names.is_empty() {
            let make = conn.prepare_cached(make).await?;
            conn.execute(&make, &[names]).await?;
        }
    }
    read(conn, locked, &names, " FOR UPDATE").await?;
    // What was swept away in between is not locked.
    let there = locked.holders.len() == dedup.len() && locked.rings.len() == throttles.len() && locked.counters.len() == counters.len();
    if there { Ok(()) } else { Err(Failure::Conflict) }
}

/// Reads without locking, for a look that changes nothing.
pub(super) async fn look(conn: &Conn, conditions: &Conditions, ways: &[Way]) -> Result<Locked, Failure> {
    let mut locked = Locked::default();
    read(conn, &mut locked, &Names::of(std::iter::once((conditions, ways))), "").await?;
    Ok(locked)
}

async fn read(conn: &Conn, locked: &mut Locked, names: &Names, locking: &str) -> Result<(), Failure> {
    if !names.dedup.is_empty() {
        let dedup: Vec<&String> = names.dedup.iter().collect();
        let select = format!("SELECT key, seq, action_id, until FROM dedup_keys WHERE key = ANY($1) ORDER BY key{locking}");
        let select = conn.prepare_cached(&select).await?;
        for row in conn.query(&select, &[&dedup]).await? {
            let holder = Holder { seq: row.try_get(1)?, action_id: row.try_get(2)?, until: row.try_get(3)? };
            locked.holders.insert(row.try_get(0)?, holder);
        }
    }
    if !names.throttles.is_empty() {
        read_rings(conn, locked, names, locking).await?;
    }
    if !names.counters.is_empty() {
        let counters: Vec<&String> = names.counters.iter().collect();
        let select = format!("SELECT name, used, until FROM counters WHERE name = ANY($1) ORDER BY name{locking}");
        let select = conn.prepare_cached(&select).await?;
        for row in conn.query(&select, &[&counters]).await? {
            locked.counters.insert(row.try_get(0)?, Counter { used: row.try_get(1)?, until: row.try_get(2)? });
        }
    }
    Ok(())
}

/// The totals, and then the slots that the batch will look at: the next ones of each ring.
async fn read_rings(conn: &Conn, locked: &mut Locked, names: &Names, locking: &str) -> Result<(), Failure> {
    let keys: Vec<&String> = names.throttles.keys().collect();
    let select = format!("SELECT key, value, until FROM throttles WHERE slot = 0 AND key = ANY($1) ORDER BY key{locking}");
    let select = conn.prepare_cached(&select).await?;
    for row in conn.query(&select, &[&keys]).await? {
        locked.rings.insert(row.try_get(0)?, Ring { total: row.try_get(1)?, until: row.try_get(2)?, ..Ring::default() });
    }
    let (mut wanted_keys, mut wanted_slots) = (Vec::new(), Vec::new());
    for (name, (count, check)) in &names.throttles {
        let total = locked.rings.get(name).map_or(0, |ring| ring.total);
        for step in 0..(*count).min(i64::from(check.max_count)) {
            wanted_keys.push(name);
            wanted_slots.push(slot(total + step, check));
        }
    }
    let select = "SELECT t.key, t.slot, t.value FROM throttles t \
         JOIN unnest($1::text[], $2::bigint[]) AS i (key, slot) ON t.key = i.key AND t.slot = i.slot";
    let select = conn.prepare_cached(select).await?;
    for row in conn.query(&select, &[&wanted_keys, &wanted_slots]).await? {
        let ring = locked.rings.entry(row.try_get(0)?).or_default();
        ring.slots.insert(row.try_get(1)?, row.try_get(2)?);
    }
    Ok(())
}

/// Gives back what actions took that are over without having left. A key goes only if the action still holds it.
pub(super) async fn refund(conn: &Conn, given_back: &[(Seq, &Charges)]) -> Result<(), Failure> {
    let mut counters: BTreeMap<String, i64> = BTreeMap::new();
    let (mut keys, mut seqs) = (Vec::new(), Vec::new());
    for (seq, charges) in given_back {
        for counter in &charges.counters {
            *counters.entry(key(counter)).or_default() += 1;
        }
        keys.extend(charges.dedup.as_deref().map(key));
        seqs.extend(charges.dedup.is_some().then_some(seq.0));
    }
    if !keys.is_empty() {
        let lock = conn.prepare_cached("SELECT 1 FROM dedup_keys WHERE key = ANY($1) ORDER BY key FOR UPDATE").await?;
        conn.execute(&lock, &[&keys]).await?;
        let delete =
            "DELETE FROM dedup_keys d USING unnest($1::text[], $2::bigint[]) AS i (key, seq) WHERE d.key = i.key AND d.seq = i.seq";
        let delete = conn.prepare_cached(delete).await?;
        conn.execute(&delete, &[&keys, &seqs]).await?;
    }
    if !counters.is_empty() {
        let (names, counts): (Vec<&String>, Vec<i64>) = counters.iter().unzip();
        let lock = conn.prepare_cached("SELECT 1 FROM counters WHERE name = ANY($1) ORDER BY name FOR UPDATE").await?;
        conn.execute(&lock, &[&names]).await?;
        let update = "UPDATE counters c SET used = GREATEST(c.used - i.count, 0) \
             FROM unnest($1::text[], $2::bigint[]) AS i (name, count) WHERE c.name = i.name";
        let update = conn.prepare_cached(update).await?;
        conn.execute(&update, &[&names, &counts]).await?;
    }
    Ok(())
}

pub(super) async fn used(conn: &Conn, counter: &str) -> Result<i64, Failure> {
    let row = conn.query_opt("SELECT used FROM counters WHERE name = $1", &[&counter]).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get(0))?)
}
