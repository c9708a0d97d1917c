//! GATE: an action becomes durable, and its caller gets an outcome.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use acteon_core::limits::MAX_WAIT;
use acteon_core::{Action, ActionId, Caller, Namespace, Origin, Scope, Tenant, Timestamp};
use acteon_store::{Admission, Admitted, Conditions, Fate, Hold, Record, Seq, State, StoreError};
use tokio::sync::oneshot;

use crate::admit::answer::{Answer, DispatchError, Wait};
use crate::admit::batch::{BatchPlace, InOrder, admit, ask_in_line};
use crate::admit::known::LookTurn;
use crate::admit::notify;
use crate::admit::pending::{left_alone, left_for_later, recorded, scheduled, worked_on};
use crate::admit::reply::{AwaitedAction, AwaitedReply};
use crate::admit::routes::{ChosenRoute, Placement, PreparedRoutes};
use crate::admit::sender::Sender;
use crate::admit::waiters::{ReplySender, SoFar};
use crate::decide::plan::{Plan, Step, plan};
use crate::decide::plan_context::PlanContext;
use crate::deliver::durable_retry::deliver;
use crate::deliver::job::{Decided, Job};
use crate::observe::{OutcomeEvent, emit, emit_faults};
use crate::offload;
use crate::policies::Policies;
use crate::registry::Entry;
use crate::shared::{Gateway, Inner};

/// How often a caller who waits when a stop begins looks whether anybody works on the action.
const STOP_LOOKS_EVERY: Duration = Duration::from_millis(20);

/// How often a caller whose action is accepted looks whether the store's disk answers again.
const STALL_LOOKS_EVERY: Duration = Duration::from_millis(500);

/// Longest that a caller whose wait is over waits for the store to say how an action stands.
const LOOK_LIMIT: Duration = Duration::from_secs(1);

impl Gateway {
    /// Accepts an action, works on it, and answers with its outcome, or with `Scheduled` when the wait is over before.
    ///
    /// The work goes on when the returned future is dropped.
    pub async fn dispatch(
        &self,
        action: Action,
        origin: Origin,
        caller: Caller,
        wait: Wait,
    ) -> Result<Answer, DispatchError> {
        self.dispatch_request(
            Request {
                action,
                origin,
                caller,
                letter: None,
                possible_duplicate: false,
            },
            wait,
        )
        .await
    }

    /// Does so for one of a caller's batch, which yields to those that were sent alone: it waits for a place on the way to the commit.
    /// It is admitted, and asks for its turn to be sent, after those before it in the batch.
    pub async fn dispatch_of_batch(
        &self,
        action: Action,
        caller: Caller,
        wait: Wait,
        InOrder {
            mut admission,
            line,
        }: InOrder,
    ) -> Result<Answer, DispatchError> {
        let in_turn = async {
            admission.reached().await;
            Arc::clone(&self.inner.batch_places).acquire_owned().await
        };
        let place = tokio::select! {
            biased;
            place = tokio::time::timeout(MAX_WAIT, in_turn) => place,
            () = self.inner.until_stalled() => return Err(DispatchError::StoreSlow),
        };
        let Ok(Ok(place)) = place else {
            return Err(StoreError::Busy.into());
        };
        let request = Request {
            action,
            origin: Origin::Api,
            caller,
            letter: None,
            possible_duplicate: false,
        };
        let batch = BatchPlace {
            entering: Some((place, admission)),
            line: Some(line),
        };
        self.dispatch_in_turn(request, wait, batch).await
    }

    pub(crate) async fn dispatch_request(
        &self,
        request: Request,
        wait: Wait,
    ) -> Result<Answer, DispatchError> {
        self.dispatch_in_turn(request, wait, BatchPlace::default())
            .await
    }

    async fn dispatch_in_turn(
        &self,
        request: Request,
        wait: Wait,
        batch: BatchPlace,
    ) -> Result<Answer, DispatchError> {
        let inner = &self.inner;
        if inner.is_stopping() {
            return Err(DispatchError::Stopping);
        }
        // What was asked for under this id before may be on its way to the disk.
        if inner.is_stalled() {
            return Err(DispatchError::StoreSlow);
        }
        let Request {
            action,
            origin,
            caller,
            letter,
            possible_duplicate,
        } = request;
        // Not the action itself: it may be large, and callers wait long.
        let key = Key {
            namespace: action.namespace.clone(),
            tenant: action.tenant.clone(),
            id: action.id.clone(),
        };
        let action = Arc::new(action);
        let replaces = Replaces {
            letter,
            possible_duplicate,
        };
        let (sender, receiver) = oneshot::channel();
        let patient_until = match wait {
            Wait::ForEnd(limit) => Some(inner.clock.monotonic() + limit),
            Wait::ForOutcome(_) | Wait::ForCommit => None,
        };
        let mut awaited = AwaitedReply {
            inner,
            action: Arc::default(),
            receiver: Some(receiver),
        };
        let reply = Reply {
            sender,
            action: Arc::clone(&awaited.action),
            wait,
            patient_until,
            batch,
        };
        inner.spawn(accept(
            Arc::clone(inner),
            action,
            (origin, replaces),
            caller,
            reply,
        ));
        let replied = match &mut awaited.receiver {
            Some(receiver) => {
                tokio::time::timeout(
                    wait.limit(),
                    until_replied(inner, receiver, &awaited.action),
                )
                .await
            }
            None => return Err(DispatchError::StoreSlow),
        };
        match (replied, awaited.action.get()) {
            (Ok(Ok(told)), _) => {
                // Who was told is known no longer.
                awaited.receiver = None;
                told.map(answer)
            }
            (Ok(Err(())) | Err(_), Some(action)) => Ok(answer(so_far(inner, &key, action).await)),
            // Nobody is left who could say whether it was stored.
            (Ok(Err(())) | Err(_), None) => Err(DispatchError::StoreSlow),
        }
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

/// What an action is known by.
struct Key {
    namespace: Namespace,
    tenant: Tenant,
    id: ActionId,
}

/// The reply that a dispatch's task owes its caller.
struct Reply {
    sender: ReplySender,
    action: Arc<OnceLock<AwaitedAction>>,
    wait: Wait,
    /// Until when it waits through further attempts, by the monotonic clock.
    patient_until: Option<Duration>,
    batch: BatchPlace,
}

impl Inner {
    /// Decides about an action at `now`.
    fn plan(&self, action: &Action, origin: Origin, caller: &Caller, now: Timestamp) -> Plan {
        self.plan_by(&self.policies.load(), action, origin, caller, now)
    }

    /// The same by policies that need not be the current ones.
    pub(crate) fn plan_by(
        &self,
        policies: &Policies,
        action: &Action,
        origin: Origin,
        caller: &Caller,
        now: Timestamp,
    ) -> Plan {
        self.with_plan_context(|context| {
            let context = PlanContext {
                policies,
                now,
                ..*context
            };
            let cost = policies.rules.cost(action.payload.get().len());
            offload::by_size(cost, || plan(action, origin, caller, &context))
        })
    }
}

async fn accept(
    inner: Arc<Inner>,
    action: Arc<Action>,
    (origin, replaces): (Origin, Replaces),
    caller: Caller,
    mut reply: Reply,
) {
    let Replaces {
        letter,
        possible_duplicate,
    } = replaces;
    let accepted_at = inner.clock.now();
    let sender = Sender {
        origin,
        caller: caller.id.clone(),
    };
    let Plan {
        verdict,
        rule,
        faults,
        priority,
        step,
    } = inner.plan(&action, origin, &caller, accepted_at);
    emit_faults(&*inner.observer, &action, &faults);
    let step = if letter.is_some() {
        unless_left_alone(&inner, &action, step)
    } else {
        step
    };
    let entering = match &step {
        Step::Send(_, routes, _) => match routes
            .first()
            .map(|route| inner.shares.enter(&route.entry.name, &action.tenant))
            .transpose()
        {
            Ok(entering) => entering,
            Err(full) => {
                return answer_known(
                    &inner,
                    &action,
                    &sender,
                    reply,
                    DispatchError::QueueFull(full),
                )
                .await;
            }
        },
        Step::End(_) => None,
    };
    let owner = inner.lease.owner();
    let (fate, gate, ways, postponed) = match step {
        Step::End(outcome) => (
            Fate::Ended(outcome),
            Conditions::default(),
            PreparedRoutes::default(),
            None,
        ),
        Step::Send(conditions, routes, postponed) => {
            let ways = PreparedRoutes::prepare(
                &inner,
                &action,
                priority,
                routes,
                reply.wait,
                reply.batch.line.as_mut(),
            );
            let postponed = postponed.map(|postponed| postponed.outcome(&action).to_json());
            (
                Fate::Send {
                    conditions: conditions.clone(),
                    ways: ways.to_store(owner, postponed.as_ref()),
                },
                conditions,
                ways,
                postponed,
            )
        }
    };
    let turn = reply.batch.turn();
    let (kept_action, kept_rule) = (Arc::clone(&action), rule.clone());
    let admission = Admission {
        action: kept_action,
        origin,
        caller,
        verdict,
        rule: kept_rule,
        priority,
        accepted_at,
        turn,
        fate,
        possible_duplicate,
        letter,
    };
    let taking = inner.held.take();
    let admitted = admit(&inner, admission, &mut reply.batch).await;
    let line = reply.batch.line.take();
    match admitted {
        Ok(Admitted::Ended(outcome)) if letter.is_some() => {
            tracing::info!(action = %action.id, outcome = outcome.tag(), "a dead letter is held back and stays on the list");
            reply.send(Err(DispatchError::HeldBack(outcome.to_json())));
        }
        Ok(Admitted::NoLetter) => reply.send(Err(DispatchError::NoLetter)),
        Ok(Admitted::Ended(outcome)) => {
            emit(
                &*inner.observer,
                &OutcomeEvent::at_the_gate(&action, &outcome, rule.as_deref()),
            );
            reply.send(Ok(outcome.to_json()));
        }
        Ok(Admitted::Open { seq, way, over }) => {
            let Some(ChosenRoute {
                route,
                placement,
                at_once,
            }) = ways.choose(way)
            else {
                return reply.send(Err(StoreError::Engine(
                    "an action goes a way that it does not have".into(),
                )
                .into()));
            };
            if let Some(entering) = entering {
                entering.opened(&route.entry.name);
            }
            let over: Vec<_> = over
                .iter()
                .filter_map(|place| route.quotas.get(*place).cloned())
                .collect();
            notify::tell(&inner, &action, &over);
            if way > 0 {
                inner.observer.quota("degrade");
            }
            let place = match waits {
                Placement::InMemory(place) => place,
                Placement::InStore(due_at) => {
                    inner.work.notify_one();
                    let later = || left_for_later(&inner, &action.id, &route, due_at);
                    return reply
                        .wait_in_store(&inner, (seq, due_at), postponed, later)
                        .await;
                }
            };
            let here = (Arc::clone(&route.entry), route.give_up_at);
            let due_in = if at_once.is_some() {
                Duration::ZERO
            } else {
                here.0.lane.reopens_in().unwrap_or_default()
            };
            let (charges, caller) = (gate.charges(&route.quotas), sender.caller);
            let decided = Decided {
                action,
                rule,
                charges,
                priority,
                accepted_at,
                possible_duplicate,
                turn,
                origin,
                caller,
            };
            let holding = taking.hold_only(Hold {
                seq,
                owner,
                fence: 0,
            });
            // Before the caller has its reply, who may then send the next one.
            let job =
                ask_in_line(line, Job::admitted(holding, decided, route, place, at_once)).await;
            let pending = || {
                worked_on(
                    &inner,
                    &job.action.id,
                    (&job.entry, job.give_up_at),
                    SoFar::default(),
                )
            };
            reply
                .wait_for(&inner, seq, (Some(here), due_in), pending)
                .await;
            deliver(&inner, job).await;
        }
        Ok(Admitted::Existing(_)) => {
            drop((ways, line));
            // What is kept no longer may be gone when it is looked at: then the same request is a new one.
            answer_known(&inner, &action, &sender, reply, StoreError::Busy.into()).await;
        }
        Err(error) => reply.send(Err(error.into())),
    }
}

/// Ends what would be held back at once by its provider's breaker, where nothing goes on by itself.
fn unless_left_alone(inner: &Inner, action: &Action, step: Step) -> Step {
    let first = match &step {
        Step::Send(_, routes, None) => routes.first(),
        Step::Send(_, _, Some(_)) | Step::End(_) => None,
    };
    let wait = first.and_then(|route| {
        route
            .entry
            .breaker
            .as_ref()?
            .open_for(inner.clock.monotonic())
    });
    match (first, wait) {
        (Some(route), Some(wait)) if !inner.options.retry.durable => {
            Step::End(left_alone(inner, action, &route.entry, wait))
        }
        _ => step,
    }
}

/// Answers where the id is known, also where there is no room for an action; where it is not, with `unknown`.
async fn answer_known(
    inner: &Arc<Inner>,
    action: &Action,
    sender: &Sender,
    mut reply: Reply,
    unknown: DispatchError,
) {
    // It holds up nobody behind it in its batch.
    reply.batch = BatchPlace::default();
    match inner.known_looks.find(&*inner.store, action).await {
        Ok(Some(known)) => join(inner, known, action, sender, reply).await,
        Ok(None) => reply.send(Err(unknown)),
        Err(error) => reply.send(Err(error.into())),
    }
}

/// The id was there before: the same request gets the same outcome, another one a conflict.
async fn join(
    inner: &Arc<Inner>,
    (record, turn): (Record, LookTurn<'_>),
    action: &Action,
    sender: &Sender,
    reply: Reply,
) {
    if let Some(conflict) = sender.conflict(inner, &record, action) {
        return reply.send(Err(conflict));
    }
    let far = match reply.wait {
        Wait::ForCommit => true,
        Wait::ForOutcome(limit) | Wait::ForEnd(limit) => {
            !record.owned && record.due_at > inner.due.now() + limit
        }
    };
    if far || record.state != State::Open {
        return reply.send(Ok(recorded(
            inner,
            &record,
            inner.waiters.so_far(record.seq),
        )));
    }
    inner.work.notify_one();
    let (seq, pending) = (record.seq, recorded(inner, &record, SoFar::default()));
    drop((record, turn));
    reply
        .wait_for(inner, seq, (None, Duration::ZERO), || pending)
        .await;
}

/// Waits for the reply. `Err` when there will be none: when a stop begins and nobody here works on the action, and when the store's disk does
/// not answer before the action is accepted.
async fn until_replied(
    inner: &Inner,
    receiver: &mut oneshot::Receiver<Result<Arc<str>, DispatchError>>,
    action: &OnceLock<AwaitedAction>,
) -> Result<Result<Arc<str>, DispatchError>, ()> {
    loop {
        tokio::select! {
            biased;
            reply = &mut *receiver => return reply.map_err(drop),
            () = inner.until_interrupted() => {}
        }
        let is_releasing = inner.is_releasing();
        match action.get() {
            Some(action) if is_releasing && action.is_left(inner) => return Err(()),
            None if inner.is_stalled() => return Err(()),
            Some(_) | None => {}
        }
        let pause = if is_releasing {
            STOP_LOOKS_EVERY
        } else {
            STALL_LOOKS_EVERY
        };
        tokio::select! {
            biased;
            reply = &mut *receiver => return reply.map_err(drop),
            () = inner.clock.sleep(pause) => {}
        }
    }
}

/// How an action stands whose caller's wait is over.
async fn so_far(
    inner: &Inner,
    Key {
        namespace,
        tenant,
        id,
    }: &Key,
    action: &AwaitedAction,
) -> Arc<str> {
    let so_far = inner.waiters.so_far(action.waiter.seq);
    if let Some((entry, give_up_at)) = &action.worked_on {
        return worked_on(inner, id, (entry, *give_up_at), so_far);
    }
    let scope = Scope::exactly(namespace, tenant);
    match tokio::time::timeout(LOOK_LIMIT, inner.store.find(&scope, id))
        .await
        .map(|found| found.map(|mut found| found.pop()))
    {
        Ok(Ok(Some(record))) => recorded(inner, &record, so_far),
        // It is durable, whatever the store is busy with.
        Ok(Ok(None) | Err(_)) | Err(_) => {
            scheduled(id, inner.clock.now(), so_far.attempts, so_far.last_error).to_json()
        }
    }
}

impl Reply {
    /// Whether the wait is over before an attempt that is due after so long.
    fn is_over_before(&self, inner: &Inner, due_in: Duration) -> bool {
        self.patient_until
            .is_some_and(|until| inner.clock.monotonic() + due_in > until)
    }

    fn send(self, reply: Result<Arc<str>, DispatchError>) {
        drop(self.sender.send(reply));
    }

    /// Waits for an action that is in the store and due later. What a time interval postpones beyond the wait is not waited for.
    async fn wait_in_store(
        self,
        inner: &Inner,
        (seq, due_at): (Seq, Timestamp),
        postponed: Option<Arc<str>>,
        later: impl FnOnce() -> Arc<str>,
    ) {
        let due_in = due_at.since(inner.due.now());
        match postponed {
            Some(postponed) if due_in > self.wait.limit() => self.send(Ok(postponed)),
            postponed => {
                self.wait_for(inner, seq, (None, due_in), || {
                    postponed.unwrap_or_else(later)
                })
                .await;
            }
        }
    }

    /// Tells a caller who waits for no more than the commit how the action stands; registers one who waits for the outcome.
    async fn wait_for(
        self,
        inner: &Inner,
        seq: Seq,
        (worked_on, due_in): (Option<(Arc<Entry>, Timestamp)>, Duration),
        pending: impl FnOnce() -> Arc<str>,
    ) {
        if self.wait == Wait::ForCommit || self.is_over_before(inner, due_in) {
            return self.send(Ok(pending()));
        }
        let elsewhere = worked_on.is_none();
        let waiter = inner.waiters.next(seq);
        // Nobody else sets it. Before the caller is known, so that one who leaves is either found gone, or forgotten.
        drop(self.action.set(AwaitedAction { waiter, worked_on }));
        inner.waiters.add(waiter, self.sender, self.patient_until);
        // It may have ended just before.
        if elsewhere && let Ok(outcomes) = inner.store.outcomes_of(vec![seq]).await {
            for (seq, outcome) in &outcomes {
                inner.waiters.reply(*seq, outcome);
            }
        }
    }
}

fn answer(outcome: Arc<str>) -> Answer {
    let pending = outcome.starts_with(r#"{"Scheduled""#);
    Answer { outcome, pending }
}
