//! A node's way to the shared store, which can be cut.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use acteon_core::BoxFuture;
use acteon_store::{Later, Layer, Layered, OwnerId, Store, StoreCall, StoreError};

/// A node's way to the shared store.
pub(crate) type NodeStore = Layered<NodeLayer>;

/// The shared store, until the node is killed: then every call waits for ever.
pub(crate) struct NodeLayer {
    store: Arc<dyn Store>,
    dead: AtomicBool,
    /// Calls of all nodes that are under way.
    under_way: Arc<AtomicUsize>,
    faults: Option<Arc<dyn StoreFaults>>,
    /// Who the node was registered as last.
    owner: AtomicI64,
}

/// What a call to the store may be worth to a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// It may fail, but not have been done: the engine finds out what came of it.
    Resolved,
    /// It may have been done when it fails.
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
            | StoreCall::OpenShares
            | StoreCall::Records
            | StoreCall::Find
            | StoreCall::History
            | StoreCall::Newest
            | StoreCall::Coverage
            | StoreCall::CountDead
            | StoreCall::RecentSends
            | StoreCall::DeadShares
            | StoreCall::OutcomesOf
            | StoreCall::Documents
            | StoreCall::Document
            | StoreCall::DocumentsSince
            | StoreCall::DocumentsChanged
            | StoreCall::PutNote
            | StoreCall::Note => Self::Repeatable,
        }
    }
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It fails, and was not done.
    Before,
    /// It was done, and fails.
    After,
}

/// Decides what happens to a node's calls to the store, and when.
pub(crate) trait StoreFaults: Send + Sync {
    /// Waits for as long as the call is held up.
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

    /// Who the node was registered as last.
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

    /// A call that neither begins nor ends once the node is dead, and that may meet a fault on its way.
    fn around<'a, T: Send + 'static>(
        &'a self,
        call: StoreCall,
        work: impl FnOnce(&'a dyn Store) -> Later<'a, T> + Send + 'a,
    ) -> Later<'a, T> {
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
