//! What the gate reads and writes: locked in the order of their names, judged in memory, and written back together.

use std::collections::{BTreeMap, BTreeSet};

use acteon_core::{ActionId, Timestamp};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::connect::Conn;
use super::error::Failure;
use super::rows::key;
use crate::StoreError;
use crate::gate::{Conditions, Counters, QuotaCheck, ThrottleCheck};
use crate::model::{Charges, Route, Seq};

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
        let holder = self
            .holders
            .get(&key(name))
            .filter(|holder| holder.until > now.as_millis());
        holder
            .map(|holder| {
                ActionId::parse(&holder.action_id)
                    .map_err(|error| StoreError::Engine(error.to_string()))
            })
            .transpose()
    }

    fn went(&self, check: &ThrottleCheck) -> Result<Option<Timestamp>, StoreError> {
        let ring = self.rings.get(&key(&check.key));
        Ok(ring
            .and_then(|ring| ring.slots.get(&slot(ring.total, check)).copied())
            .map(Timestamp::from_millis))
    }

    fn used(&self, counter: &str) -> Result<u64, StoreError> {
        Ok(self
            .counters
            .get(&key(counter))
            .map_or(0, |counter| counter.used.unsigned_abs()))
    }
}

fn ring_size(check: &ThrottleCheck) -> i64 {
    i64::from(check.max_count.max(1))
}

fn slot(total: i64, check: &ThrottleCheck) -> i64 {
    1 + total % ring_size(check)
}

impl Locked {
    /// Takes what the gate asks for, after it has passed.
    pub(super) fn charge(
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
            let slot = slot(ring.total, check);
            ring.slots.insert(slot, now.as_millis());
            ring.written.insert(slot);
            ring.total += 1;
            ring.until = (now + check.window).as_millis();
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

    /// What was charged, to be written back.
    pub(super) fn changes(&self) -> Changes<'_> {
        let mut changes = Changes::default();
        for (name, holder) in self
            .holders
            .iter()
            .filter(|(name, _)| self.taken.contains(*name))
        {
            changes.keys.push(name);
            changes.key_seqs.push(holder.seq);
            changes.key_ids.push(&holder.action_id);
            changes.key_untils.push(holder.until);
        }
        for (name, ring) in self
            .rings
            .iter()
            .filter(|(_, ring)| !ring.written.is_empty())
        {
            changes.slot(name, 0, ring.total, ring.until);
            for slot in &ring.written {
                changes.slot(
                    name,
                    *slot,
                    ring.slots.get(slot).copied().unwrap_or_default(),
                    ring.until,
                );
            }
        }
        for (name, counter) in self
            .counters
            .iter()
            .filter(|(name, _)| self.changed.contains(*name))
        {
            changes.counters.push(name);
            changes.used.push(counter.used);
            changes.counter_untils.push(counter.until);
        }
        changes
    }
}

/// Columns of what is written back.
#[derive(Default)]
pub(super) struct Changes<'a> {
    keys: Vec<&'a str>,
    key_seqs: Vec<i64>,
    key_ids: Vec<&'a str>,
    key_untils: Vec<i64>,
    rings: Vec<&'a str>,
    slots: Vec<i64>,
    values: Vec<i64>,
    ring_untils: Vec<i64>,
    counters: Vec<&'a str>,
    used: Vec<i64>,
    counter_untils: Vec<i64>,
}

const TAKE_KEYS: &str = "\
UPDATE dedup_keys d SET seq = i.seq, action_id = i.action_id, until = i.until
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[]) AS i (key, seq, action_id, until) WHERE d.key = i.key";
const WRITE_SLOTS: &str = "\
INSERT INTO throttles (key, slot, value, until) SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[])
ON CONFLICT (key, slot) DO UPDATE SET value = excluded.value, until = excluded.until";
const CHARGE: &str = "\
UPDATE counters c SET used = i.used, until = i.until
FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS i (name, used, until) WHERE c.name = i.name";

/// The statements that write back, made before the transaction begins.
pub(super) struct Charging {
    take_keys: Statement,
    write_slots: Statement,
    charge: Statement,
}

impl Charging {
    pub(super) async fn prepare(conn: &Conn) -> Result<Self, Failure> {
        Ok(Self {
            take_keys: conn.prepare_cached(TAKE_KEYS).await?,
            write_slots: conn.prepare_cached(WRITE_SLOTS).await?,
            charge: conn.prepare_cached(CHARGE).await?,
        })
    }

    /// Sends everything at once.
    pub(super) async fn write(&self, conn: &Conn, changes: &Changes<'_>) -> Result<(), Failure> {
        let Changes {
            keys,
            key_seqs,
            key_ids,
            key_untils,
            rings,
            slots,
            values,
            ring_untils,
            counters,
            used,
            counter_untils,
        } = changes;
        let keys: Parameters<4> = [keys, key_seqs, key_ids, key_untils];
        let slots: Parameters<4> = [rings, slots, values, ring_untils];
        let counters: Parameters<3> = [counters, used, counter_untils];
        tokio::try_join!(
            biased;
            execute(conn, !changes.keys.is_empty(), &self.take_keys, &keys),
            execute(conn, !changes.rings.is_empty(), &self.write_slots, &slots),
            execute(conn, !changes.counters.is_empty(), &self.charge, &counters),
        )?;
        Ok(())
    }
}

async fn execute(
    conn: &Conn,
    asked: bool,
    statement: &Statement,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<(), Failure> {
    if asked {
        conn.execute(statement, parameters).await?;
    }
    Ok(())
}

impl<'a> Changes<'a> {
    fn slot(&mut self, ring: &'a str, slot: i64, value: i64, until: i64) {
        self.rings.push(ring);
        self.slots.push(slot);
        self.values.push(value);
        self.ring_untils.push(until);
    }
}

/// The names that gates ask for, each once and in order: two batches never wait for each other.
#[derive(Default)]
pub(super) struct Names {
    dedup: Vec<String>,
    throttles: Vec<String>,
    /// For each throttle, how many of the batch may go through it, and the size of its ring.
    steps: Vec<i64>,
    sizes: Vec<i64>,
    counters: Vec<String>,
}

impl Names {
    pub(super) fn of<'a>(gates: impl Iterator<Item = (&'a Conditions, &'a [Route])>) -> Self {
        let (mut dedup, mut throttles, mut counters) = (
            BTreeSet::new(),
            BTreeMap::<String, (i64, i64)>::new(),
            BTreeSet::new(),
        );
        for (conditions, routes) in gates {
            dedup.extend(conditions.dedup.as_ref().map(|dedup| key(&dedup.key)));
            if let Some(check) = &conditions.throttle {
                throttles
                    .entry(key(&check.key))
                    .or_insert((0, ring_size(check)))
                    .0 += 1;
            }
            counters.extend(
                routes
                    .iter()
                    .flat_map(|route| &route.quotas)
                    .map(|quota| key(&quota.counter)),
            );
        }
        let (throttles, (steps, sizes)) = throttles
            .into_iter()
            .map(|(name, (count, size))| (name, (count.min(size), size)))
            .unzip();
        Self {
            dedup: dedup.into_iter().collect(),
            throttles,
            steps,
            sizes,
            counters: counters.into_iter().collect(),
        }
    }
}

/// The statements of a look at the gate, made before its transaction begins: nothing is waited for with locks held that need not be.
struct Statements {
    make_dedup: Statement,
    dedup: Statement,
    throttles: Statement,
    slots: Statement,
    counters: Statement,
}

impl Statements {
    async fn prepare(conn: &Conn, locking: &str) -> Result<Self, Failure> {
        Ok(Self {
            make_dedup: conn
                .prepare_cached("INSERT INTO dedup_keys SELECT n, 0, '', 0 FROM unnest($1::text[]) AS n ORDER BY n ON CONFLICT DO NOTHING")
                .await?,
            dedup: conn
                .prepare_cached(&format!("SELECT key, seq, action_id, until FROM dedup_keys WHERE key = ANY($1) ORDER BY key{locking}"))
                .await?,
            throttles: conn
                .prepare_cached(&format!("SELECT key, value, until FROM throttles WHERE slot = 0 AND key = ANY($1) ORDER BY key{locking}"))
                .await?,
            // The slots that the batch will look at: the next ones of each ring.
            slots: conn
                .prepare_cached(
                    "SELECT t.key, t.slot, t.value FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS i (key, steps, size) \
                     JOIN throttles total ON total.key = i.key AND total.slot = 0 \
                     CROSS JOIN LATERAL generate_series(0, i.steps - 1) AS step \
                     JOIN throttles t ON t.key = i.key AND t.slot = 1 + (total.value + step) % i.size",
                )
                .await?,
            counters: conn
                .prepare_cached(&format!("SELECT name, used, until FROM counters WHERE name = ANY($1) ORDER BY name{locking}"))
                .await?,
        })
    }
}

/// What locks and reads everything that gates ask for.
pub(super) struct Look {
    names: Names,
    statements: Statements,
    locks: bool,
}

impl Look {
    /// A look that locks what it reads.
    pub(super) async fn locking(conn: &Conn, names: Names) -> Result<Self, Failure> {
        Ok(Self {
            names,
            statements: Statements::prepare(conn, " FOR UPDATE").await?,
            locks: true,
        })
    }

    /// Sends everything at once, and reads the answers: always in the same order.
    pub(super) async fn read(&self, conn: &Conn) -> Result<Locked, Failure> {
        let Self {
            names,
            statements,
            locks,
        } = self;
        let make_dedup = async {
            if *locks && !names.dedup.is_empty() {
                conn.execute(&statements.make_dedup, &[&names.dedup])
                    .await?;
            }
            Ok::<_, Failure>(())
        };
        let (dedup, throttles, counters) = (&names.dedup, &names.throttles, &names.counters);
        let (steps, sizes) = (&names.steps, &names.sizes);
        let (dedup, throttles, slots, counters): (
            Parameters<1>,
            Parameters<1>,
            Parameters<3>,
            Parameters<1>,
        ) = ([dedup], [throttles], [throttles, steps, sizes], [counters]);
        let ((), dedup, throttles, slots, counters) = tokio::try_join!(
            biased;
            make_dedup,
            rows(conn, !names.dedup.is_empty(), &statements.dedup, &dedup),
            rows(conn, !names.throttles.is_empty(), &statements.throttles, &throttles),
            rows(conn, !names.throttles.is_empty(), &statements.slots, &slots),
            rows(conn, !names.counters.is_empty(), &statements.counters, &counters),
        )?;
        let mut locked = Locked::default();
        for row in dedup {
            let holder = Holder {
                seq: row.try_get(1)?,
                action_id: row.try_get(2)?,
                until: row.try_get(3)?,
            };
            locked.holders.insert(row.try_get(0)?, holder);
        }
        for row in throttles {
            locked.rings.insert(
                row.try_get(0)?,
                Ring {
                    total: row.try_get(1)?,
                    until: row.try_get(2)?,
                    ..Ring::default()
                },
            );
        }
        for row in slots {
            let ring = locked.rings.entry(row.try_get(0)?).or_default();
            ring.slots.insert(row.try_get(1)?, row.try_get(2)?);
        }
        for row in counters {
            locked.counters.insert(
                row.try_get(0)?,
                Counter {
                    used: row.try_get(1)?,
                    until: row.try_get(2)?,
                },
            );
        }
        Ok(locked)
    }

    /// Makes what is not there, so that there is something to lock; `false` when there was nothing to make. In a commit of its own: made
    /// among other locks, it could be waited for by those who are waited for.
    pub(super) async fn make_missing(&self, conn: &Conn, locked: &Locked) -> Result<bool, Failure> {
        let throttles: Vec<&String> = self
            .names
            .throttles
            .iter()
            .filter(|name| !locked.rings.contains_key(*name))
            .collect();
        let counters: Vec<&String> = self
            .names
            .counters
            .iter()
            .filter(|name| !locked.counters.contains_key(*name))
            .collect();
        for (names, make) in [
            (
                &throttles,
                "INSERT INTO throttles SELECT n, 0, 0, 0 FROM unnest($1::text[]) AS n ORDER BY n ON CONFLICT DO NOTHING",
            ),
            (
                &counters,
                "INSERT INTO counters SELECT n, 0, 0 FROM unnest($1::text[]) AS n ORDER BY n ON CONFLICT DO NOTHING",
            ),
        ] {
            if !names.is_empty() {
                let make = conn.prepare_cached(make).await?;
                conn.execute(&make, &[names]).await?;
            }
        }
        Ok(!throttles.is_empty() || !counters.is_empty())
    }

    /// Whether anything is missing that the gates ask for.
    pub(super) fn misses(&self, locked: &Locked) -> bool {
        let Names {
            dedup,
            throttles,
            counters,
            ..
        } = &self.names;
        locked.holders.len() < dedup.len()
            || locked.rings.len() < throttles.len()
            || locked.counters.len() < counters.len()
    }
}

type Parameters<'a, const N: usize> = [&'a (dyn ToSql + Sync); N];

/// The rows of a query that is only asked where there is something to ask for.
async fn rows(
    conn: &Conn,
    asked: bool,
    statement: &Statement,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, Failure> {
    if asked {
        Ok(conn.query(statement, parameters).await?)
    } else {
        Ok(Vec::new())
    }
}

/// Reads without locking, for a look that changes nothing.
pub(super) async fn look(
    conn: &Conn,
    conditions: &Conditions,
    routes: &[Route],
) -> Result<Locked, Failure> {
    let names = Names::of(std::iter::once((conditions, routes)));
    Look {
        names,
        statements: Statements::prepare(conn, "").await?,
        locks: false,
    }
    .read(conn)
    .await
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
        let lock = conn
            .prepare_cached("SELECT 1 FROM dedup_keys WHERE key = ANY($1) ORDER BY key FOR UPDATE")
            .await?;
        conn.execute(&lock, &[&keys]).await?;
        let delete = "DELETE FROM dedup_keys d USING unnest($1::text[], $2::bigint[]) AS i (key, seq) WHERE d.key = i.key AND d.seq = i.seq";
        let delete = conn.prepare_cached(delete).await?;
        conn.execute(&delete, &[&keys, &seqs]).await?;
    }
    if !counters.is_empty() {
        let (names, counts): (Vec<&String>, Vec<i64>) = counters.iter().unzip();
        let lock = conn
            .prepare_cached("SELECT 1 FROM counters WHERE name = ANY($1) ORDER BY name FOR UPDATE")
            .await?;
        conn.execute(&lock, &[&names]).await?;
        let update = "UPDATE counters c SET used = GREATEST(c.used - i.count, 0) \
             FROM unnest($1::text[], $2::bigint[]) AS i (name, count) WHERE c.name = i.name";
        let update = conn.prepare_cached(update).await?;
        conn.execute(&update, &[&names, &counts]).await?;
    }
    Ok(())
}

pub(super) async fn used(conn: &Conn, counter: &str) -> Result<i64, Failure> {
    let row = conn
        .query_opt("SELECT used FROM counters WHERE name = $1", &[&counter])
        .await?;
    Ok(row.map_or(Ok(0), |row| row.try_get(0))?)
}
