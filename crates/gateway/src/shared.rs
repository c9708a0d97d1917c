//! State that every verb of the gateway needs, and waiting in it: for a stop, for a pause, for its
//! tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use acteon_core::{Clock, Entropy};
use acteon_people::Roster;
use acteon_schedule::Calendars;
use acteon_store::{FlowKey, Store, StoreError};
use tokio::sync::{Notify, Semaphore, oneshot};

use crate::admit::flow_shares::{FlowLimits, FlowShares};
use crate::admit::known::KnownLooks;
use crate::admit::notices::Notices;
use crate::admit::shares::{OpenLimits, Shares};
use crate::admit::waiters::Waiters;
use crate::approvals::parts::{ApprovalOptions, Approvals};
use crate::cluster::due_clock::DueClock;
use crate::cluster::held::Held;
use crate::cluster::lease::{Lease, LeaseTimes};
use crate::deliver::breaker::Breakers;
use crate::deliver::retry::RetryPolicy;
use crate::flows::kinds::FlowKinds;
use crate::flows::no_room::NoRoom;
use crate::flows::room::FlowRoom;
use crate::history::redaction::Redaction;
use crate::observe::Observer;
use crate::operate::backlog::LastBacklog;
use crate::operate::store_health::StoreHealth;
use crate::operate::used_calendars::UsedCalendars;
use crate::policies::CurrentPolicies;
use crate::registry::Providers;
use crate::stream::follower::Arrivals;

/// Settings of a gateway.
#[derive(Clone, Debug, Default)]
pub struct GatewayOptions {
    /// Policy of when to try again.
    pub retry: RetryPolicy,
    /// Limits on the actions that wait to be delivered; beyond them dispatches are refused.
    pub open: OpenLimits,
    /// Limits on the executions and approvals of a tenant; beyond them what would begin another is refused.
    pub flow_limits: FlowLimits,
    /// Breakers, which leave a failing provider alone.
    pub breakers: Breakers,
    /// Times for which the journal is kept.
    pub retention: RetentionPolicy,
    /// Parts of an action that are shown to nobody.
    pub redaction: Redaction,
    /// Length of this process's right to work on its actions, unless it is renewed. The same for
    /// all that share a store.
    pub lease: LeaseTimes,
    /// Calendars that time intervals may go by.
    pub calendars: Calendars,
    /// People and groups of a file.
    pub people: Arc<Roster>,
    /// Kinds of flows that it steps.
    pub flows: FlowKinds,
    /// Links to approvals, and who decides.
    pub approvals: ApprovalOptions,
}

/// Times for which the journal is kept. Within that time an id is known again.
#[derive(Clone, Debug)]
pub struct RetentionPolicy {
    /// Time for tenants that are not listed.
    pub default: Duration,
    /// Times of some tenants, each without those below it.
    pub tenants: Vec<(String, Duration)>,
}

impl Default for RetentionPolicy {
    fn default() -> Self {
        Self {
            default: Duration::from_hours(30 * 24),
            tenants: Vec::new(),
        }
    }
}

pub(crate) struct Inner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) providers: Arc<Providers>,
    pub(crate) approvals: Approvals,
    pub(crate) policies: Arc<CurrentPolicies>,
    pub(crate) options: GatewayOptions,
    pub(crate) lease: Lease,
    pub(crate) due: Arc<DueClock>,
    pub(crate) waiters: Waiters,
    pub(crate) held: Arc<Held>,
    /// Flows that this process steps.
    pub(crate) held_flows: Arc<Held<FlowKey>>,
    pub(crate) shares: Arc<Shares>,
    pub(crate) flow_shares: Arc<FlowShares>,
    pub(crate) notices: Notices,
    /// Wakes the runner: something is due, or there is room.
    pub(crate) work: Arc<Notify>,
    pub(crate) flow_room: FlowRoom,
    /// Flows whose actions find no room.
    pub(crate) no_room: NoRoom,
    /// Wakes the worker that steps flows: one is due, or there is room for another.
    pub(crate) flow_work: Notify,
    /// Permits for actions of callers' batches on their way to a commit.
    pub(crate) batch_permits: Arc<Semaphore>,
    /// Looks at actions whose ids are known, a few at a time.
    pub(crate) known_looks: KnownLooks,
    /// Turn to make a recurring action, so that two do not take a tenant's last place.
    pub(crate) recurring_turn: Semaphore,
    /// Calendars that recurring actions go by.
    pub(crate) used_calendars: UsedCalendars,
    /// Turns of dry runs at the store, whose connections other callers' looks need as well.
    pub(crate) dry_runs: Semaphore,
    /// Whether a stop has begun: no call begins any more, and whoever waits for a turn is told that
    /// the action is kept for later.
    pub(crate) releasing: AtomicBool,
    pub(crate) released: Notify,
    /// Wakes those who wait for the answer to a dispatch: a stop has begun, or the store's disk does not answer.
    pub(crate) interrupted: Notify,
    /// Whether nothing new is taken any more.
    pub(crate) stopping: AtomicBool,
    pub(crate) stopped: Notify,
    pub(crate) tasks: AtomicUsize,
    pub(crate) idle: Notify,
    pub(crate) store_health: Arc<StoreHealth>,
    pub(crate) last_backlog: LastBacklog,
    /// Readers of the stream that wait to be taken in.
    pub(crate) arrivals: Arrivals,
    /// Turns of readers of the stream at the store, for what they missed.
    pub(crate) stream_looks: Semaphore,
}

impl Gateway {
    /// Does work to its end, also when nobody waits for it any more; `None` when it broke off. A stop waits for it.
    pub async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (done, result) = oneshot::channel();
        self.inner.spawn(async move { drop(done.send(work.await)) });
        result.await.ok()
    }

    /// Resolves when the store can do nothing any more and will not recover: the process should end.
    pub async fn store_ended(&self) -> StoreError {
        self.inner.store.ended().await
    }

    /// Whether the gateway is stopping.
    pub fn is_stopping(&self) -> bool {
        self.inner.is_releasing()
    }

    /// Number of open actions in the store, as far as it is known here.
    pub fn open_count(&self) -> usize {
        self.inner.store.open_count()
    }
}

/// Gateway that runs. Clones are the same gateway.
#[derive(Clone)]
pub struct Gateway {
    pub(crate) inner: Arc<Inner>,
}

impl Inner {
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub(crate) fn is_releasing(&self) -> bool {
        self.releasing.load(Ordering::Relaxed)
    }

    /// Waits until a stop begins.
    pub(crate) async fn until_released(&self) {
        let released = self.released.notified();
        tokio::pin!(released);
        released.as_mut().enable();
        if !self.is_releasing() {
            released.await;
        }
    }

    /// Pauses between two calls, unless a stop begins meanwhile; says whether to go on.
    pub(crate) async fn pause(&self, pause: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.until_released() => false,
            () = self.clock.sleep(pause) => true,
        }
    }

    /// Sleeps, unless the gateway is stopped meanwhile; says whether to go on.
    pub(crate) async fn sleep(&self, pause: Duration) -> bool {
        let stopped = self.stopped.notified();
        tokio::pin!(stopped);
        stopped.as_mut().enable();
        if self.is_stopping() {
            return false;
        }
        tokio::select! {
            biased;
            () = self.clock.sleep(pause) => true,
            () = stopped => false,
        }
    }

    /// Runs a task that [`Gateway::stop`] waits for.
    pub(crate) fn spawn<F: Future<Output = ()> + Send + 'static>(self: &Arc<Self>, task: F) {
        self.tasks.fetch_add(1, Ordering::SeqCst);
        let guard = TaskGuard(Arc::clone(self));
        // In a box of its own: the runtime moves what it is given several times.
        let task = Box::pin(task);
        tokio::spawn(async move {
            task.await;
            drop(guard);
        });
    }

    pub(crate) async fn until_idle(&self) {
        loop {
            let idle = self.idle.notified();
            tokio::pin!(idle);
            idle.as_mut().enable();
            if self.tasks.load(Ordering::SeqCst) == 0 {
                return;
            }
            idle.await;
        }
    }
}

struct TaskGuard(Arc<Inner>);

impl Drop for TaskGuard {
    fn drop(&mut self) {
        if self.0.tasks.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}
