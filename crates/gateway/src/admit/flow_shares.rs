//! Shares of flows: how many executions of chains may run, and how many approvals may wait, of one tenant with those below it.
//!
//! The store knows how many there are; a gateway counts along with what begins and ends here. Where a share looks used up, the store is
//! asked before anybody is refused. What a flow begins takes no share: a chain that runs is not held up by those that begin.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::Tenant;
use acteon_flows::approval::{self, ApprovalFlow};
use acteon_flows::chain::{self, ChainFlow};
use acteon_store::{Begin, FlowCount, FlowKey};

use crate::admit::shares::{QueueFull, above};

/// Limits on the flows of one tenant and those below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowLimits {
    /// Most executions of chains that run.
    pub executions_per_tenant: usize,
    /// Most approvals that wait for a decision.
    pub approvals_per_tenant: usize,
}

impl Default for FlowLimits {
    fn default() -> Self {
        Self {
            executions_per_tenant: 100_000,
            approvals_per_tenant: 100_000,
        }
    }
}

/// Kind of flow that is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Limited {
    Execution,
    Approval,
}

impl Limited {
    pub(super) fn of(kind: &str) -> Option<Self> {
        match kind {
            ChainFlow::NAME => Some(Self::Execution),
            ApprovalFlow::NAME => Some(Self::Approval),
            _ => None,
        }
    }

    /// Whether flows of this status take a share. Whatever is not known to be over does, such as what is stuck.
    fn counts(self, status: &str) -> bool {
        match self {
            Self::Execution => !chain::Status::ALL
                .iter()
                .any(|known| known.is_over() && known.as_str() == status),
            Self::Approval => !approval::Status::ALL
                .iter()
                .any(|known| *known != approval::Status::Pending && known.as_str() == status),
        }
    }
}

/// Whose share it is, and of what.
pub(crate) type Share = (Limited, Arc<str>);

/// Share that a flow takes, if those of its kind are limited.
fn share(key: &FlowKey, tenant: &Tenant) -> Option<Share> {
    Some((Limited::of(&key.kind)?, above(tenant.as_str()).into()))
}

/// Shares that flows take which begin.
pub(crate) fn taken(begins: &[Begin]) -> impl Iterator<Item = Share> {
    begins
        .iter()
        .filter_map(|begin| share(&begin.key, &begin.tenant))
}

pub(crate) struct FlowShares {
    limits: FlowLimits,
    counts: Mutex<Counts>,
    /// Turn to look at the store: one looks, and the others have what it finds.
    pub(super) turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
pub(super) struct Counts {
    /// What the store had at the last look, and what began here since; without what ended here.
    known: BTreeMap<Share, usize>,
    /// Whether that look found something: nobody is refused for what no look has found.
    is_confirmed: bool,
    /// What ended here since the look that is under way began.
    ended: BTreeMap<Share, usize>,
    /// What is on its way into the store.
    entering: BTreeMap<Share, usize>,
    /// Instants of the monotonic clock about looks at the store; none before the first.
    pub(super) looks: Option<Looks>,
}

/// Instants of the monotonic clock about the next look at the store.
#[derive(Clone, Copy)]
pub(super) struct Looks {
    /// From which on it may be made, where a share is used up.
    pub(super) allowed: Duration,
    /// At which it is made in any case.
    pub(super) due: Duration,
}

impl Counts {
    fn of(&self, share: &Share) -> usize {
        [&self.known, &self.entering]
            .iter()
            .filter_map(|counts| counts.get(share))
            .sum()
    }
}

impl FlowShares {
    pub(crate) fn new(limits: FlowLimits) -> Self {
        Self {
            limits,
            counts: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn enter(self: &Arc<Self>, share: &Share) -> Result<Beginning, QueueFull> {
        let mut counts = self.lock();
        let (kind, tenant) = share;
        let there_are = if counts.is_confirmed {
            counts.of(share)
        } else {
            0
        };
        let FlowLimits {
            executions_per_tenant,
            approvals_per_tenant,
        } = self.limits;
        let tenant = || Arc::clone(tenant);
        match kind {
            Limited::Execution if there_are >= executions_per_tenant => {
                return Err(QueueFull::TenantExecutions {
                    tenant: tenant(),
                    limit: executions_per_tenant,
                });
            }
            Limited::Approval if there_are >= approvals_per_tenant => {
                return Err(QueueFull::TenantApprovals {
                    tenant: tenant(),
                    limit: approvals_per_tenant,
                });
            }
            Limited::Execution | Limited::Approval => {}
        }
        *counts.entering.entry(share.clone()).or_default() += 1;
        drop(counts);
        Ok(Beginning {
            shares: Arc::clone(self),
            share: share.clone(),
        })
    }

    pub(super) fn set(&self, found: &[FlowCount]) {
        let mut known = BTreeMap::<Share, usize>::new();
        for count in found {
            let limited = Limited::of(&count.kind).filter(|kind| kind.counts(&count.status));
            if let Some(kind) = limited {
                let share = (kind, above(&count.tenant).into());
                *known.entry(share).or_default() += count.count;
            }
        }
        let mut counts = self.lock();
        // Whether the store counted what began and ended meanwhile is not known. Until the next look rather a few too many run than one is refused that has room.
        for (share, ended) in std::mem::take(&mut counts.ended) {
            if let Some(count) = known.get_mut(&share) {
                *count = count.saturating_sub(ended);
            }
        }
        counts.known = known;
        counts.is_confirmed = true;
    }

    pub(super) fn begin_look(&self) {
        self.lock().ended.clear();
    }

    pub(super) fn look_failed(&self) {
        self.lock().is_confirmed = false;
    }

    /// Counts flows that flows began, or somebody who does one over: they are not refused.
    pub(crate) fn begun(&self, shares: impl IntoIterator<Item = Share>) {
        let mut counts = self.lock();
        for share in shares {
            *counts.known.entry(share).or_default() += 1;
        }
    }

    /// Counts that a flow ended.
    pub(crate) fn ended(&self, key: &FlowKey, tenant: &Tenant) {
        let Some(share) = share(key, tenant) else {
            return;
        };
        let mut counts = self.lock();
        if let Some(count) = counts.known.get_mut(&share) {
            *count = count.saturating_sub(1);
        }
        *counts.ended.entry(share).or_default() += 1;
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Share of a flow that is not stored yet. Dropped, it is given back.
pub(crate) struct Beginning {
    shares: Arc<FlowShares>,
    share: Share,
}

impl Beginning {
    /// Counts that the flow was stored.
    pub(crate) fn began(self) {
        let mut counts = self.shares.lock();
        *counts.known.entry(self.share.clone()).or_default() += 1;
    }
}

impl Drop for Beginning {
    fn drop(&mut self) {
        let mut counts = self.shares.lock();
        if let Some(count) = counts.entering.get_mut(&self.share) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.entering.remove(&self.share);
            }
        }
    }
}

#[cfg(test)]
mod tests;
