//! GATE: an action becomes durable, and its caller gets a reply.
//!
//! What is taken before the commit - a share of the open actions, memory in lanes, a turn to send -
//! is held in guards until the commit says where the action goes. Whatever ends the task in between
//! gives all of it back.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Action, Caller, Origin, Outcome, Priority, Timestamp, VerdictKind};
use acteon_store::{
    Admission, Admitted, Begin, Charges, Conditions, Disposition, Hold, OwnerId, Seq, StoreError,
    Turn,
};

use crate::admit::answer::DispatchError;
use crate::admit::batch::{InLine, admit, ask_in_line};
use crate::admit::entry::{Entry, enter};
use crate::admit::flow_room;
use crate::admit::flow_shares::Beginning;
use crate::admit::notify;
use crate::admit::pending::{left_alone, left_for_later, worked_on};
use crate::admit::repeated::reply_if_known;
use crate::admit::reply::{LaterReply, Reply};
use crate::admit::request::DispatchRequest;
use crate::admit::routes::{ChosenRoute, Placement, PreparedRoutes};
use crate::admit::sender::Sender;
use crate::admit::shares::{Entering, QueueFull};
use crate::admit::waiters::SoFar;
use crate::cluster::held::Holding;
use crate::decide::plan::{Plan, Step};
use crate::decide::route::Route;
use crate::deliver::durable_retry::deliver;
use crate::deliver::job::{AcceptedAction, Job};
use crate::deliver::send_turn::SendTurn;
use crate::lane::MemoryPermit;
use crate::observe::{OutcomeEvent, emit, emit_rule_errors, emit_template_error};
use crate::shared::Inner;

/// Accepts an action: plans it, has the gate admit it, and delivers it here or leaves it to the runner.
pub(super) async fn accept(inner: Arc<Inner>, request: DispatchRequest, mut reply: Reply) {
    let (candidate, caller, entry) = Candidate::planned(&inner, request);
    let (entering, beginning) = match candidate.room(&inner, &entry).await {
        Ok(room) => room,
        Err(full) => {
            let unknown = DispatchError::QueueFull(full);
            return reply_if_known(&inner, &candidate.action, &candidate.sender, reply, unknown)
                .await;
        }
    };
    // Read once: the row and the job's hold name the same owner, also when the lease is lost during the commit and taken under another one.
    let owner = inner.lease.owner();
    let Gated {
        disposition,
        conditions,
        routes,
        postponed,
    } = candidate.gated(&inner, owner, entry, &mut reply);
    let turn = reply.batch.turn();
    let admission = candidate.admission(caller, disposition, turn);
    // Before the commit: a row that this process owns and has not counted as held would look forgotten.
    let taking = inner.held.take();
    let admitted = admit(&inner, admission, &mut reply.batch).await;
    let line = reply.batch.line.take();
    match admitted {
        Ok(Admitted::Open { seq, route, over }) => {
            let number = route;
            let Some(ChosenRoute {
                route,
                placement,
                at_once,
            }) = routes.choose(number)
            else {
                let none = "an action goes a way that it does not have";
                return reply.send(Err(StoreError::Engine(none.into()).into()));
            };
            if let Some(entering) = entering {
                entering.opened(&route.entry.name);
            }
            candidate.tell_quotas(&inner, &route, number, &over);
            match placement {
                Placement::InMemory(memory) => {
                    // Held before anything is awaited, or `reconcile` would give it back.
                    let holding = taking.hold_only(first_hold(seq, owner));
                    let charges = conditions.charges(&route.quotas);
                    let job = candidate.job(holding, charges, turn, (route, memory, at_once));
                    deliver_here(&inner, job, line, reply).await;
                }
                Placement::InStore(due_at) => {
                    inner.work.notify_one();
                    let id = &candidate.action.id;
                    let later = || left_for_later(&inner, id, &route, due_at);
                    reply
                        .wait_in_store(&inner, (seq, due_at), postponed, later)
                        .await;
                }
            }
        }
        Ok(Admitted::Ended(outcome)) => candidate.ended(&inner, &outcome, beginning, reply),
        Ok(Admitted::NoLetter) => reply.send(Err(DispatchError::NoLetter)),
        Ok(Admitted::Existing(_)) => {
            drop((routes, line));
            // A row that retention deletes in between is not found. The same request is a new one then, and is to be sent again.
            let unknown = StoreError::Busy.into();
            reply_if_known(&inner, &candidate.action, &candidate.sender, reply, unknown).await;
        }
        Err(error) => reply.send(Err(error.into())),
    }
}

/// Planned action that is not committed yet.
pub(crate) struct Candidate {
    action: Arc<Action>,
    sender: Sender,
    verdict: VerdictKind,
    rule: Option<Arc<str>>,
    priority: Priority,
    accepted_at: Timestamp,
    /// Dead letter that the action is sent again for.
    letter: Option<Seq>,
    possible_duplicate: bool,
    /// Executions of chains that begin with it.
    begins: Vec<Begin>,
}

/// Gate's part of a candidate: what the store decides on, and what is held meanwhile.
struct Gated {
    disposition: Disposition,
    conditions: Conditions,
    routes: PreparedRoutes,
    /// The answer for an action that goes later.
    postponed: Option<LaterReply>,
}

impl Gated {
    fn over(outcome: Outcome) -> Self {
        Self {
            disposition: Disposition::Ended(outcome),
            conditions: Conditions::default(),
            routes: PreparedRoutes::default(),
            postponed: None,
        }
    }
}

impl Candidate {
    /// Takes room for what is open, and for a flow that begins.
    async fn room(
        &self,
        inner: &Inner,
        entry: &Entry,
    ) -> Result<(Option<Entering>, Option<Beginning>), QueueFull> {
        let entering = enter(inner, &self.action, entry)?;
        let beginning = flow_room::enter(inner, &self.begins).await?;
        Ok((entering, beginning))
    }

    /// Plans an action, and reports the rules that failed on it.
    pub(crate) fn planned(inner: &Inner, request: DispatchRequest) -> (Self, Caller, Entry) {
        let DispatchRequest {
            action,
            origin,
            caller,
            requester,
            letter,
            possible_duplicate,
        } = request;
        let action = Arc::new(action);
        let accepted_at = inner.clock.now();
        let Plan {
            verdict,
            rule,
            rule_errors,
            priority,
            step,
            template_error,
        } = inner.plan(&action, origin, &caller, accepted_at);
        emit_rule_errors(&*inner.observer, &action, &rule_errors);
        emit_template_error(&*inner.observer, &action, template_error.as_deref());
        let step = if letter.is_some() {
            unless_left_alone(inner, &action, step)
        } else {
            step
        };
        let (entry, begins) = Entry::of(inner, requester, rule.as_deref(), step);
        let candidate = Self {
            action,
            sender: Sender {
                origin,
                caller: caller.id.clone(),
            },
            verdict,
            rule,
            priority,
            accepted_at,
            letter,
            possible_duplicate,
            begins,
        };
        (candidate, caller, entry)
    }

    /// Action of the gateway's own that nobody decided about.
    pub(crate) fn undecided(inner: &Inner, action: Arc<Action>, origin: Origin) -> Self {
        Self {
            sender: Sender {
                origin,
                caller: Caller::gateway().id,
            },
            verdict: VerdictKind::Allow,
            rule: None,
            priority: action.priority,
            accepted_at: inner.clock.now(),
            letter: None,
            possible_duplicate: false,
            begins: Vec::new(),
            action,
        }
    }

    /// Action that was planned.
    pub(crate) fn action(&self) -> &Arc<Action> {
        &self.action
    }

    /// Name of the rule that decided.
    pub(crate) fn rule(&self) -> Option<&str> {
        self.rule.as_deref()
    }

    /// Prepares what the gate needs to admit the action, or to write its outcome.
    fn gated(&self, inner: &Inner, owner: OwnerId, entry: Entry, reply: &mut Reply) -> Gated {
        let (conditions, routes, postponed) = match entry {
            Entry::Over(outcome) => return Gated::over(outcome),
            Entry::ToSend(conditions, routes, postponed) => (conditions, routes, postponed),
        };
        let routes = PreparedRoutes::prepare(
            inner,
            &self.action,
            self.priority,
            routes,
            reply.wait,
            reply.batch.line.as_mut(),
        );
        let postponed = postponed.map(|postponed| LaterReply {
            outcome: postponed.outcome(&self.action).to_json(),
            is_scheduled: postponed.is_scheduled(),
        });
        let so_far = postponed.as_ref().map(|postponed| &postponed.outcome);
        Gated {
            disposition: Disposition::Send {
                conditions: conditions.clone(),
                routes: routes.to_store(owner, so_far),
            },
            conditions,
            routes,
            postponed,
        }
    }

    pub(crate) fn admission(
        &self,
        caller: Caller,
        disposition: Disposition,
        turn: Turn,
    ) -> Admission {
        Admission {
            action: Arc::clone(&self.action),
            origin: self.sender.origin,
            caller,
            verdict: self.verdict,
            rule: self.rule.clone(),
            priority: self.priority,
            accepted_at: self.accepted_at,
            turn,
            disposition,
            possible_duplicate: self.possible_duplicate,
            letter: self.letter,
            parent: None,
            begins: self.begins.clone(),
        }
    }

    /// Tells of the quotas that the action goes over, and counts that one of them chose its route.
    pub(crate) fn tell_quotas(
        &self,
        inner: &Arc<Inner>,
        route: &Route,
        number: usize,
        over: &[usize],
    ) {
        let over: Vec<_> = over
            .iter()
            .filter_map(|index| route.quotas.get(*index).cloned())
            .collect();
        notify::tell(inner, &self.action, &over);
        if number > 0 {
            inner.observer.quota("degrade");
        }
    }

    /// Wakes who steps the flows that began with it; those.
    pub(crate) fn tell_begins(&self, inner: &Inner) -> &[Begin] {
        if !self.begins.is_empty() {
            inner.flow_work.notify_one();
        }
        &self.begins
    }

    /// Replies for an action that is over at the gate. A dead letter that is held back stays on the list, and nothing was written.
    fn ended(&self, inner: &Inner, outcome: &Outcome, beginning: Option<Beginning>, reply: Reply) {
        if let Some(beginning) = beginning {
            beginning.began();
        }
        if self.letter.is_some() && self.begins.is_empty() {
            tracing::info!(action = %self.action.id, outcome = outcome.as_str(), "a dead letter is held back and stays on the list");
            return reply.send(Err(DispatchError::HeldBack(outcome.to_json())));
        }
        emit(
            &*inner.observer,
            &OutcomeEvent::at_the_gate(&self.action, outcome, self.rule.as_deref()),
        );
        self.tell_begins(inner);
        reply.send(Ok(outcome.to_json()));
    }

    /// Job of an action that was admitted, to be delivered here.
    fn job(
        self,
        holding: Holding,
        charges: Charges,
        turn: Turn,
        (route, memory, at_once): (Route, MemoryPermit, Option<SendTurn>),
    ) -> Job {
        let accepted = AcceptedAction {
            action: self.action,
            rule: self.rule,
            charges,
            priority: self.priority,
            accepted_at: self.accepted_at,
            possible_duplicate: self.possible_duplicate,
            turn,
            origin: self.sender.origin,
            caller: self.sender.caller,
        };
        Job::admitted(holding, accepted, route, memory, at_once)
    }
}

/// Hold of this process on a row that it has just written.
fn first_hold(seq: Seq, owner: OwnerId) -> Hold {
    Hold {
        seq,
        owner,
        // A row is written with fence 0, and each claim adds one: whoever claims it later fences
        // this process off.
        fence: 0,
    }
}

/// Delivers an action that was just admitted. Its turn is asked for before its caller has a reply, who may then send the next one.
async fn deliver_here(inner: &Arc<Inner>, job: Job, line: Option<InLine>, reply: Reply) {
    let here = (Arc::clone(&job.entry), job.give_up_at);
    let due_in = if job.at_once.is_some() {
        Duration::ZERO
    } else {
        job.entry.lane.reopens_in().unwrap_or_default()
    };
    let job = ask_in_line(line, job).await;
    let pending = || {
        let provider = (&*job.entry, job.give_up_at);
        worked_on(inner, &job.action.id, provider, SoFar::default())
    };
    reply
        .wait_for(inner, job.seq(), (Some(here), due_in), pending)
        .await;
    deliver(inner, job).await;
}

/// Ends what would be held back at once by its provider's breaker, where nothing goes on by itself.
fn unless_left_alone(inner: &Inner, action: &Action, step: Step) -> Step {
    let first = match &step {
        Step::Send(_, routes, None) => routes.first(),
        Step::Send(_, _, Some(_)) | Step::End(_) | Step::StartChain(_) | Step::Ask(_) => None,
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
