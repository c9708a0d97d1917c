//! ACT: one action, from its place in memory to the end of this round.
//!
//! A round ends with an outcome, with a later instant at which the action is due again, or with nothing when this process may not go on. It
//! calls the provider once, and again quickly only where the request surely did not arrive.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::MAX_TAKEOVERS;
use acteon_core::{Action, Attempt, ErrorKind, LastError, Outcome, Prepared, ProviderError, Response, Timestamp};
use acteon_store::{Charges, Hold, Record, Seq, Turn};

use crate::attempt::attempt;
use crate::call::Call;
use crate::gateway::Inner;
use crate::held::Holding;
use crate::lane::Place;
use crate::pending::circuit_open;
use crate::plan::Route;
use crate::policies::Unsilenced;
use crate::record::{clear_in_flight, record};
use crate::registry::Entry;
use crate::repeat::ends_round;
use crate::send_turn::SendTurn;

/// An action that this process works on.
pub(crate) struct Job {
    /// How the row is held.
    holding: Holding,
    pub(crate) action: Arc<Action>,
    /// The rule that decided.
    pub(crate) rule: Option<Arc<str>>,
    /// What the gate took for it.
    pub(crate) charges: Charges,
    pub(crate) prepared: Arc<Prepared>,
    pub(crate) entry: Arc<Entry>,
    /// From when its age counts, in due time.
    pub(crate) not_before: Timestamp,
    pub(crate) accepted_at: Timestamp,
    /// Its place among those that wait in the store.
    due_at: Timestamp,
    pub(crate) give_up_at: Timestamp,
    pub(crate) attempts: u32,
    pub(crate) rounds: u32,
    pub(crate) takeovers: u32,
    pub(crate) possible_duplicate: bool,
    pub(crate) history: Vec<Attempt>,
    /// Whether its commits yield to those of actions that were sent alone.
    turn: Turn,
    /// Whether the store knows that it may be sent.
    pub(crate) in_flight: bool,
    /// The turn that it was admitted with.
    pub(crate) at_once: Option<SendTurn>,
    /// What is added to the request's text, as the store knows it.
    pub(crate) note: Option<Arc<str>>,
    /// Whether it waited in the store before.
    pub(crate) claimed: bool,
    /// What the last look at silences found.
    unsilenced: Option<Unsilenced>,
    _place: Place,
}

/// What was decided about an action that goes.
pub(crate) struct Decided {
    pub(crate) action: Arc<Action>,
    pub(crate) rule: Option<Arc<str>>,
    pub(crate) charges: Charges,
    pub(crate) accepted_at: Timestamp,
    pub(crate) possible_duplicate: bool,
    pub(crate) turn: Turn,
}

impl Job {
    /// An action that was just admitted.
    pub(crate) fn admitted(holding: Holding, decided: Decided, route: Route, place: Place, at_once: Option<SendTurn>) -> Self {
        let Decided { action, rule, charges, accepted_at, possible_duplicate, turn } = decided;
        Self {
            holding,
            action,
            rule,
            charges,
            prepared: route.prepared,
            entry: route.entry,
            not_before: route.not_before,
            accepted_at,
            due_at: route.not_before,
            give_up_at: route.give_up_at,
            attempts: 0,
            rounds: 0,
            takeovers: 0,
            possible_duplicate,
            history: Vec::new(),
            turn,
            in_flight: at_once.is_some(),
            at_once,
            note: None,
            claimed: false,
            unsilenced: route.unsilenced,
            _place: place,
        }
    }

    /// A row that was claimed.
    pub(crate) fn claimed(record: Record, entry: Arc<Entry>, holding: Holding, place: Place) -> Self {
        Self {
            holding,
            action: record.action,
            rule: record.rule,
            charges: record.charges,
            prepared: record.prepared.unwrap_or_default(),
            entry,
            not_before: record.not_before,
            accepted_at: record.accepted_at,
            due_at: record.due_at,
            give_up_at: record.give_up_at,
            attempts: record.attempts,
            rounds: record.rounds,
            takeovers: record.takeovers,
            possible_duplicate: record.possible_duplicate,
            history: record.history,
            turn: Turn::Single,
            in_flight: false,
            at_once: None,
            note: record.note,
            claimed: true,
            unsilenced: None,
            _place: place,
        }
    }

    pub(crate) fn seq(&self) -> Seq {
        self.holding.hold().seq
    }

    pub(crate) fn hold(&self) -> Hold {
        self.holding.hold()
    }
}

/// How a round ended.
pub(crate) enum End {
    /// The provider took it.
    Executed(Response),
    /// It will not be sent any more.
    Failed { code: &'static str, message: String, retryable: bool },
    /// A silence or a time interval holds it back.
    HeldBack(Outcome),
    /// It is due again.
    Again { due_at: Timestamp, error: Option<LastError>, round: bool },
}

impl End {
    pub(crate) fn failed(error: &ProviderError) -> Self {
        Self::Failed { code: error.kind().code(), message: error.to_string(), retryable: error.kind().retryable() }
    }
}

/// Works on `job` until its round ends, records that, and tells whoever waits.
pub(crate) async fn deliver(inner: &Arc<Inner>, mut job: Job) {
    let end = round(inner, &mut job).await;
    let waited_for = job.turn == Turn::Single && inner.waiters.waits(job.seq());
    match record(inner, &mut job, end, waited_for).await {
        Some(outcome) => inner.waiters.tell(job.seq(), &outcome),
        None => inner.waiters.let_go(job.seq()),
    }
}

async fn round(inner: &Arc<Inner>, job: &mut Job) -> End {
    if job.takeovers >= MAX_TAKEOVERS {
        let message = format!("{} processes died while they worked on this action; it is not tried again", job.takeovers);
        return End::Failed { code: "POISONED", message, retryable: false };
    }
    let mut retries = 0;
    loop {
        let call = match Call::wait(inner, job).await {
            Ok(call) => call,
            Err(end) => return end,
        };
        let arrived_before = job.possible_duplicate;
        let error = match attempt(inner, job, call).await {
            Ok(Ok(response)) => return End::Executed(response),
            Ok(Err(error)) => error,
            Err(end) => return end,
        };
        if let Some(end) = ends_round(inner, job, &error, retries, arrived_before) {
            return end;
        }
        if job.in_flight
            && !error.was_maybe_sent()
            && let Some(end) = clear_in_flight(inner, job).await
        {
            return end;
        }
        let pause = inner.options.retry.quick_pause(retries, &*inner.entropy);
        let pause = error.asked_to_wait().map_or(pause, |asked| pause.max(asked));
        retries += 1;
        if !inner.pause(pause).await {
            return again(inner, job, &error);
        }
    }
}

/// Looked at before every send, since time may have passed.
pub(crate) fn must_not_send(inner: &Inner, job: &mut Job) -> Option<End> {
    let (monotonic, now) = (inner.clock.monotonic(), inner.clock.now());
    if !inner.lease.allows(job.hold().owner, monotonic, now) {
        tracing::warn!(action = %job.action.id, "put off: this process's lease is over or about to be");
        return Some(put_off(inner, job, inner.lease.times().renew_every()));
    }
    if let Some(end) = too_old(inner, &age(job), now, inner.due.at(monotonic)) {
        return Some(end);
    }
    let policies = inner.policies.load();
    let rule = job.rule.as_deref().and_then(|name| policies.rules.rule(name));
    policies.hold_back(&job.action, &job.entry.name, rule, now, &mut job.unsilenced).map(End::HeldBack)
}

/// What says how long an action is worth sending.
pub(crate) struct Age<'a> {
    pub(crate) action: &'a Action,
    /// From when it counts, in due time.
    pub(crate) not_before: Timestamp,
    pub(crate) give_up_at: Timestamp,
    pub(crate) history: &'a [Attempt],
}

fn age(job: &Job) -> Age<'_> {
    let Job { action, not_before, give_up_at, history, .. } = job;
    Age { action, not_before: *not_before, give_up_at: *give_up_at, history }
}

/// The end of a job that is not worth sending any more.
pub(crate) fn overdue(inner: &Inner, job: &Job) -> Option<End> {
    too_old(inner, &age(job), inner.clock.now(), inner.due.now())
}

/// The end of an action that is not worth sending any more, at `now` by the wall clock and `due` by due time. An instant that its caller named is
/// one of the wall clock.
pub(crate) fn too_old(inner: &Inner, age: &Age<'_>, now: Timestamp, due: Timestamp) -> Option<End> {
    let Age { action, not_before, give_up_at, history } = *age;
    let past = action.expires_at.filter(|expires| *expires <= now);
    // After a step back of the wall clock an instant that the caller named lies later than it did in due time.
    let named = action.expires_at.map(|expires| inner.due.of_wall(expires).min(not_before + inner.options.retry.max_age));
    let is_over = due >= named.map_or(give_up_at, |named| named.max(give_up_at));
    if past.is_none() && !is_over {
        return None;
    }
    let age = due.since(not_before).as_secs();
    let last = history.iter().rev().find_map(|attempt| attempt.error.as_ref());
    let last = last.map_or(String::new(), |error| format!("; the last attempt failed with {}: {}", error.code, error.message));
    let limit = match past {
        Some(expires) => format!("it expired at {expires}"),
        None => "that is over the largest age at which it is still sent".to_owned(),
    };
    Some(End::Failed { code: "EXPIRED", message: format!("not sent: it is {age} s old, and {limit}{last}"), retryable: false })
}

/// What becomes of an action whose provider is left alone for `wait`.
pub(crate) fn left_alone(inner: &Inner, action: &Action, entry: &Entry, wait: Duration) -> Outcome {
    if !inner.options.retry.durable {
        return Outcome::CircuitOpen { provider: entry.name.clone(), fallback_chain: Vec::new() };
    }
    let last_error = Some(circuit_open(entry, wait));
    Outcome::Scheduled { action_id: action.id.clone(), scheduled_for: inner.clock.now() + wait, attempts: 0, last_error }
}

pub(crate) fn again(inner: &Inner, job: &Job, error: &ProviderError) -> End {
    let policy = &inner.options.retry;
    let rate_limited = error.kind() == ErrorKind::RateLimited;
    let pause = match job.entry.lane.reopens_in() {
        Some(reopens) if rate_limited => reopens,
        _ if rate_limited => Duration::from_secs(1),
        _ => policy.durable_pause(job.rounds, &*inner.entropy).max(error.asked_to_wait().unwrap_or_default()),
    };
    End::Again { due_at: inner.due.now() + pause, error: Some(LastError::from(error)), round: !rate_limited }
}

/// The end of a round that a stop cut short: the next process goes on at once, where it stood among those that wait.
pub(crate) fn released(inner: &Inner, job: &Job) -> End {
    let error = job.history.last().and_then(|attempt| attempt.error.clone());
    End::Again { due_at: job.due_at.min(inner.due.now()), error, round: false }
}

/// Back to the store without a further attempt. Where the row is no longer this process's, the fence keeps it as it is.
pub(crate) fn put_off(inner: &Inner, job: &Job, pause: Duration) -> End {
    let error = job.history.last().and_then(|attempt| attempt.error.clone());
    End::Again { due_at: inner.due.now() + pause, error, round: false }
}
