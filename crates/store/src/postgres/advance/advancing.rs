//! An advance on its way through the queue: what is to be written, and the result once it went as far as that.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::StoreError;
use crate::flows::{Advance, Advanced, Expect, FlowKey, first_version};
use crate::model::{Admitted, Settled};
use crate::postgres::admit::{Admitting, Optimism};
use crate::postgres::positions::Positions;
use crate::postgres::settle::poke;
use crate::queue_bytes::{QueueBytes, Queued};
use crate::rows::row_texts;

/// An advance, with its admissions as they are written.
pub(in crate::postgres) struct Advancing {
    /// The advance, without its admissions.
    pub(super) advance: Advance,
    pub(super) admissions: Vec<Admitting>,
    /// Random number by which its commit is told from another's.
    pub(super) mark: i64,
    /// Hashes of all flows, counters, keys and throttles that it locks.
    locks: Vec<u64>,
    _queued: Queued,
    /// Result of the latest attempt that went as far as writing. Each attempt holds the lock of the one before it, which therefore is over: a mark
    /// that is found is of the latest.
    written: Mutex<Option<Arc<Written>>>,
}

/// Result of an advance that was written.
pub(super) struct Written {
    pub(super) version: i64,
    pub(super) admitted: Vec<Admitted>,
    pub(super) cancelled: Vec<Settled>,
}

impl Written {
    pub(super) fn advanced(&self) -> Advanced {
        Advanced::Written {
            version: self.version,
            admitted: self.admitted.iter().map(copy).collect(),
            cancelled: self.cancelled.clone(),
        }
    }
}

/// Same result once more.
pub(super) fn copy(admitted: &Admitted) -> Admitted {
    match admitted {
        Admitted::Open { seq, route, over } => Admitted::Open {
            seq: *seq,
            route: *route,
            over: over.clone(),
        },
        Admitted::Ended(outcome) => Admitted::Ended(outcome.clone()),
        Admitted::NoLetter => Admitted::NoLetter,
        Admitted::Existing(seq) => Admitted::Existing(*seq),
    }
}

impl Advancing {
    pub(in crate::postgres) fn new(
        mut advance: Advance,
        positions: &Arc<Positions>,
        optimism: &Arc<Optimism>,
        queue: &QueueBytes,
    ) -> Result<Self, StoreError> {
        advance.check()?;
        let texts = advance
            .admissions
            .iter()
            .map(row_texts)
            .collect::<Result<Vec<_>, _>>()?;
        let queued = queue.enter_all(&advance.admissions, &texts)?;
        let admissions = std::mem::take(&mut advance.admissions)
            .into_iter()
            .zip(texts)
            .map(|(admission, texts)| Admitting::of(admission, texts, positions, optimism))
            .collect();
        let (high, _) = uuid::Uuid::new_v4().as_u64_pair();
        let mut advancing = Self {
            advance,
            admissions,
            mark: i64::try_from(high >> 1).unwrap_or(i64::MAX).max(1),
            locks: Vec::new(),
            _queued: queued,
            written: Mutex::default(),
        };
        advancing.locks = advancing.hashes();
        Ok(advancing)
    }

    pub(super) fn locks(&self) -> &[u64] {
        &self.locks
    }

    fn hashes(&self) -> Vec<u64> {
        static HASHER: OnceLock<RandomState> = OnceLock::new();
        let hasher = HASHER.get_or_init(RandomState::new);
        let flows = std::iter::once(&self.advance.key).chain(self.changed());
        let gates = self.admissions.iter().flat_map(Admitting::locks).copied();
        flows
            .map(|flow| hasher.hash_one(flow))
            .chain(gates)
            .collect()
    }

    /// Whether much follows from it: such advances share a commit with fewer others.
    pub(super) fn is_large(&self) -> bool {
        let Advance {
            begins,
            cancels,
            pokes,
            ..
        } = &self.advance;
        self.admissions.len() + begins.len() + cancels.len() + pokes.len() > 1
    }

    /// Version that the flow must have; `None` where there must be none.
    pub(super) fn expected(&self) -> Option<i64> {
        match self.advance.expect {
            Expect::New(..) => None,
            Expect::Version(version) => Some(version),
        }
    }

    /// Version that the flow has once its next state is written.
    pub(super) fn next_version(&self) -> i64 {
        self.expected()
            .map_or_else(|| first_version(self.advance.at), |version| version + 1)
    }

    /// Flows that it may poke.
    pub(super) fn poked(&self) -> impl Iterator<Item = &FlowKey> {
        let parents = self
            .admissions
            .iter()
            .filter_map(|item| item.admission.parent.as_ref());
        let by_cancels = self.advance.cancels.iter().filter_map(poke);
        parents.chain(by_cancels.chain(&self.advance.pokes).map(|poke| &poke.flow))
    }

    /// Flows beside its own that it may change.
    pub(super) fn changed(&self) -> impl Iterator<Item = &FlowKey> {
        let with_actions = self
            .admissions
            .iter()
            .flat_map(|item| &item.admission.begins);
        let begins = with_actions.chain(&self.advance.begins);
        self.poked().chain(begins.map(|begin| &begin.key))
    }

    /// Keeps what is about to be written; returns what was kept before.
    pub(super) fn keep(&self, written: Option<Arc<Written>>) -> Option<Arc<Written>> {
        std::mem::replace(
            &mut *self.written.lock().unwrap_or_else(PoisonError::into_inner),
            written,
        )
    }

    /// Result of an earlier attempt whose answer was lost, by the mark of the flow as it is; `None` if that did nothing. Where another advance came
    /// after it, its mark is gone: whoever asked is told that the flow changed, and finds there what was done.
    pub(super) fn done_before(&self, mark: Option<i64>) -> Option<Advanced> {
        let is_mine = match mark {
            Some(mark) => mark == self.mark,
            // That it is gone is this advance's doing as far as anybody can tell.
            None => self.advance.state.is_none(),
        };
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written
            .as_ref()
            .filter(|_| is_mine)
            .map(|written| written.advanced())
    }
}
