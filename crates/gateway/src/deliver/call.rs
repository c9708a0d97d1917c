//! Calls of a provider, and what each needs: a slot of the provider, its lane, its recipients'
//! budgets and its breaker.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{ErrorKind, LastError, Outcome, Priority, Provider, ProviderError, Response};

use crate::admit::pending::left_alone;
use crate::deliver::breaker::{CallSignal, Pass};
use crate::deliver::budget::{Claimant, Reservation, SOON};
use crate::deliver::end::{End, released};
use crate::deliver::job::Job;
use crate::deliver::must_not_send::must_not_send;
use crate::deliver::repair;
use crate::deliver::send_turn::SendTurn;
use crate::deliver::to_repair::{OnRepairable, shows_that_it_works};
use crate::lane::Permit;
use crate::lane::{CallEnd, LaneMode};
use crate::registry::ProviderEntry;
use crate::shared::Inner;

/// Guards that one call needs. Whatever of it is dropped before the call begins goes to the next
/// who wants it, as if nobody had had it.
pub(crate) struct Call {
    permit: Permit,
    reservation: Option<Reservation>,
    pass: Option<Pass>,
}

impl Call {
    /// Waits for a turn. What must not go is found out before, so that it takes no turn from others, and after, since time has passed.
    pub(crate) async fn wait(inner: &Inner, job: &mut Job) -> Result<Self, End> {
        let entry = Arc::clone(&job.entry);
        let mut may_wait = true;
        // Dropped by whatever returns early, which gives the turn back.
        let mut at_once = job.at_once.take();
        let mut asked = job.asked.take();
        loop {
            if let Some(end) = must_not_send(inner, job) {
                return Err(end);
            }
            if let Some(breaker) = &entry.breaker {
                breaker
                    .look(inner.clock.monotonic())
                    .map_err(|wait| meets_open_breaker(inner, job, wait))?;
            }
            let budgets = entry
                .budgets
                .as_ref()
                .filter(|_| !job.prepared.recipients.is_empty());
            if let Some(Err(at)) =
                budgets.map(|budgets| budgets.look(&job.prepared.recipients, claimant(job)))
            {
                let pause = at.saturating_sub(inner.clock.monotonic());
                job.claimed = true;
                // What the store takes to be in flight does not wait here: it would look as if it might have been sent.
                if job.in_flight || !std::mem::take(&mut may_wait) || pause > SOON {
                    return Err(exceeds_budget(inner, pause));
                }
                // None is held while sleeping.
                drop(asked.take());
                if !inner.sleep(pause).await {
                    return Err(released(inner, job));
                }
                continue;
            }
            let SendTurn { permit } = if let Some(turn) = at_once.take() {
                turn
            } else {
                let asked = asked
                    .take()
                    .unwrap_or_else(|| SendTurn::ask(&entry, job.rank()));
                let permit = asked.wait().await.ok_or_else(|| released(inner, job))?;
                if let Some(end) = must_not_send(inner, job) {
                    return Err(end);
                }
                SendTurn { permit }
            };
            let now = inner.clock.monotonic();
            // Looked at before without taking anything, and taken only now: a reservation that is
            // held while its call waits for a turn would keep the recipient's budget from calls
            // that have one.
            let reservation = budgets
                .map(|budgets| budgets.begin(&job.prepared, claimant(job)))
                .transpose();
            let reservation =
                reservation.map_err(|at| exceeds_budget(inner, at.saturating_sub(now)))?;
            let pass = entry
                .breaker
                .as_ref()
                .map(|breaker| breaker.ask(now))
                .transpose();
            let pass = pass.map_err(|wait| meets_open_breaker(inner, job, wait))?;
            job.claimed = false;
            return Ok(Self {
                permit,
                reservation,
                pass,
            });
        }
    }

    /// Marks the call as begun: from here on it counts, even if nothing is heard of its end.
    pub(crate) fn begin(&mut self) {
        self.permit.begin();
        if let Some(reservation) = &mut self.reservation {
            reservation.begin();
        }
    }

    /// Tells budget, breaker and lane how the call ended, and the others what changed by it. `tells` says whether that tells of the provider.
    pub(crate) fn end(
        self,
        inner: &Arc<Inner>,
        job: &Job,
        provider: &Arc<dyn Provider>,
        result: &Result<Response, ProviderError>,
        tells: bool,
    ) {
        let entry = &job.entry;
        let error = result.as_ref().err();
        if let Some(reservation) = self.reservation {
            // What may have arrived is counted as arrived: the service drops what is too much, and
            // says nothing.
            reservation.end(error.is_none_or(ProviderError::was_maybe_sent));
        }
        let is_trial = self.pass.as_ref().is_some_and(Pass::is_trial);
        if tells {
            tell_of_repairs(inner, entry, provider, error);
        }
        let opens = entry.fallback.is_some()
            || inner.options.retry.on_repairable(&entry.name) == OnRepairable::Hold;
        let sign = if tells {
            sign(result, opens)
        } else {
            CallSignal::Neither
        };
        if let Some(state) = self
            .pass
            .and_then(|pass| pass.report(sign, inner.clock.monotonic()))
        {
            tracing::warn!(provider = %entry.name, state, "the circuit breaker changed");
            inner.observer.breaker(&entry.name, state);
            crate::deliver::breaker::sharing::tell_soon(inner, entry);
        }
        // It was opened for what another provider met. Whoever replaces that one lets a trial through only after.
        if let Some(breaker) = entry
            .breaker
            .as_ref()
            .filter(|_| error.is_some_and(|error| entry.in_force.is_not_met_by(provider, error)))
        {
            breaker.try_now(inner.clock.monotonic());
        }
        if is_trial {
            // A row for the next trial is claimed, or everybody's.
            inner.work.notify_one();
        }
        let said = || error.map(ToString::to_string).unwrap_or_default();
        let Some(lane) = self.permit.end(call_end(error), said) else {
            return;
        };
        let (name, pace, reason) = (&lane.name, lane.pace, lane.reason.as_deref());
        match lane.mode {
            LaneMode::Open => tracing::info!(lane = %name, pace, "the lane is open again"),
            LaneMode::Paused | LaneMode::Probing => {
                if let Some(error) = error {
                    inner.observer.lane_paused(name, error);
                }
                tracing::warn!(lane = %name, probe_in_ms = lane.probe_in.as_millis() as u64, reason, "the service has enough: the lane pauses");
            }
        }
        crate::lane::sharing::keep_lane(inner, &entry.lane);
    }
}

fn claimant(job: &Job) -> Claimant {
    Claimant {
        returns: job.claimed,
        is_first: job.priority == Priority::High,
    }
}

/// End of a call as far as it says how much the service takes.
fn call_end(error: Option<&ProviderError>) -> CallEnd {
    let Some(error) = error else {
        return CallEnd::Passed;
    };
    match error.kind() {
        ErrorKind::RateLimited => CallEnd::Refused(error.asked_to_wait()),
        ErrorKind::Timeout | ErrorKind::Connection if error.asked_to_wait().is_some() => {
            CallEnd::Refused(error.asked_to_wait())
        }
        ErrorKind::Timeout | ErrorKind::Connection => CallEnd::Unknown,
        ErrorKind::NotFound
        | ErrorKind::ExecutionFailed
        | ErrorKind::Configuration
        | ErrorKind::Serialization => CallEnd::Passed,
    }
}

/// Takes in whether a call says that a provider is to be repaired, or has answered again after an
/// outage.
fn tell_of_repairs(
    inner: &Arc<Inner>,
    entry: &Arc<ProviderEntry>,
    provider: &Arc<dyn Provider>,
    error: Option<&ProviderError>,
) {
    let now = inner.clock.monotonic();
    match error {
        Some(error) if error.is_to_repair() => repair::met(inner, entry, provider, error),
        Some(error) if matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Connection) => {
            entry.outage.failed(now);
        }
        Some(_) | None => {}
    }
    if shows_that_it_works(error) {
        repair::works_again(inner, entry, provider);
        if entry.outage.is_over(now) {
            let (task, name) = (Arc::clone(inner), entry.name.clone());
            inner.spawn(async move { repair::hasten_all(&task, &name, false).await });
        }
    }
}

/// Signal of a call to its provider's breaker. `opens` says whether a failure that people must
/// repair opens it.
fn sign(result: &Result<Response, ProviderError>, opens: bool) -> CallSignal {
    if opens && result.as_ref().is_err_and(ProviderError::is_to_repair) {
        return CallSignal::ToRepair;
    }
    match result.as_ref().map_err(ProviderError::kind) {
        Err(ErrorKind::Timeout | ErrorKind::Connection) => CallSignal::Dead,
        Err(ErrorKind::RateLimited) => CallSignal::Neither,
        Ok(_)
        | Err(
            ErrorKind::NotFound
            | ErrorKind::ExecutionFailed
            | ErrorKind::Configuration
            | ErrorKind::Serialization,
        ) => CallSignal::Alive,
    }
}

/// End of a delivery whose recipients have no room before a `pause` is over.
fn exceeds_budget(inner: &Inner, pause: Duration) -> End {
    let message = "a recipient has got as many messages as the service delivers in this time; this one waits for its turn";
    let error = LastError {
        code: ErrorKind::RateLimited.code().into(),
        message: message.into(),
        retryable: true,
    };
    End::Again {
        due_at: inner.due.now() + pause,
        error: Some(error),
        durable_retry: false,
    }
}

/// End of a delivery that meets an open breaker: like on a paused lane, the action waits for the
/// next trial.
fn meets_open_breaker(inner: &Inner, job: &Job, wait: Duration) -> End {
    match left_alone(inner, &job.action, &job.entry, wait) {
        // Not by the instant that people are told: the wall clock may just have been stepped, and nobody here has noticed yet.
        Outcome::Scheduled { last_error, .. } => {
            // A row that was claimed for a trial which another one makes keeps its rank. None is claimed again before that has ended, but
            // where others go around the provider: those are claimed meanwhile.
            let is_on_trial = job
                .entry
                .breaker
                .as_ref()
                .is_some_and(|breaker| breaker.is_on_trial());
            let keeps_rank =
                job.claimed && is_on_trial && !job.entry.is_gone_around(inner.clock.monotonic());
            let due_at = if keeps_rank {
                job.due_in_store(inner)
            } else {
                inner.due.now() + wait
            };
            End::Again {
                due_at,
                error: last_error,
                durable_retry: false,
            }
        }
        outcome => End::HeldBack(outcome),
    }
}
