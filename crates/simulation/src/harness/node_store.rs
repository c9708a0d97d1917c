//! A layer between a node and the shared store, which can lose the node's calls and let them fail.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use acteon_core::BoxFuture;
use acteon_store::{Layer, Layered, OwnerId, Store, StoreCall, StoreError};

/// Store as one node sees it.
pub(crate) type NodeStore = Layered<NodeLayer>;

/// Layer over the shared store. Once the node is killed, every call waits for ever.
pub(crate) struct NodeLayer {
    store: Arc<dyn Store>,
    dead: AtomicBool,
    /// Number of calls under way, of all nodes together.
    under_way: Arc<AtomicUsize>,
    faults: Option<Arc<dyn StoreFaults>>,
    /// Owner id of the node's latest registration.
    owner: AtomicI64,
}

/// Kind of a call to the store, by what may have happened when it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// A failed call was not done: where an answer is lost, the engine finds out whether it was.
    Resolved,
    /// A failed call may have been done; to do it twice is harmless.
    Repeatable,
}

impl Call {
    fn of(call: StoreCall) -> Self {
        match call {
            StoreCall::Register
            | StoreCall::Retire
            | StoreCall::Admit
            | StoreCall::Reroute
            | StoreCall::Claim
            | StoreCall::Advance
            | StoreCall::ClaimFlows
            | StoreCall::Discard
            | StoreCall::PutDocument
            | StoreCall::DeleteDocument
            | StoreCall::SwapNote => Self::Resolved,
            StoreCall::Renew
            | StoreCall::Heartbeats
            | StoreCall::TakeOver
            | StoreCall::Judge
            | StoreCall::Settle
            | StoreCall::Used
            | StoreCall::Prune
            | StoreCall::Sweep
            | StoreCall::NextDue
            | StoreCall::Owned
            | StoreCall::Free
            | StoreCall::Hasten
            | StoreCall::HastenFlows
            | StoreCall::OpenShares
            | StoreCall::NextFlowDue
            | StoreCall::OwnedFlows
            | StoreCall::FreeFlows
            | StoreCall::ActionForStep
            | StoreCall::FlowForStep
            | StoreCall::Flow
            | StoreCall::Flows
            | StoreCall::CountFlows
            | StoreCall::FlowCounts
            | StoreCall::Records
            | StoreCall::FirstRecords
            | StoreCall::Find
            | StoreCall::History
            | StoreCall::Newest
            | StoreCall::Coverage
            | StoreCall::CountDead
            | StoreCall::RecentSends
            | StoreCall::DeadShares
            | StoreCall::Scheduled
            | StoreCall::OutcomesOf
            | StoreCall::Events
            | StoreCall::NewestEvent
            | StoreCall::HasEvent
            | StoreCall::OldestEvent
            | StoreCall::PruneEvents
            | StoreCall::Documents
            | StoreCall::Document
            | StoreCall::DocumentsSince
            | StoreCall::DocumentsChanged
            | StoreCall::PutNote
            | StoreCall::Note => Self::Repeatable,
        }
    }
}

/// Fault that a call meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The call goes through.
    None,
    /// The call fails and was not done.
    Before,
    /// The call was done, and its answer is an error.
    After,
}

/// Source of faults for a node's calls to the store.
pub(crate) trait StoreFaults: Send + Sync {
    /// Waits for as long as the call is delayed, and returns the fault that it meets.
    fn meet(&self, call: Call) -> BoxFuture<'_, Fault>;
}

struct UnderWay<'a>(&'a AtomicUsize);

impl<'a> UnderWay<'a> {
    fn begin(under_way: &'a AtomicUsize) -> Self {
        under_way.fetch_add(1, Ordering::SeqCst);
        Self(under_way)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl NodeLayer {
    pub(crate) fn new(store: Arc<dyn Store>, under_way: Arc<AtomicUsize>) -> Self {
        Self {
            store,
            dead: AtomicBool::new(false),
            under_way,
            faults: None,
            owner: AtomicI64::new(0),
        }
    }

    pub(crate) fn with_faults(store: Arc<dyn Store>, faults: Arc<dyn StoreFaults>) -> Self {
        Self {
            faults: Some(faults),
            ..Self::new(store, Arc::default())
        }
    }

    /// Owner id of the node's latest registration.
    pub(crate) fn owner(&self) -> OwnerId {
        OwnerId(self.owner.load(Ordering::SeqCst))
    }

    pub(crate) fn kill(&self) {
        self.dead.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }
}

impl Layer for NodeLayer {
    fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Makes a call, which may meet a fault. Once the node is killed, no call begins, and none returns.
    fn around<'a, T: Send + 'static>(
        &'a self,
        call: StoreCall,
        work: impl FnOnce(&'a dyn Store) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        if call == StoreCall::DocumentsChanged {
            // Waits for as long as nothing changes: nobody waits for its end.
            return if self.is_dead() {
                Box::pin(std::future::pending())
            } else {
                work(&*self.store)
            };
        }
        let under_way = UnderWay::begin(&self.under_way);
        Box::pin(async move {
            let fault = match &self.faults {
                Some(faults) => faults.meet(Call::of(call)).await,
                None => Fault::None,
            };
            if self.is_dead() {
                drop(under_way);
                return std::future::pending().await;
            }
            let result = match fault {
                Fault::Before => Err(away()),
                Fault::After => work(&*self.store).await.and_then(|_| Err(away())),
                Fault::None => work(&*self.store).await,
            };
            // Only a registration answers with an owner.
            if let Some(owner) = result
                .as_ref()
                .ok()
                .and_then(|answer| (answer as &dyn Any).downcast_ref::<OwnerId>())
            {
                self.owner.store(owner.0, Ordering::SeqCst);
            }
            drop(under_way);
            if self.is_dead() {
                std::future::pending().await
            } else {
                result
            }
        })
    }
}

fn away() -> StoreError {
    StoreError::Away("simulated".into())
}
