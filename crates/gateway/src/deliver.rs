//! ACT: one action, from its place in memory to the end of this round.
//!
//! A round ends with an outcome, with a later instant at which the action is due again, or with nothing when this process may not go on. It
//! calls the provider once, and again quickly only where the request surely did not arrive.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::MAX_TAKEOVERS;
use acteon_core::{
    Action, Attempt, ErrorKind, LastError, Origin, Outcome, Prepared, Priority, ProviderError,
    Response, Timestamp,
};
use acteon_store::{Charges, Hold, Record, Seq, Turn};

use crate::age::{Age, too_old};
use crate::attempt::attempt;
use crate::call::Call;
use crate::elsewhere::{Elsewhere, elsewhere};
use crate::gateway::Inner;
use crate::held::Holding;
use crate::lane::{AskedTurn, Place, Rank};
use crate::plan::Route;
use crate::policies::{HoldBack, Postponed, Unsilenced};
use crate::record::{clear_in_flight, record};
use crate::registry::Entry;
use crate::repair::{STORE_PAUSE, end_or_move, was_held};
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
    pub(crate) priority: Priority,
    pub(crate) prepared: Arc<Prepared>,
    pub(crate) entry: Arc<Entry>,
    /// From when its age counts, in due time.
    pub(crate) not_before: Timestamp,
    pub(crate) accepted_at: Timestamp,
    /// Its place among those that wait in the store.
    due_at: Timestamp,
    /// When this round began, in due time.
    round_began: Timestamp,
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
    /// The turn that was asked for before its task began.
    pub(crate) asked: Option<AskedTurn>,
    /// What is added to the request's text, as the store knows it.
    pub(crate) note: Option<Arc<str>>,
    /// Whether it waited in the store before.
    pub(crate) claimed: bool,
    /// Where it came from.
    pub(crate) origin: Origin,
    /// Who posted it.
    pub(crate) caller: Arc<str>,
    /// What the last look at silences found.
    unsilenced: Option<Unsilenced>,
    place: Place,
}

/// What was decided about an action that goes.
pub(crate) struct Decided {
    pub(crate) action: Arc<Action>,
    pub(crate) rule: Option<Arc<str>>,
    pub(crate) charges: Charges,
    pub(crate) priority: Priority,
    pub(crate) accepted_at: Timestamp,
    pub(crate) possible_duplicate: bool,
    pub(crate) turn: Turn,
    pub(crate) origin: Origin,
    pub(crate) caller: Arc<str>,
}

impl Job {
    /// An action that was just admitted.
    pub(crate) fn admitted(
        holding: Holding,
        decided: Decided,
        route: Route,
        place: Place,
        at_once: Option<SendTurn>,
    ) -> Self {
        let Decided {
            action,
            rule,
            charges,
            priority,
            accepted_at,
            possible_duplicate,
            turn,
            origin,
            caller,
        } = decided;
        Self {
            holding,
            action,
            rule,
            charges,
            priority,
            prepared: route.prepared,
            entry: route.entry,
            not_before: route.not_before,
            accepted_at,
            due_at: route.not_before,
            round_began: route.not_before,
            give_up_at: route.give_up_at,
            attempts: 0,
            rounds: 0,
            takeovers: 0,
            possible_duplicate,
            history: Vec::new(),
            turn,
            in_flight: at_once.is_some(),
            at_once,
            asked: None,
            note: None,
            claimed: false,
            origin,
            caller,
            unsilenced: route.unsilenced,
            place,
        }
    }

    /// A row that was claimed.
    pub(crate) fn claimed(
        record: Record,
        entry: Arc<Entry>,
        holding: Holding,
        place: Place,
    ) -> Self {
        Self {
            holding,
            action: record.action,
            rule: record.rule,
            charges: record.charges,
            priority: record.priority,
            prepared: record.prepared.unwrap_or_default(),
            entry,
            not_before: record.not_before,
            accepted_at: record.accepted_at,
            due_at: record.due_at,
            round_began: record.due_at,
            give_up_at: record.give_up_at,
            attempts: record.attempts,
            rounds: record.rounds,
            takeovers: record.takeovers,
            possible_duplicate: record.possible_duplicate,
            history: record.history,
            turn: Turn::Single,
            in_flight: false,
            at_once: None,
            asked: None,
            note: record.note,
            claimed: true,
            origin: record.origin,
            caller: record.caller.into(),
            unsilenced: None,
            place,
        }
    }

    pub(crate) fn seq(&self) -> Seq {
        self.holding.hold().seq
    }

    /// Goes through another provider from here on, as the store knows. What it was sent through before is in its history.
    pub(crate) fn go_through(
        &mut self,
        entry: Arc<Entry>,
        prepared: Arc<Prepared>,
        charges: Charges,
        place: Place,
    ) {
        (self.entry, self.prepared, self.charges, self.place) = (entry, prepared, charges, place);
        (self.in_flight, self.note, self.unsilenced, self.claimed) = (false, None, None, false);
    }

    /// Asks for a turn, unless it has one: from now on it keeps its place.
    pub(crate) fn ask_for_turn(mut self) -> Self {
        if self.at_once.is_none() {
            self.asked = Some(SendTurn::ask(&self.entry, self.rank()));
        }
        self
    }

    /// Where it stands among those that wait for a turn.
    pub(crate) fn rank(&self) -> Rank {
        Rank {
            priority: self.priority,
            accepted: self.not_before,
            seq: self.seq(),
        }
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
    Failed {
        code: &'static str,
        message: String,
        retryable: bool,
        /// Whether people must repair something first.
        to_repair: bool,
    },
    /// A silence or a time interval holds it back.
    HeldBack(Outcome),
    /// A time interval holds it back until it is due again; from then on its age counts anew.
    Postponed {
        due_at: Timestamp,
        age: acteon_store::Age,
        why: LastError,
    },
    /// It is due again.
    Again {
        due_at: Timestamp,
        error: Option<LastError>,
        round: bool,
    },
}

impl End {
    pub(crate) fn failed(error: &ProviderError) -> Self {
        let kind = error.kind();
        Self::Failed {
            code: kind.code(),
            message: error.to_string(),
            retryable: kind.retryable(),
            to_repair: error.is_to_repair(),
        }
    }
}

/// Works on `job` until its round ends, records that, and tells whoever waits.
pub(crate) async fn deliver(inner: &Arc<Inner>, mut job: Job) {
    let end = round(inner, &mut job).await;
    let due_at = match &end {
        End::Again { due_at, .. } | End::Postponed { due_at, .. } if !inner.is_releasing() => {
            Some(*due_at)
        }
        End::Again { .. }
        | End::Postponed { .. }
        | End::Executed(_)
        | End::Failed { .. }
        | End::HeldBack(_) => None,
    };
    let was_put_off = matches!(end, End::Again { .. });
    let waited_for = job.turn == Turn::Single && inner.waiters.waits(job.seq());
    match record(inner, &mut job, end, waited_for).await {
        Some(outcome) => match due_at {
            Some(due_at) => {
                let at = inner.clock.monotonic() + due_at.since(inner.due.now());
                inner.waiters.tell_put_off(job.seq(), &outcome, due_at, at);
            }
            None => inner.waiters.tell(job.seq(), &outcome),
        },
        None => inner.waiters.let_go(job.seq()),
    }
    if was_put_off && job.history.last().is_some_and(|attempt| attempt.to_repair) {
        was_held(inner, &job.entry);
    }
}

async fn round(inner: &Arc<Inner>, job: &mut Job) -> End {
    if job.takeovers >= MAX_TAKEOVERS {
        let message = format!(
            "{} processes died while they worked on this action; it is not tried again",
            job.takeovers
        );
        return End::Failed {
            code: "POISONED",
            message,
            retryable: false,
            to_repair: false,
        };
    }
    let mut retries = 0;
    loop {
        let call = match Call::wait(inner, job).await {
            Ok(call) => call,
            Err(end) => {
                // Whoever meets a provider that people must repair need not wait where another takes it.
                let is_left = matches!(
                    end,
                    End::Again { .. } | End::HeldBack(Outcome::CircuitOpen { .. })
                );
                if !is_left || !job.entry.is_gone_around(inner.clock.monotonic()) {
                    return end;
                }
                match elsewhere(inner, job).await {
                    Elsewhere::Moved => {
                        retries = 0;
                        continue;
                    }
                    Elsewhere::StoreFailed => return put_off(inner, job, STORE_PAUSE),
                    Elsewhere::Nowhere => return end,
                }
            }
        };
        let arrived_before = job.possible_duplicate;
        let error = match attempt(inner, job, call).await {
            Ok(Ok(response)) => return End::Executed(response),
            Ok(Err(error)) => error,
            Err(end) => return end,
        };
        if error.is_to_repair() {
            if let Some(end) = end_or_move(inner, job, &error).await {
                return end;
            }
            retries = 0;
            continue;
        }
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
        let pause = error
            .asked_to_wait()
            .map_or(pause, |asked| pause.max(asked));
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
    if let Some(end) = too_old(inner, &Age::of(job), now, inner.due.at(monotonic)) {
        return Some(end);
    }
    let policies = inner.policies.load();
    let rule = job
        .rule
        .as_deref()
        .and_then(|name| policies.rules.rule(name));
    match policies.hold_back(&job.action, &job.entry.name, rule, now, &mut job.unsilenced)? {
        HoldBack::ForGood(outcome) => Some(End::HeldBack(outcome)),
        HoldBack::Postponed(postponed) => Some(postpone(inner, &job.action, &postponed)),
    }
}

/// The end of a round that a time interval ends: the action waits, unless it would have expired by then.
fn postpone(inner: &Inner, action: &Action, postponed: &Postponed) -> End {
    if let Some(message) = postponed.expiry(action) {
        return End::Failed {
            code: "EXPIRED",
            message,
            retryable: false,
            to_repair: false,
        };
    }
    let due_at = inner.due.of_wall(postponed.until);
    let oldest = due_at + inner.options.retry.max_age;
    let give_up_at = action
        .expires_at
        .map_or(oldest, |expires| inner.due.of_wall(expires).min(oldest));
    End::Postponed {
        due_at,
        age: acteon_store::Age {
            not_before: due_at,
            give_up_at,
        },
        why: postponed.why(),
    }
}

pub(crate) fn again(inner: &Inner, job: &Job, error: &ProviderError) -> End {
    let policy = &inner.options.retry;
    let rate_limited = error.kind() == ErrorKind::RateLimited;
    let pause = match job.entry.lane.reopens_in() {
        Some(reopens) if rate_limited => reopens,
        _ if rate_limited => Duration::from_secs(1),
        _ => error.asked_to_wait().unwrap_or_default(),
    };
    let now = inner.due.now();
    let retried = if rate_limited {
        now
    } else {
        policy.durable_at(job.rounds, job.round_began, now)
    };
    End::Again {
        due_at: retried.max(now + pause),
        error: Some(LastError::from(error)),
        round: !rate_limited,
    }
}

/// The end of a round that a stop cut short: the next process goes on at once, where it stood among those that wait.
pub(crate) fn released(inner: &Inner, job: &Job) -> End {
    let error = job.history.last().and_then(|attempt| attempt.error.clone());
    End::Again {
        due_at: job.due_at.min(inner.due.now()),
        error,
        round: false,
    }
}

/// Back to the store without a further attempt. Where the row is no longer this process's, the fence keeps it as it is.
pub(crate) fn put_off(inner: &Inner, job: &Job, pause: Duration) -> End {
    let error = job.history.last().and_then(|attempt| attempt.error.clone());
    End::Again {
        due_at: inner.due.now() + pause,
        error,
        round: false,
    }
}
