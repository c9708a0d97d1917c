//! GATE: an action becomes durable, and its caller gets an outcome.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use acteon_core::{Action, Origin, Outcome, Timestamp};
use acteon_store::{Admission, Admitted, Birth, Record, Scope, Seq, State, StoreError};
use tokio::sync::oneshot;

use crate::deliver::{Job, deliver};
use crate::gateway::{Gateway, Inner};
use crate::lane::Place;
use crate::observe::{OutcomeEvent, OutcomeKind, emit};
use crate::plan::{Plan, Send, plan};

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
    pub async fn dispatch(&self, action: Action, origin: Origin, wait: Wait) -> Result<Answer, DispatchError> {
        let inner = &self.inner;
        if inner.is_stopping() {
            return Err(DispatchError::Stopping);
        }
        if inner.store.open_count() >= inner.options.max_open {
            return Err(DispatchError::QueueFull(inner.options.max_open));
        }
        let action = Arc::new(action);
        let (teller, told) = oneshot::channel();
        let committed = Arc::new(AtomicBool::new(false));
        let caller = Caller { teller, committed: Arc::clone(&committed), wait };
        inner.spawn(accept(Arc::clone(inner), Arc::clone(&action), origin, caller));
        let limit = match wait {
            Wait::ForCommit => acteon_core::limits::MAX_WAIT,
            Wait::ForOutcome(limit) => limit,
        };
        match tokio::time::timeout(limit, told).await {
            Ok(Ok(told)) => told.map(answer),
            Ok(Err(_)) | Err(_) if committed.load(Ordering::SeqCst) => Ok(answer(pending(inner, &action))),
            Ok(Err(_)) => Err(DispatchError::Stopping),
            Err(_) => Err(DispatchError::StoreSlow),
        }
    }

    /// What a dispatch would come to, up to the sending. Reads and writes nothing.
    pub fn dry_run(&self, action: &Action) -> Arc<str> {
        let inner = &self.inner;
        let outcome = match plan(action, &inner.providers, &inner.options.retry, inner.clock.now()) {
            Plan::Fault(outcome) => outcome,
            Plan::Send(send) => Outcome::DryRun { verdict: "allow".into(), matched_rule: None, would_be_provider: send.entry.name.clone() },
        };
        to_json(&outcome)
    }
}

/// The caller's end of a dispatch.
struct Caller {
    teller: oneshot::Sender<Told>,
    committed: Arc<AtomicBool>,
    wait: Wait,
}

async fn accept(inner: Arc<Inner>, action: Arc<Action>, origin: Origin, caller: Caller) {
    let now = inner.clock.now();
    match plan(&action, &inner.providers, &inner.options.retry, now) {
        Plan::Fault(outcome) => accept_fault(&inner, action, origin, caller, now, &outcome).await,
        Plan::Send(send) => accept_send(&inner, action, origin, caller, now, send).await,
    }
}

async fn accept_fault(inner: &Arc<Inner>, action: Arc<Action>, origin: Origin, caller: Caller, now: Timestamp, outcome: &Outcome) {
    let text = to_json(outcome);
    let admission = Admission {
        action: Arc::clone(&action),
        origin,
        prepared: None,
        lane: Arc::from(action.provider.as_str()),
        accepted_at: now,
        give_up_at: now,
        birth: Birth::Dead(Arc::clone(&text)),
    };
    match inner.note_store(inner.store.admit(admission).await) {
        Ok(Admitted::New(_)) => {
            let error = match outcome {
                Outcome::Failed { code, message, .. } => Some((code.as_str(), message.as_str())),
                _ => None,
            };
            let kind = OutcomeKind::Failed;
            let event = OutcomeEvent { action: &action, kind, error, attempts: 0, took: Duration::ZERO, possible_duplicate: false };
            emit(&*inner.observer, &event);
            caller.tell(Ok(text));
        }
        Ok(Admitted::Existing(record)) => join(inner, *record, &action, caller).await,
        Err(error) => caller.tell(Err(error.into())),
    }
}

async fn accept_send(inner: &Arc<Inner>, action: Arc<Action>, origin: Origin, caller: Caller, now: Timestamp, send: Send) {
    let Send { entry, prepared, give_up_at } = send;
    let lane = &entry.lane;
    let owner = inner.lease.owner();
    // Under a burst, what nobody waits for is accepted first and delivered after.
    let can_wait = caller.wait == Wait::ForCommit && inner.store.is_busy();
    let place = if can_wait { lane.leave_for_later() } else { lane.enter() };
    let birth = match &place {
        Some(_) => Birth::Owned(owner),
        None => Birth::Due(now + lane.reopens_in().unwrap_or_default()),
    };
    let admission = Admission {
        action: Arc::clone(&action),
        origin,
        prepared: Some(Arc::clone(&prepared)),
        lane: Arc::clone(lane.name()),
        accepted_at: now,
        give_up_at,
        birth,
    };
    match inner.note_store(inner.store.admit(admission).await) {
        Ok(Admitted::New(seq)) => {
            caller.committed.store(true, Ordering::SeqCst);
            let teller = caller.tell_or_keep(|| pending(inner, &action));
            match place {
                Some(place) => {
                    let job = Job::new(seq, action, prepared, entry, owner, place, now, give_up_at);
                    deliver(inner, job, teller).await;
                }
                None => wait_for(inner, seq, &action, teller).await,
            }
        }
        Ok(Admitted::Existing(record)) => {
            drop::<Option<Place>>(place);
            join(inner, *record, &action, caller).await;
        }
        Err(error) => caller.tell(Err(error.into())),
    }
}

/// The id was there before: the same request gets the same outcome, another one a conflict.
async fn join(inner: &Arc<Inner>, record: Record, action: &Action, caller: Caller) {
    if !record.action.asks_the_same(action) {
        return caller.tell(Err(DispatchError::Conflict(action.id.to_string())));
    }
    caller.committed.store(true, Ordering::SeqCst);
    if let (State::Done | State::Dead, Some(outcome)) = (record.state, &record.outcome) {
        return caller.tell(Ok(Arc::clone(outcome)));
    }
    let far = match caller.wait {
        Wait::ForCommit => true,
        Wait::ForOutcome(limit) => !record.owned && record.due_at > inner.clock.now() + limit,
    };
    let so_far = record.outcome.clone().unwrap_or_else(|| pending(inner, action));
    if far {
        return caller.tell(Ok(so_far));
    }
    let teller = caller.tell_or_keep(|| so_far);
    wait_for(inner, record.seq, action, teller).await;
}

/// Registers a caller with an action that another task works on.
async fn wait_for(inner: &Arc<Inner>, seq: Seq, action: &Action, teller: Option<oneshot::Sender<Told>>) {
    inner.work.notify_one();
    let Some(teller) = teller else { return };
    let (sender, receiver) = oneshot::channel();
    inner.waiters.add(seq, sender);
    let scope = Scope { namespace: Some(action.namespace.clone()), tenant: Some(action.tenant.clone()) };
    if let Ok(records) = inner.store.find(&scope, &action.id).await
        && let Some(Record { state: State::Done | State::Dead, outcome: Some(outcome), .. }) = records.first()
    {
        inner.waiters.tell(seq, outcome);
    }
    // Not a task that a stop must wait for: the caller's own limit ends it.
    tokio::spawn(async move {
        if let Ok(outcome) = receiver.await {
            drop(teller.send(Ok(outcome)));
        }
    });
}

impl Caller {
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
    to_json(&Outcome::Scheduled { action_id: action.id.clone(), scheduled_for: inner.clock.now(), attempts: 0, last_error: None })
}

pub(crate) fn to_json(outcome: &Outcome) -> Arc<str> {
    // Outcomes are plain data with text keys: serializing them cannot fail.
    serde_json::to_string(outcome).unwrap_or_else(|_| "null".into()).into()
}
