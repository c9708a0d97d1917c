//! Start of a gateway: what it is made of, what it continues, and the workers that run from then
//! on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use acteon_core::limits::{MAX_BATCH_ADMITTING, MAX_DRY_RUNS, MAX_STREAM_LOOKS};
use acteon_core::{Clock, Entropy, with_causes};
use acteon_rules::RuleSet;
use acteon_store::{Layered, Store, StoreError};
use tokio::sync::{Notify, Semaphore};

use crate::admit::flow_shares::FlowShares;
use crate::admit::known::KnownLooks;
use crate::admit::notices::Notices;
use crate::admit::shares::Shares;
use crate::admit::waiters::Waiters;
use crate::admit::{ask_outcomes, recount};
use crate::approvals::parts::Approvals;
use crate::cluster::due_clock::DueClock;
use crate::cluster::lease::Lease;
use crate::cluster::{lease_keeper, reconcile};
use crate::flows::no_room::NoRoom;
use crate::flows::room::FlowRoom;
use crate::observe::Observer;
use crate::operate::backlog::LastBacklog;
use crate::operate::store_health::{StoreHealth, Watched};
use crate::operate::used_calendars::UsedCalendars;
use crate::operate::{housekeeping, store_watch};
use crate::policies::CurrentPolicies;
use crate::registry::{Providers, Registry};
use crate::shared::{Gateway, GatewayOptions, Inner};
use crate::stream::follower::Arrivals;
use crate::stream::tail;
use crate::{policies, runner};

/// Parts that a gateway is started from.
pub struct Parts {
    /// Store, which keeps everything that outlives the process.
    pub store: Arc<dyn Store>,
    /// Clock that all of the gateway's time comes from.
    pub clock: Arc<dyn Clock>,
    /// Source of random numbers and new ids.
    pub entropy: Arc<dyn Entropy>,
    /// Observer, which is told of each attempt and outcome for logs and metrics.
    pub observer: Arc<dyn Observer>,
    /// Providers, by their configured names.
    pub registry: Registry,
    /// Rules in force from the start.
    pub rules: RuleSet,
    /// Settings that are none of the above.
    pub options: GatewayOptions,
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
            mut options,
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
        let flow_shares = Arc::new(FlowShares::new(options.flow_limits));
        let shares = shares(&*store, &options, &due).await;
        let providers = Arc::new(registry.wire(&clock, &work, &options.breakers));
        let (policies, approvals) = approvals(&*store, &*clock, (&mut options, &providers)).await?;
        let inner = Arc::new(Inner {
            store,
            clock,
            entropy,
            observer,
            providers,
            approvals,
            policies,
            options,
            lease,
            due: Arc::new(due),
            waiters: Waiters::default(),
            held: Arc::default(),
            held_flows: Arc::default(),
            flow_room: FlowRoom::default(),
            no_room: NoRoom::default(),
            flow_work: Notify::new(),
            shares,
            flow_shares,
            notices: Notices::default(),
            work,
            batch_permits: Arc::new(Semaphore::new(MAX_BATCH_ADMITTING)),
            known_looks: KnownLooks::new(),
            recurring_turn: Semaphore::new(1),
            used_calendars: UsedCalendars::default(),
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
            arrivals: Arrivals::default(),
            stream_looks: Semaphore::new(MAX_STREAM_LOOKS),
        });
        put_in_force(&inner, rules).await?;
        runner::recall::recall(&inner).await?;
        runner::recall::recall_budgets(&inner).await;
        spawn_workers(&inner);
        Ok(Self { inner })
    }
}

/// Puts in force what the options and the rules say, and the documents of the store.
async fn put_in_force(inner: &Inner, rules: RuleSet) -> Result<(), StoreError> {
    let Inner {
        policies, options, ..
    } = inner;
    policies.set_calendars(options.calendars.clone()).await;
    policies.set_roster(&options.people).await;
    policies.set_rules(rules).await;
    policies.refresh(&*inner.store, inner.clock.now()).await
}

/// What approvals need, and their kind among those that the gateway steps.
async fn approvals(
    store: &dyn Store,
    clock: &dyn Clock,
    (options, providers): (&mut GatewayOptions, &Arc<Providers>),
) -> Result<(Arc<CurrentPolicies>, Approvals), StoreError> {
    let policies = Arc::new(CurrentPolicies::default());
    let approvals = Box::pin(Approvals::start(
        store,
        clock,
        &options.approvals,
        &policies,
    ))
    .await?;
    for kind in approvals.kinds(providers, &options.redaction) {
        options.flows.add(kind);
    }
    Ok((policies, approvals))
}

/// Shares of the open actions, with what waits in the store.
async fn shares(store: &dyn Store, options: &GatewayOptions, due: &DueClock) -> Arc<Shares> {
    let shares = Arc::new(Shares::new(options.open));
    match store.open_shares(due.now()).await {
        Ok(open) => shares.set(&open),
        // A look at very many may take longer than any look may. Whose they are comes later, and how many of them wait for an instant: until
        // then half of the room is left.
        Err(error) => {
            tracing::warn!(error = %with_causes(&error), "whose the waiting actions are could not be counted; it is tried again");
            shares.set_total(store.open_count().min(options.open.total / 2));
        }
    }
    shares
}

/// Starts the workers of a gateway. Each ends by itself when the gateway stops.
fn spawn_workers(inner: &Arc<Inner>) {
    inner.spawn(policies::follow::follow(Arc::clone(inner)));
    inner.spawn(housekeeping::run(Arc::clone(inner)));
    inner.spawn(runner::run(Arc::clone(inner)));
    inner.spawn(runner::flows::run(Arc::clone(inner)));
    inner.spawn(runner::clock_steps::follow(Arc::clone(inner)));
    inner.spawn(reconcile::run(Arc::clone(inner)));
    inner.spawn(recount::follow(Arc::clone(inner)));
    inner.spawn(ask_outcomes::follow(Arc::clone(inner)));
    inner.spawn(lease_keeper::keep_lease(Arc::clone(inner)));
    inner.spawn(lease_keeper::watch_others(Arc::clone(inner)));
    inner.spawn(store_watch::probe(Arc::clone(inner)));
    inner.spawn(store_watch::watch_disk(Arc::clone(inner)));
    inner.spawn(tail::follow(Arc::clone(inner)));
}
