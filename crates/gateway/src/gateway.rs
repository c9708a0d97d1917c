//! The gateway as one value: its parts, its start and its stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use acteon_core::limits::{MAX_BATCH_ADMITTING, MAX_DRY_RUNS};
use acteon_core::{Clock, Entropy, ProviderName, TokenLife};
use acteon_rules::RuleSet;
use acteon_store::{Layered, Store, StoreError};
use tokio::sync::{Notify, Semaphore, oneshot};

use crate::backlog::LastBacklog;
use crate::breaker::{self, BreakerPolicy, Breakers};
use crate::due_clock::DueClock;
use crate::held::Held;
use crate::housekeeping;
use crate::known::KnownLooks;
use crate::lane::{self, LaneStatus};
use crate::lease::{Lease, LeaseTimes};
use crate::lease_keeper;
use crate::notices::Notices;
use crate::observe::Observer;
use crate::policies::{self, CurrentPolicies};
use crate::reconcile;
use crate::redaction::Redaction;
use crate::registry::{Entry, Registry, Wired};
use crate::retry::RetryPolicy;
use crate::runner;
use crate::shares::{self, OpenLimits, Shares};
use crate::store_health::{self, StoreHealth, Watched};
use crate::waiters::{self, Waiters};

/// What a gateway is made of.
pub struct Parts {
    /// Durable state.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Random numbers and ids.
    pub entropy: Arc<dyn Entropy>,
    /// Who counts.
    pub observer: Arc<dyn Observer>,
    /// The providers.
    pub registry: Registry,
    /// The rules in force from the start.
    pub rules: RuleSet,
    /// The rest.
    pub options: GatewayOptions,
}

/// Settings of a gateway.
#[derive(Clone, Debug, Default)]
pub struct GatewayOptions {
    /// When to try again.
    pub retry: RetryPolicy,
    /// Most actions that wait to be delivered; beyond it dispatches are refused.
    pub open: OpenLimits,
    /// When to leave a failing provider alone.
    pub breakers: Breakers,
    /// How long the journal is kept.
    pub keep: Keep,
    /// Parts of an action that are shown to nobody.
    pub redaction: Redaction,
    /// How long this process's right to work on its actions lasts, unless it is renewed. The same for all that share a store.
    pub lease: LeaseTimes,
}

/// How long the journal is kept. Within that time an id is known again.
#[derive(Clone, Debug)]
pub struct Keep {
    /// Of tenants that are not listed.
    pub default: Duration,
    /// Of some tenants.
    pub tenants: Vec<(String, Duration)>,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            default: Duration::from_hours(30 * 24),
            tenants: Vec::new(),
        }
    }
}

/// Longest that a stop waits for the lease to be given back.
const RETIRES_WITHIN: Duration = Duration::from_secs(5);

/// A running gateway. Clones are the same gateway.
#[derive(Clone)]
pub struct Gateway {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) providers: Wired,
    pub(crate) policies: CurrentPolicies,
    pub(crate) options: GatewayOptions,
    pub(crate) lease: Lease,
    pub(crate) due: Arc<DueClock>,
    pub(crate) waiters: Waiters,
    pub(crate) held: Arc<Held>,
    pub(crate) shares: Arc<Shares>,
    pub(crate) notices: Notices,
    /// Wakes the runner: something is due, or there is room.
    pub(crate) work: Arc<Notify>,
    /// Places for actions of callers' batches on their way to a commit.
    pub(crate) batch_places: Arc<Semaphore>,
    /// Looks at actions whose ids are known.
    pub(crate) known_looks: KnownLooks,
    /// Turns of dry runs at the store, whose connections other callers' looks need as well.
    pub(crate) dry_runs: Semaphore,
    /// A stop has begun: no call begins any more, and whoever waits for a turn is told what becomes of it.
    releasing: AtomicBool,
    released: Notify,
    /// Wakes those who wait for the answer to a dispatch: a stop has begun, or the store's disk does not answer.
    pub(crate) interrupted: Notify,
    /// Nothing new is taken.
    pub(crate) stopping: AtomicBool,
    pub(crate) stopped: Notify,
    tasks: AtomicUsize,
    idle: Notify,
    pub(crate) store_health: Arc<StoreHealth>,
    pub(crate) last_backlog: LastBacklog,
}

impl Gateway {
    /// Starts: takes a lease, continues lanes and budgets where an earlier process stood, and begins to work on what is due.
    pub async fn start(parts: Parts) -> Result<Self, StoreError> {
        let Parts {
            store,
            clock,
            entropy,
            observer,
            registry,
            rules,
            options,
        } = parts;
        let store_health = Arc::new(StoreHealth::default());
        let store: Arc<dyn Store> = Arc::new(Layered(Watched::new(
            store,
            Arc::clone(&clock),
            Arc::clone(&store_health),
        )));
        let due = DueClock::start(Arc::clone(&clock), &*store, options.lease).await?;
        let lease = Lease::take(&*store, &*clock, options.lease).await?;
        let work = Arc::new(Notify::new());
        let shares = Arc::new(Shares::new(options.open));
        match store.open_shares().await {
            Ok(open) => shares.set(&open),
            // A look at very many may take longer than any look may. All that waits is counted, and whose it is comes later.
            Err(error) => {
                tracing::warn!(%error, "whose the waiting actions are could not be counted; it is tried again");
                shares.set_total(store.open_count());
            }
        }
        let providers = registry.wire(&clock, &work, &options.breakers);
        let inner = Arc::new(Inner {
            store,
            clock,
            entropy,
            observer,
            providers,
            policies: CurrentPolicies::default(),
            options,
            lease,
            due: Arc::new(due),
            waiters: Waiters::default(),
            held: Arc::default(),
            shares,
            notices: Notices::default(),
            work,
            batch_places: Arc::new(Semaphore::new(MAX_BATCH_ADMITTING)),
            known_looks: KnownLooks::new(),
            dry_runs: Semaphore::new(MAX_DRY_RUNS),
            releasing: AtomicBool::new(false),
            released: Notify::new(),
            interrupted: Notify::new(),
            stopping: AtomicBool::new(false),
            stopped: Notify::new(),
            tasks: AtomicUsize::new(0),
            idle: Notify::new(),
            store_health,
            last_backlog: LastBacklog::default(),
        });
        inner.policies.set_rules(rules).await;
        inner
            .policies
            .refresh(&*inner.store, inner.clock.now())
            .await?;
        runner::recall(&inner).await?;
        runner::recall_budgets(&inner).await;
        inner.spawn(policies::follow(Arc::clone(&inner)));
        inner.spawn(housekeeping::run(Arc::clone(&inner)));
        inner.spawn(runner::run(Arc::clone(&inner)));
        inner.spawn(reconcile::run(Arc::clone(&inner)));
        inner.spawn(shares::follow(Arc::clone(&inner)));
        inner.spawn(waiters::follow(Arc::clone(&inner)));
        inner.spawn(lease_keeper::keep_lease(Arc::clone(&inner)));
        inner.spawn(lease_keeper::watch_others(Arc::clone(&inner)));
        inner.spawn(store_health::probe(Arc::clone(&inner)));
        inner.spawn(store_health::watch_disk(Arc::clone(&inner)));
        Ok(Self { inner })
    }

    /// Begins to stop: no call begins any more, and whoever waits for a turn is told at once that the action is kept for later. Calls in flight go
    /// on, and so do those who wait for them. What is posted meanwhile is kept for later too.
    pub fn release(&self) {
        let inner = &self.inner;
        inner.releasing.store(true, Ordering::SeqCst);
        inner.released.notify_waiters();
        inner.interrupted.notify_waiters();
        for lane in inner.providers.lanes() {
            lane.close();
        }
        inner.work.notify_one();
    }

    /// Stops: takes nothing new, lets sends in flight end within `limit`, and gives the rest back for the next process.
    ///
    /// Says whether everything ended in time. What did not is marked as a possible duplicate when it is taken over.
    pub async fn stop(&self, limit: Duration) -> bool {
        let inner = &self.inner;
        self.release();
        inner.stopping.store(true, Ordering::SeqCst);
        inner.stopped.notify_waiters();
        let all_ended = tokio::time::timeout(limit, inner.until_idle())
            .await
            .is_ok();
        if all_ended {
            // A disk that does not answer holds up no stop.
            match tokio::time::timeout(
                RETIRES_WITHIN,
                inner.store.retire(inner.lease.owner(), inner.due.now()),
            )
            .await
            {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the lease could not be given back; the next process takes over what is left")
                }
                Err(_) => tracing::warn!(
                    "the store does not answer; the next process takes over what is left"
                ),
            }
        }
        all_ended
    }

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

    /// Open actions in the store.
    pub fn open_count(&self) -> usize {
        self.inner.store.open_count()
    }

    /// When breakers open and close; `None` where there are none.
    pub fn breaker_policy(&self) -> Option<BreakerPolicy> {
        self.inner.options.breakers.policy
    }

    /// Each breaker's provider, its state, `closed`, `open` or `half_open`, and its fallback.
    pub fn breakers(&self) -> Vec<(ProviderName, &'static str, Option<ProviderName>)> {
        let shown = |entry: &Arc<Entry>| {
            Some((
                entry.name.clone(),
                entry.breaker.as_ref()?.word(),
                entry.fallback.clone(),
            ))
        };
        self.inner.providers.entries().filter_map(shown).collect()
    }

    /// Opens or closes a provider's breaker by hand, on every gateway; `false` where there is none. When the store fails, it moved only here.
    pub async fn set_breaker(&self, provider: &str, open: bool) -> Result<bool, StoreError> {
        let inner = &self.inner;
        let entry = inner
            .providers
            .entries()
            .find(|entry| entry.name.as_str() == provider);
        let Some((entry, breaker)) = entry.and_then(|entry| Some((entry, entry.breaker.as_ref()?)))
        else {
            return Ok(false);
        };
        if open {
            breaker.trip(inner.clock.monotonic());
        } else {
            breaker.reset();
            self.try_again(&entry.name).await?;
        }
        inner.work.notify_one();
        inner.observer.breaker(&entry.name, breaker.word());
        breaker::sharing::tell(inner, entry, breaker::sharing::MovedBy::Hand)
            .await
            .map(|()| true)
    }

    /// Each lane as it is on this gateway.
    pub fn lanes(&self) -> Vec<LaneStatus> {
        self.inner
            .providers
            .lanes()
            .map(|lane| lane.status())
            .collect()
    }

    /// The life of each provider's access token, where it has one now.
    pub fn token_lives(&self) -> Vec<(ProviderName, TokenLife)> {
        self.inner
            .providers
            .entries()
            .filter_map(|entry| Some((entry.name.clone(), entry.provider.token_life()?)))
            .collect()
    }

    /// The names of the providers.
    pub fn provider_names(&self) -> Vec<ProviderName> {
        self.inner
            .providers
            .entries()
            .map(|entry| entry.name.clone())
            .collect()
    }

    /// The providers that send through a lane, named by itself or by one of them; none where there is no such lane.
    pub fn providers_of_lane(&self, name: &str) -> Vec<ProviderName> {
        let Some(lane) = self.inner.providers.lane(name) else {
            return Vec::new();
        };
        self.inner
            .providers
            .entries()
            .filter(|entry| entry.lane.name() == lane.name())
            .map(|entry| entry.name.clone())
            .collect()
    }

    /// Forgets the pause and the learned pace of a lane, named by itself or by a provider, on every gateway, and tries its providers again that were to
    /// be repaired; `None` where there is no such lane.
    pub async fn reset_lane(&self, name: &str) -> Result<Option<LaneStatus>, StoreError> {
        let Some(lane) = self.inner.providers.lane(name) else {
            return Ok(None);
        };
        lane.reset();
        lane::sharing::keep_lane(&self.inner, lane);
        for provider in self.providers_of_lane(name) {
            self.try_again(&provider).await?;
        }
        Ok(Some(lane.status()))
    }
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

    async fn until_idle(&self) {
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
