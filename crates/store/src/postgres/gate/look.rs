//! Read of everything that the gates of a batch ask for, locked in the order of the names unless nothing is changed.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::locked::{Counter, Holder, Locked, Ring};
use crate::gate::{Conditions, slot_in_sql};
use crate::model::{Charges, Route};
use crate::postgres::connect::Conn;
use crate::postgres::error::Failure;
use crate::postgres::rows::key;

type Parameters<'a, const N: usize> = [&'a (dyn ToSql + Sync); N];

/// The names that gates ask for, each once and in order: two batches never wait for each other.
#[derive(Default)]
pub(in crate::postgres) struct Names {
    dedup: Vec<String>,
    throttles: Vec<String>,
    /// For each throttle, how many of the batch may go through it, and the size of its ring.
    steps: Vec<i64>,
    sizes: Vec<i64>,
    counters: Vec<String>,
}

impl Names {
    pub(in crate::postgres) fn of<'a>(
        gates: impl Iterator<Item = (&'a Conditions, &'a [Route])>,
    ) -> Self {
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
                    .or_insert((0, check.ring_size()))
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

    /// The same names, with those of charges that are given back.
    pub(in crate::postgres) fn and_given_back<'a>(
        mut self,
        charges: impl Iterator<Item = &'a Charges>,
    ) -> Self {
        for charges in charges {
            self.dedup.extend(charges.dedup.as_deref().map(key));
            self.counters
                .extend(charges.counters.iter().map(|counter| key(counter)));
        }
        for names in [&mut self.dedup, &mut self.counters] {
            names.sort_unstable();
            names.dedup();
        }
        self
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
                .prepare_cached("INSERT INTO dedup_keys (key, seq, action_id, until) SELECT n, 0, '', 0 FROM unnest($1::text[]) AS n ORDER BY n ON CONFLICT DO NOTHING")
                .await?,
            dedup: conn
                .prepare_cached(&format!("SELECT * FROM dedup_keys WHERE key = ANY($1) ORDER BY key{locking}"))
                .await?,
            throttles: conn
                .prepare_cached(&format!("SELECT * FROM throttles WHERE slot = 0 AND key = ANY($1) ORDER BY key{locking}"))
                .await?,
            // The slots that the batch will look at: the next ones of each ring.
            slots: conn
                .prepare_cached(&format!(
                    "SELECT t.* FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS i (key, steps, size) \
                     JOIN throttles total ON total.key = i.key AND total.slot = 0 \
                     CROSS JOIN LATERAL generate_series(0, i.steps - 1) AS step \
                     JOIN throttles t ON t.key = i.key AND t.slot = {}",
                    slot_in_sql("total.value + step", "i.size")
                ))
                .await?,
            counters: conn
                .prepare_cached(&format!("SELECT * FROM counters WHERE name = ANY($1) ORDER BY name{locking}"))
                .await?,
        })
    }
}

/// Names and statements that read everything that gates ask for.
pub(in crate::postgres) struct Look {
    names: Names,
    statements: Statements,
    locks: bool,
}

impl Look {
    /// A look that locks what it reads.
    pub(in crate::postgres) async fn locking(conn: &Conn, names: Names) -> Result<Self, Failure> {
        Ok(Self {
            names,
            statements: Statements::prepare(conn, " FOR UPDATE").await?,
            locks: true,
        })
    }

    /// Sends everything at once, and reads the answers: always in the same order.
    pub(in crate::postgres) async fn read(&self, conn: &Conn) -> Result<Locked, Failure> {
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
                seq: row.try_get("seq")?,
                action_id: row.try_get("action_id")?,
                until: row.try_get("until")?,
            };
            locked.holders.insert(row.try_get("key")?, holder);
        }
        for row in throttles {
            let ring = Ring {
                total: row.try_get("value")?,
                until: row.try_get("until")?,
                ..Ring::default()
            };
            locked.rings.insert(row.try_get("key")?, ring);
        }
        for row in slots {
            let ring = locked.rings.entry(row.try_get("key")?).or_default();
            ring.slots
                .insert(row.try_get("slot")?, row.try_get("value")?);
        }
        for row in counters {
            let counter = Counter {
                used: row.try_get("used")?,
                until: row.try_get("until")?,
            };
            locked.counters.insert(row.try_get("name")?, counter);
        }
        Ok(locked)
    }

    /// Makes what is not there, so that there is something to lock; `false` when there was nothing to make. In a commit of its own: made
    /// among other locks, it could be waited for by those who are waited for.
    pub(in crate::postgres) async fn make_missing(
        &self,
        conn: &Conn,
        locked: &Locked,
    ) -> Result<bool, Failure> {
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
                "INSERT INTO throttles (key, slot, value, until) SELECT n, 0, 0, 0 FROM unnest($1::text[]) AS n ORDER BY n ON CONFLICT DO NOTHING",
            ),
            (
                &counters,
                "INSERT INTO counters (name, used, until) SELECT n, 0, 0 FROM unnest($1::text[]) AS n ORDER BY n ON CONFLICT DO NOTHING",
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
    pub(in crate::postgres) fn misses(&self, locked: &Locked) -> bool {
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
pub(in crate::postgres) async fn look(
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
