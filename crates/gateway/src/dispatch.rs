//! GATE: an action becomes durable, and its caller gets an outcome.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use acteon_core::limits::MAX_WAIT;
use acteon_core::{Action, ActionId, Caller, Origin, Outcome, Scope};
use acteon_store::{Admission, Admitted, Birth, Conditions, Fate, Hold, Record, Seq, State, StoreError, Turn, Way};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::deliver::{Decided, Job, deliver, left_alone};
use crate::gateway::{Gateway, Inner};
use crate::lane::Place;
use crate::notices;
use crate::observe::{OutcomeEvent, emit};
use crate::offload;
use crate::plan::{Plan, Route, Step, Surroundings, plan};
use crate::registry::Entry;

/// How often a caller who waits looks whether another process has finished the action.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How long a caller waits for the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not beyond the commit that makes the action durable.
    ForCommit,
    /// Until the outcome, but no longer than this.
    ForOutcome(Duration),
}

/// The answer to a dispatch.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The outcome as JSON.
    pub outcome: Arc<str>,
    /// Whether it was still `Scheduled` when the wait was over.
    pub pending: bool,
}

/// A dispatch that was not accepted. Nothing was stored, unless it says so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DispatchError {
    /// The id was used for another request.
    #[error("the id {0:?} was used before for a different request in this namespace and tenant; a new request needs a new id")]
    Conflict(String),
    /// Too many actions are open.
    #[error("{0} actions are waiting to be delivered, which is the limit; try again later")]
    QueueFull(usize),
    /// It was to be sent for a dead letter, and is not let through, with this outcome. Nothing was stored.
    #[error("held back: {0}")]
    HeldBack(Arc<str>),
    /// What it was to be sent for is no dead letter any more.
    #[error("it is no dead letter any more")]
    NoLetter,
    /// The gateway is stopping.
    #[error("the gateway is stopping; try again")]
    Stopping,
    /// The store did not take it.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The store did not answer in time: whether the action was accepted is not known. The same id may be sent again.
    #[error("the store did not answer in time; send the same id again to find out what became of it")]
    StoreSlow,
}

/// What a dispatch task tells its caller.
type Told = Result<Arc<str>, DispatchError>;

impl Gateway {
    /// Accepts an action, works on it, and answers with its outcome, or with `Scheduled` when the wait is over before.
    ///
    /// The work goes on when the returned future is dropped.
    pub async fn dispatch(&self, action: Action, origin: Origin, caller: Caller, wait: Wait) -> Result<Answer, DispatchError> {
        self.dispatch_request(Request { action, origin, caller, letter: None, possible_duplicate: false }, wait).await
    }

    /// Does so for one of a caller's batch, which yields to those that were sent alone: it waits for a place on the way to the commit.
    pub async fn dispatch_of_batch(&self, action: Action, origin: Origin, caller: Caller, wait: Wait) -> Result<Answer, DispatchError> {
        let place = tokio::time::timeout(MAX_WAIT, Arc::clone(&self.inner.batch_places).acquire_owned()).await;
        let Ok(Ok(place)) = place else { return Err(StoreError::Busy.into()) };
        let request = Request { action, origin, caller, letter: None, possible_duplicate: false };
        self.dispatch_in_turn(request, wait, BatchPlace(Some(place))).await
    }

    pub(crate) async fn dispatch_request(&self, request: Request, wait: Wait) -> Result<Answer, DispatchError> {
        self.dispatch_in_turn(request, wait, BatchPlace(None)).await
    }

    async fn dispatch_in_turn(&self, request: Request, wait: Wait, batch: BatchPlace) -> Result<Answer, DispatchError> {
        let inner = &self.inner;
        if inner.is_stopping() {
            return Err(DispatchError::Stopping);
        }
        if inner.store.open_count() >= inner.options.max_open {
            return Err(DispatchError::QueueFull(inner.options.max_open));
        }
        let Request { action, origin, caller, letter, possible_duplicate } = request;
        let action = Arc::new(action);
        let replaces = Replaces { letter, possible_duplicate };
        let (teller, told) = oneshot::channel();
        let committed = Arc::new(AtomicBool::new(false));
        let asker = Asker { teller, committed: Arc::clone(&committed), wait, batch };
        inner.spawn(accept(Arc::clone(inner), Arc::clone(&action), (origin, replaces), caller, asker));
        match tokio::time::timeout(wait.limit(), told).await {
            Ok(Ok(told)) => told.map(answer),
            Ok(Err(_)) | Err(_) if committed.load(Ordering::SeqCst) => Ok(answer(pending(inner, &action))),
            // Nobody is left who could say whether it was stored.
            Ok(Err(_)) | Err(_) => Err(DispatchError::StoreSlow),
        }
    }

    /// What a dispatch would come to, up to the sending. Writes nothing, and looks at no id.
    pub async fn dry_run(&self, action: &Action, caller: &Caller) -> Result<Arc<str>, StoreError> {
        let inner = &self.inner;
        let now = inner.clock.now();
        let plan = inner.plan(action, Origin::Api, caller);
        let judged = match &plan.step {
            Step::End(_) => None,
            Step::Send(conditions, routes) => {
                let ways = routes.iter().map(|route| way(route, Birth::Due(now))).collect();
                Some(inner.store.judge(conditions.clone(), ways, now).await?)
            }
        };
        let at_provider = |entry: &Entry| {
            let wait = entry.breaker.as_ref()?.closed_to_all(inner.clock.monotonic())?;
            Some(left_alone(inner, action, entry, wait))
        };
        Ok(plan.dry_run(action, judged, at_provider).to_json())
    }
}

/// An action to be accepted.
pub(crate) struct Request {
    pub(crate) action: Action,
    pub(crate) origin: Origin,
    pub(crate) caller: Caller,
    /// The dead letter that it is sent again for.
    pub(crate) letter: Option<Seq>,
    /// Whether it may have been sent before, under another id.
    pub(crate) possible_duplicate: bool,
}

/// What an action was before.
struct Replaces {
    letter: Option<Seq>,
    possible_duplicate: bool,
}

/// Whoever waits for the answer to a dispatch.
struct Asker {
    teller: oneshot::Sender<Told>,
    committed: Arc<AtomicBool>,
    wait: Wait,
    batch: BatchPlace,
}

/// The place of an action that is one of a batch, until its commit.
struct BatchPlace(Option<OwnedSemaphorePermit>);

impl BatchPlace {
    fn turn(&self) -> Turn {
        if self.0.is_some() { Turn::Batch } else { Turn::Single }
    }
}

impl Wait {
    /// Longest that the caller waits.
    fn limit(self) -> Duration {
        match self {
            Self::ForCommit => MAX_WAIT,
            Self::ForOutcome(limit) => limit,
        }
    }
}

impl Inner {
    fn plan(&self, action: &Action, origin: Origin, caller: &Caller) -> Plan {
        let policies = self.policies.load();
        let around = Surroundings {
            policies: &policies,
            providers: &self.providers,
            retry: &self.options.retry,
            now: self.clock.now(),
            monotonic: self.clock.monotonic(),
        };
        offload::by_size(action.payload.get().len(), || plan(action, origin, caller, &around))
    }
}

async fn accept(inner: Arc<Inner>, action: Arc<Action>, (origin, replaces): (Origin, Replaces), caller: Caller, mut asker: Asker) {
    let Replaces { letter, possible_duplicate } = replaces;
    let accepted_at = inner.clock.now();
    let Plan { verdict, rule, faults, step } = inner.plan(&action, origin, &caller);
    for fault in &faults {
        tracing::error!(action = %action.id, rule = %fault.rule, error = fault.message, "a rule failed; it did not match");
        inner.observer.rule_error(&fault.rule);
    }
    let step = if letter.is_some() { unless_left_alone(&inner, &action, step) } else { step };
    let owner = inner.lease.owner();
    let mut gate = Conditions::default();
    let (fate, routes, place) = match step {
        Step::End(outcome) => (Fate::Ended(outcome), Vec::new(), None),
        Step::Send(conditions, routes) => {
            let place = place(&inner, &routes, asker.wait);
            let birth = match (&place, routes.first()) {
                (None, Some(route)) => Birth::Due(accepted_at + route.entry.lane.reopens_in().unwrap_or_default()),
                _ => Birth::InFlight(owner),
            };
            let ways = routes.iter().map(|route| way(route, birth)).collect();
            gate.clone_from(&conditions);
            (Fate::Send { conditions, ways }, routes, place)
        }
    };
    let turn = asker.batch.turn();
    let (kept_action, kept_rule) = (Arc::clone(&action), rule.clone());
    let admission =
        Admission { action: kept_action, origin, caller, verdict, rule: kept_rule, accepted_at, turn, fate, possible_duplicate, letter };
    let taking = inner.held.take();
    let admitted = inner.note_store(inner.store.admit(admission).await);
    drop(asker.batch.0.take());
    match admitted {
        Ok(Admitted::Ended(outcome)) if letter.is_some() => {
            tracing::info!(action = %action.id, outcome = outcome.tag(), "a dead letter is held back and stays on the list");
            asker.tell(Err(DispatchError::HeldBack(outcome.to_json())));
        }
        Ok(Admitted::NoLetter) => asker.tell(Err(DispatchError::NoLetter)),
        Ok(Admitted::Ended(outcome)) => {
            emit(&*inner.observer, &OutcomeEvent::at_the_gate(&action, &outcome, rule.as_deref()));
            asker.tell(Ok(outcome.to_json()));
        }
        Ok(Admitted::Open { seq, way, over }) => {
            let Some(route) = routes.into_iter().nth(way) else {
                return asker.tell(Err(StoreError::Engine("an action goes a way that it does not have".into()).into()));
            };
            asker.committed.store(true, Ordering::SeqCst);
            let teller = asker.tell_or_keep(|| pending(&inner, &action));
            let over: Vec<_> = over.iter().filter_map(|place| route.quotas.get(*place).cloned()).collect();
            notices::tell(&inner, &action, &over);
            if way > 0 {
                inner.observer.quota("degrade");
            }
            let Some(place) = place else { return wait_for(&inner, seq, &action, teller).await };
            let place = if way == 0 { place } else { route.entry.lane.enter_claimed() };
            let decided = Decided { action, rule, charges: gate.charges(&route.quotas), accepted_at, possible_duplicate, turn };
            let holding = inner.held.hold(Hold { seq, owner, fence: 0 });
            drop(taking);
            deliver(&inner, Job::admitted(holding, decided, route, place), teller).await;
        }
        Ok(Admitted::Existing(record)) => {
            drop::<Option<Place>>(place);
            join(&inner, *record, &action, asker).await;
        }
        Err(error) => asker.tell(Err(error.into())),
    }
}

/// Ends what would be held back at once by its provider's breaker, where nothing goes on by itself.
fn unless_left_alone(inner: &Inner, action: &Action, step: Step) -> Step {
    let first = match &step {
        Step::Send(_, routes) => routes.first(),
        Step::End(_) => None,
    };
    let wait = first.and_then(|route| route.entry.breaker.as_ref()?.closed_to_all(inner.clock.monotonic()));
    match (first, wait) {
        (Some(route), Some(wait)) if !inner.options.retry.durable => Step::End(left_alone(inner, action, &route.entry, wait)),
        _ => step,
    }
}

/// A place in memory for an action. Under a burst, what nobody waits for is accepted first and delivered after.
fn place(inner: &Inner, routes: &[Route], wait: Wait) -> Option<Place> {
    let lane = &routes.first()?.entry.lane;
    if wait == Wait::ForCommit && inner.store.is_busy() { lane.leave_for_later() } else { lane.enter() }
}

fn way(route: &Route, birth: Birth) -> Way {
    Way {
        provider: route.entry.name.clone(),
        prepared: Arc::clone(&route.prepared),
        give_up_at: route.give_up_at,
        birth,
        quotas: route.quotas.clone(),
    }
}

/// The id was there before: the same request gets the same outcome, another one a conflict.
async fn join(inner: &Arc<Inner>, record: Record, action: &Action, asker: Asker) {
    // What was asked for before cannot be told where it cannot be read.
    if record.unreadable.is_none() && !record.action.asks_the_same(action) {
        return asker.tell(Err(DispatchError::Conflict(action.id.to_string())));
    }
    asker.committed.store(true, Ordering::SeqCst);
    if let (State::Done | State::Dead | State::Refused | State::Discarded, Some(outcome)) = (record.state, &record.outcome) {
        return asker.tell(Ok(Arc::clone(outcome)));
    }
    let far = match asker.wait {
        Wait::ForCommit => true,
        Wait::ForOutcome(limit) => !record.owned && record.due_at > inner.clock.now() + limit,
    };
    let so_far = record.outcome.clone().unwrap_or_else(|| pending(inner, action));
    if far {
        return asker.tell(Ok(so_far));
    }
    let teller = asker.tell_or_keep(|| so_far);
    wait_for(inner, record.seq, action, teller).await;
}

/// Registers a caller with an action that another task works on.
async fn wait_for(inner: &Arc<Inner>, seq: Seq, action: &Action, teller: Option<oneshot::Sender<Told>>) {
    inner.work.notify_one();
    let Some(teller) = teller else { return };
    let (sender, receiver) = oneshot::channel();
    inner.waiters.add(seq, sender);
    let scope = Scope::exactly(&action.namespace, &action.tenant);
    if let Some(outcome) = ended(inner, &scope, &action.id).await {
        inner.waiters.tell(seq, &outcome);
    }
    // Not a task that a stop must wait for: the caller's own limit ends it.
    tokio::spawn(wait_on(Arc::clone(inner), seq, scope, action.id.clone(), receiver, teller));
}

/// Waits until this process hears of an outcome, or another has written it.
async fn wait_on(
    inner: Arc<Inner>,
    seq: Seq,
    scope: Scope,
    id: ActionId,
    mut receiver: oneshot::Receiver<Arc<str>>,
    mut teller: oneshot::Sender<Told>,
) {
    loop {
        tokio::select! {
            biased;
            outcome = &mut receiver => {
                if let Ok(outcome) = outcome {
                    drop(teller.send(Ok(outcome)));
                }
                return;
            }
            () = teller.closed() => return,
            () = inner.clock.sleep(LOOK_EVERY) => {}
        }
        if let Some(outcome) = ended(&inner, &scope, &id).await {
            inner.waiters.tell(seq, &outcome);
        }
    }
}

/// The outcome of an action, if it ended.
async fn ended(inner: &Inner, scope: &Scope, id: &ActionId) -> Option<Arc<str>> {
    let record = inner.store.find(scope, id).await.ok()?.pop()?;
    record.outcome.filter(|_| record.state != State::Open)
}

impl Asker {
    fn tell(self, told: Told) {
        drop(self.teller.send(told));
    }

    /// Tells a caller who waits for no more than the commit; keeps one who waits for the outcome.
    fn tell_or_keep(self, pending: impl FnOnce() -> Arc<str>) -> Option<oneshot::Sender<Told>> {
        match self.wait {
            Wait::ForCommit => {
                self.tell(Ok(pending()));
                None
            }
            Wait::ForOutcome(_) => Some(self.teller),
        }
    }
}

fn answer(outcome: Arc<str>) -> Answer {
    let pending = outcome.starts_with(r#"{"Scheduled""#);
    Answer { outcome, pending }
}

fn pending(inner: &Inner, action: &Action) -> Arc<str> {
    Outcome::Scheduled { action_id: action.id.clone(), scheduled_for: inner.clock.now(), attempts: 0, last_error: None }.to_json()
}
