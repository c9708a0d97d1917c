//! Admissions: a batch of actions in one statement, or behind the gate in one transaction.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicIsize, Ordering};

use acteon_core::{Action, Outcome};

use super::batch::Batched;
use super::connect::Conn;
use super::error::Failure;
use super::gate::{self, Locked};
use super::insert::{Row, insert};
use super::positions::Positions;
use super::rows::record;
use crate::StoreError;
use crate::gate::{Judged, judge};
use crate::model::{Admission, Admitted, Birth, Charges, Fate, OwnerId, Record, Seq, State, Way};
use crate::rows::{RawRecord, RowTexts, row_texts};

/// An admission with its texts and the position that it will have.
pub(super) struct Admitting {
    admission: Admission,
    texts: RowTexts,
    seq: AtomicI64,
    positions: Arc<Positions>,
}

impl Admitting {
    pub(super) fn new(admission: Admission, positions: &Arc<Positions>) -> Result<Self, StoreError> {
        let texts = row_texts(&admission)?;
        let seq = AtomicI64::new(positions.next(admission.accepted_at).0);
        Ok(Self { admission, texts, seq, positions: Arc::clone(positions) })
    }

    fn seq(&self) -> Seq {
        Seq(self.seq.load(Ordering::Relaxed))
    }

    /// Takes another position, where no earlier try can have written it at this one.
    fn move_on(&self) {
        self.seq.store(self.positions.next(self.admission.accepted_at).0, Ordering::Relaxed);
    }

    fn action(&self) -> &Action {
        &self.admission.action
    }

    fn ways(&self) -> &[Way] {
        match &self.admission.fate {
            Fate::Ended(_) => &[],
            Fate::Send { ways, .. } => ways,
        }
    }

    /// Whether there is no gate to pass.
    fn is_free(&self) -> bool {
        match &self.admission.fate {
            Fate::Ended(_) => true,
            Fate::Send { conditions, ways } => {
                conditions.dedup.is_none() && conditions.throttle.is_none() && ways.first().is_some_and(|way| way.quotas.is_empty())
            }
        }
    }

    /// Who is to own the row, whichever way it goes.
    fn owner(&self) -> Option<OwnerId> {
        match self.ways().first()?.birth {
            Birth::Owned(owner) => Some(owner),
            Birth::Due(_) => None,
        }
    }

    /// The row of an action that goes `way`, or ended.
    fn row<'a>(&'a self, goes: &'a Goes) -> Result<Row<'a>, StoreError> {
        let (way, request, charges, outcome) = match goes {
            Goes::Ended(outcome) => (None, None, None, Some(outcome)),
            Goes::Way { way, charges, .. } => (self.ways().get(*way), self.texts.requests.get(*way), Some(charges), None),
        };
        if outcome.is_none() && (way.is_none() || request.is_none()) {
            return Err(StoreError::Engine("an action has no way to go".into()));
        }
        Ok(Row { seq: self.seq(), admission: &self.admission, action: &self.texts.action, way, request, charges, outcome })
    }
}

/// What is to be written of an action.
enum Goes {
    Way { way: usize, over: Vec<usize>, charges: Charges },
    Ended(Outcome),
}

impl Goes {
    fn free(admission: &Admission) -> Self {
        match &admission.fate {
            Fate::Ended(outcome) => Self::Ended(outcome.clone()),
            Fate::Send { .. } => Self::Way { way: 0, over: Vec::new(), charges: Charges::default() },
        }
    }

    fn into_admitted(self, seq: Seq) -> Admitted {
        match self {
            Self::Way { way, over, .. } => Admitted::Open { seq, way, over },
            Self::Ended(outcome) => Admitted::Ended(outcome),
        }
    }
}

/// Writes admissions.
pub(super) struct Admit {
    pub(super) open: Arc<AtomicIsize>,
}

type Effects = Vec<Option<Result<Admitted, StoreError>>>;

impl Batched for Admit {
    type Item = Admitting;
    type Effect = Admitted;

    async fn attempt(&self, conn: &Conn, items: &[Arc<Admitting>], again: bool) -> Result<Vec<Result<Admitted, StoreError>>, Failure> {
        let mut effects: Effects = items.iter().map(|_| None).collect();
        write_free(conn, items, again, &mut effects).await?;
        let free_written = effects.iter().any(Option::is_some);
        // Each round takes those whose ids differ: the second of the same id then finds the first.
        loop {
            let mut ids = HashSet::new();
            let mut fresh = |place: &usize| {
                let action = items[*place].action();
                effects[*place].is_none() && ids.insert((action.namespace.as_str(), action.tenant.as_str(), action.id.as_str()))
            };
            let round: Vec<usize> = (0..items.len()).filter(|place| fresh(place)).collect();
            if round.is_empty() {
                break;
            }
            let gated: Vec<&Admitting> = round.iter().map(|place| &*items[*place]).collect();
            let written = write_gated(conn, &gated, again).await.map_err(|failure| match failure {
                // Those without a gate are written by now: what came of the batch is not what came of this part.
                Failure::Away(why) if free_written => Failure::Unknown(why),
                failure => failure,
            })?;
            for (place, effect) in round.into_iter().zip(written) {
                effects[place] = Some(effect);
            }
        }
        Ok(effects.into_iter().map(|effect| effect.unwrap_or(Err(StoreError::Busy))).collect())
    }

    fn committed(&self, _item: &Admitting, effect: &Admitted) {
        if matches!(effect, Admitted::Open { .. }) {
            self.open.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Writes those that have no gate to pass, in one statement. What it leaves `None` has an id that was there, or a position that was taken.
async fn write_free(conn: &Conn, items: &[Arc<Admitting>], again: bool, effects: &mut Effects) -> Result<(), Failure> {
    let free: Vec<usize> = (0..items.len()).filter(|place| items[*place].is_free()).collect();
    // What may have been written before is looked up first, like everything behind the gate.
    if free.is_empty() || again {
        return Ok(());
    }
    let goes: Vec<Goes> = free.iter().map(|place| Goes::free(&items[*place].admission)).collect();
    let rows = free.iter().zip(&goes).map(|(place, goes)| items[*place].row(goes)).collect::<Result<Vec<_>, _>>()?;
    let done = insert(conn, &rows).await?;
    for (place, goes) in free.into_iter().zip(goes) {
        let item = &items[place];
        if done.written.contains(&item.seq()) {
            effects[place] = Some(Ok(goes.into_admitted(item.seq())));
        } else if item.owner().is_some_and(|owner| !done.living.contains(&owner)) {
            effects[place] = Some(Err(StoreError::Fenced));
        }
    }
    Ok(())
}

/// Checks, charges and writes in one transaction. The ids of `items` differ.
async fn write_gated(conn: &Conn, items: &[&Admitting], again: bool) -> Result<Vec<Result<Admitted, StoreError>>, Failure> {
    conn.batch_execute("BEGIN").await?;
    let mut effects: Effects = items.iter().map(|_| None).collect();
    let mut superseded = Vec::new();
    for found in existing(conn, items).await? {
        let Some(place) = items.iter().position(|item| is_of(&found, item.action())) else { continue };
        match before(items[place], found) {
            Before::Mine(admitted) => effects[place] = Some(Ok(admitted)),
            Before::GivesWay(seq) => superseded.push(seq.0),
            Before::Stays(found) => effects[place] = Some(Ok(Admitted::Existing(found))),
        }
    }
    if !superseded.is_empty() {
        conn.execute("UPDATE actions SET superseded = TRUE WHERE seq = ANY($1)", &[&superseded]).await?;
    }
    let mut locked = Locked::default();
    let open = (0..items.len()).filter(|place| effects[*place].is_none()).collect::<Vec<_>>();
    let gates = open.iter().filter_map(|place| match &items[*place].admission.fate {
        Fate::Send { conditions, ways } => Some((conditions, &ways[..])),
        Fate::Ended(_) => None,
    });
    gate::lock(conn, &mut locked, gates).await?;
    let mut goes = Vec::new();
    for place in &open {
        goes.push(decide(items[*place], &mut locked)?);
    }
    let rows = open.iter().zip(&goes).map(|(place, goes)| items[*place].row(goes)).collect::<Result<Vec<_>, _>>()?;
    let done = insert(conn, &rows).await?;
    for (place, goes) in open.into_iter().zip(goes) {
        let item = items[place];
        effects[place] = if done.written.contains(&item.seq()) {
            Some(Ok(goes.into_admitted(item.seq())))
        } else if item.owner().is_some_and(|owner| !done.living.contains(&owner)) {
            // Nothing of the batch must be charged for what is not written.
            return Err(StoreError::Fenced.into());
        } else {
            // Somebody else took the id meanwhile, or the position.
            if !again {
                item.move_on();
            }
            return Err(Failure::Conflict);
        };
    }
    locked.write(conn).await?;
    conn.batch_execute("COMMIT").await?;
    Ok(effects.into_iter().map(|effect| effect.unwrap_or(Err(StoreError::Busy))).collect())
}

/// What the gate says of an action, charged to what is locked.
fn decide(item: &Admitting, locked: &mut Locked) -> Result<Goes, StoreError> {
    let (conditions, ways) = match &item.admission.fate {
        Fate::Ended(outcome) => return Ok(Goes::Ended(outcome.clone())),
        Fate::Send { conditions, ways } => (conditions, ways),
    };
    let now = item.admission.accepted_at;
    Ok(match judge(locked, conditions, ways, now)? {
        Judged::Refused(outcome) => Goes::Ended(outcome),
        Judged::Go { way, over } => {
            let quotas = ways.get(way).map_or(&[][..], |way| &way.quotas);
            locked.charge(conditions, quotas, (item.seq(), &item.action().id), now);
            Goes::Way { way, over, charges: conditions.charges(quotas) }
        }
    })
}

/// What an id that was there before means for an admission.
enum Before {
    /// An earlier try of this very admission wrote it.
    Mine(Admitted),
    /// Refused for now, and the same is asked for again.
    GivesWay(Seq),
    Stays(Box<Record>),
}

fn before(item: &Admitting, found: Record) -> Before {
    if found.seq == item.seq() {
        let ended = found.outcome.as_deref().filter(|_| found.state != State::Open);
        if let Some(outcome) = ended.and_then(|text| serde_json::from_str(text).ok()).filter(|_| found.attempts == 0) {
            return Before::Mine(Admitted::Ended(outcome));
        }
        let way = item.ways().iter().position(|way| way.provider == found.provider).unwrap_or(0);
        return Before::Mine(Admitted::Open { seq: found.seq, way, over: Vec::new() });
    }
    if found.state == State::Refused && found.action.asks_the_same(item.action()) {
        return Before::GivesWay(found.seq);
    }
    Before::Stays(Box::new(found))
}

fn is_of(found: &Record, action: &Action) -> bool {
    found.action.id == action.id && found.action.tenant == action.tenant && found.action.namespace == action.namespace
}

/// The actions that have the ids of `items`.
async fn existing(conn: &Conn, items: &[&Admitting]) -> Result<Vec<Record>, Failure> {
    let ids: Vec<&str> = items.iter().map(|item| item.action().id.as_str()).collect();
    let tenants: Vec<&str> = items.iter().map(|item| item.action().tenant.as_str()).collect();
    let namespaces: Vec<&str> = items.iter().map(|item| item.action().namespace.as_str()).collect();
    let select = format!(
        "SELECT {} FROM unnest($1::text[], $2::text[], $3::text[]) AS wanted (id, tenant, namespace) \
         JOIN actions a ON a.id = wanted.id AND a.tenant = wanted.tenant AND a.namespace = wanted.namespace AND NOT a.superseded \
         LEFT JOIN jobs j ON j.seq = a.seq LEFT JOIN outcomes o ON o.seq = a.seq",
        RawRecord::COLUMNS
    );
    let select = conn.prepare_cached(&select).await?;
    conn.query(&select, &[&ids, &tenants, &namespaces]).await?.iter().map(record).collect()
}
