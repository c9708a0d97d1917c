//! An admission on its way through the queue: what is to be written, where, and what was decided.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use acteon_core::{Action, Outcome};

use super::optimism::Optimism;
use crate::StoreError;
use crate::gate::Conditions;
use crate::model::{Admission, Admitted, Charges, Disposition, OwnerId, Route, Seq, Turn};
use crate::postgres::insert::Row;
use crate::postgres::positions::Positions;
use crate::queue_bytes::{QueueBytes, Queued};
use crate::rows::{RowTexts, row_texts};

/// An admission with its texts and the position that it will have.
pub(in crate::postgres) struct Admitting {
    pub(in crate::postgres) admission: Admission,
    texts: RowTexts,
    seq: AtomicI64,
    positions: Arc<Positions>,
    optimism: Arc<Optimism>,
    /// Its bytes, where it waits by itself.
    queued: Option<Queued>,
    /// Hashes of the counters, keys and throttles that it locks, and of the id where it is one of a batch.
    locks: Vec<u64>,
    /// Whether its id was found when it was written without a look for it.
    looks_first: AtomicBool,
    /// Decision of the latest attempt that went as far as writing. Each attempt holds the locks of the one before it, which therefore is over: a row
    /// that is found is of the latest.
    decided: Mutex<Option<Goes>>,
}

impl Admitting {
    pub(in crate::postgres) fn new(
        admission: Admission,
        positions: &Arc<Positions>,
        optimism: &Arc<Optimism>,
        queue: &QueueBytes,
    ) -> Result<Self, StoreError> {
        let texts = row_texts(&admission)?;
        let queued = queue.enter(&admission, &texts)?;
        let mut admitting = Self::of(admission, texts, positions, optimism);
        admitting.queued = Some(queued);
        Ok(admitting)
    }

    /// One that waits as a part of something else, which counts its bytes.
    pub(in crate::postgres) fn of(
        admission: Admission,
        texts: RowTexts,
        positions: &Arc<Positions>,
        optimism: &Arc<Optimism>,
    ) -> Self {
        let seq = AtomicI64::new(positions.next(admission.accepted_at).0);
        let locks = locks(&admission);
        Self {
            admission,
            texts,
            seq,
            positions: Arc::clone(positions),
            optimism: Arc::clone(optimism),
            queued: None,
            locks,
            looks_first: AtomicBool::new(false),
            decided: Mutex::default(),
        }
    }

    pub(in crate::postgres) fn seq(&self) -> Seq {
        Seq(self.seq.load(Ordering::Relaxed))
    }

    /// Takes another position, where another action has this one: no attempt can have written it there.
    pub(super) fn move_on(&self) {
        self.seq.store(
            self.positions.next(self.admission.accepted_at).0,
            Ordering::Relaxed,
        );
    }

    pub(in crate::postgres) fn action(&self) -> &Action {
        &self.admission.action
    }

    /// Bytes of its action as text.
    pub(super) fn text_length(&self) -> usize {
        self.texts.action.len()
    }

    /// Locks that it holds for longer than a commit takes. Items of a caller's batch go one behind the other where they want the same.
    pub(in crate::postgres) fn locks(&self) -> &[u64] {
        if self.is_optimistic() && self.admission.turn == Turn::Single {
            &[]
        } else {
            &self.locks
        }
    }

    pub(super) fn routes(&self) -> &[Route] {
        match &self.admission.disposition {
            Disposition::Ended(_) => &[],
            Disposition::Send { routes, .. } => routes,
        }
    }

    /// Conditions and routes for the gate; `None` of an action that is over.
    pub(in crate::postgres) fn gate(&self) -> Option<(&Conditions, &[Route])> {
        match &self.admission.disposition {
            Disposition::Ended(_) => None,
            Disposition::Send { conditions, routes } => Some((conditions, routes)),
        }
    }

    /// Whether there is no gate to pass, and no flow to be changed beside it.
    pub(in crate::postgres) fn is_free(&self) -> bool {
        let Admission {
            letter,
            parent,
            begins,
            ..
        } = &self.admission;
        // What is over pokes its parent at once.
        let pokes = parent.is_some() && self.gate().is_none();
        let alone = letter.is_none() && begins.is_empty() && !pokes;
        alone
            && self.gate().is_none_or(|(conditions, routes)| {
                conditions.dedup.is_none()
                    && conditions.throttle.is_none()
                    && routes.first().is_some_and(|route| route.quotas.is_empty())
            })
    }

    /// Whether it may be written without a look at what is there.
    pub(super) fn goes_at_once(&self) -> bool {
        self.is_free() && !self.looks_first.load(Ordering::Relaxed)
    }

    pub(super) fn look_first(&self) {
        self.looks_first.store(true, Ordering::Relaxed);
    }

    /// Owner of the row to be written, the same for every route.
    pub(super) fn owner(&self) -> Option<OwnerId> {
        self.routes().first()?.enqueue.owner()
    }

    /// Keeps what is decided; returns the decision before.
    pub(super) fn decide(&self, goes: Option<Goes>) -> Option<Goes> {
        std::mem::replace(
            &mut *self.decided.lock().unwrap_or_else(PoisonError::into_inner),
            goes,
        )
    }

    /// Whether it has nothing but quotas to pass, and is written in the hope that it fits.
    pub(super) fn is_optimistic(&self) -> bool {
        let quotas_alone = self.gate().is_some_and(|(conditions, routes)| {
            conditions.dedup.is_none()
                && conditions.throttle.is_none()
                && routes.first().is_some_and(|route| !route.quotas.is_empty())
        });
        let alone = self.admission.letter.is_none() && self.admission.begins.is_empty();
        quotas_alone && alone && self.optimism.is_on()
    }

    /// Decision to be written if all its quotas have room.
    pub(super) fn first_route(&self) -> Goes {
        let charges = self
            .gate()
            .and_then(|(conditions, routes)| Some(conditions.charges(&routes.first()?.quotas)));
        charges.map_or_else(
            || Goes::free(&self.admission),
            |charges| Goes::Route {
                route: 0,
                over: Vec::new(),
                charges,
            },
        )
    }

    /// Result by the decision of the attempt that wrote the row; `None` where none went so far.
    pub(super) fn decided(&self) -> Option<Admitted> {
        let decided = self
            .decided
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let goes = decided.or_else(|| self.is_free().then(|| Goes::free(&self.admission)));
        goes.map(|goes| goes.admitted(self.seq()))
    }

    /// The row of an action that takes a route, or ended.
    pub(super) fn row<'a>(&'a self, goes: &'a Goes) -> Result<Row<'a>, StoreError> {
        let (route, request, charges, outcome) = match goes {
            Goes::Ended(outcome) => (None, None, None, Some(outcome)),
            Goes::Route { route, charges, .. } => (
                self.routes().get(*route),
                self.texts.requests.get(*route),
                Some(charges),
                None,
            ),
        };
        if outcome.is_none() && (route.is_none() || request.is_none()) {
            return Err(StoreError::no_route());
        }
        Ok(Row {
            seq: self.seq(),
            admission: &self.admission,
            action: &self.texts.action,
            route,
            request,
            charges,
            outcome,
        })
    }
}

/// Decision about an action: a route, or an outcome.
#[derive(Clone)]
pub(in crate::postgres) enum Goes {
    Route {
        route: usize,
        over: Vec<usize>,
        charges: Charges,
    },
    Ended(Outcome),
}

impl Goes {
    pub(super) fn free(admission: &Admission) -> Self {
        match &admission.disposition {
            Disposition::Ended(outcome) => Self::Ended(outcome.clone()),
            Disposition::Send { .. } => Self::Route {
                route: 0,
                over: Vec::new(),
                charges: Charges::default(),
            },
        }
    }

    pub(super) fn admitted(&self, seq: Seq) -> Admitted {
        match self {
            Self::Route { route, over, .. } => Admitted::Open {
                seq,
                route: *route,
                over: over.clone(),
            },
            Self::Ended(outcome) => Admitted::Ended(outcome.clone()),
        }
    }
}

/// Hashes of everything that an admission locks in the database. Two names with one hash cost a wait, and nothing else.
fn locks(admission: &Admission) -> Vec<u64> {
    static HASHER: OnceLock<RandomState> = OnceLock::new();
    let hasher = HASHER.get_or_init(RandomState::new);
    // Of two in one batch with one id the first counts: workers beside each other would not keep to that.
    let id = (admission.turn == Turn::Batch)
        .then(|| hasher.hash_one((&admission.action.tenant, &admission.action.id)));
    let Disposition::Send { conditions, routes } = &admission.disposition else {
        return id.into_iter().collect();
    };
    let counters = routes
        .iter()
        .flat_map(|route| &route.quotas)
        .map(|quota| quota.counter.as_str());
    let keys = conditions.dedup.iter().map(|dedup| dedup.key.as_str());
    let throttles = conditions
        .throttle
        .iter()
        .map(|throttle| throttle.key.as_str());
    counters
        .chain(keys)
        .chain(throttles)
        .map(|name| hasher.hash_one(name))
        .chain(id)
        .collect()
}
