//! ACT: the attempts of one delivery, the first and its quick retries.
//!
//! The provider is called once, and again quickly where the request surely did not arrive, or the service drops copies or does not mind them. No slot,
//! permit or reservation is held between two calls: each call waits for its own.

use std::sync::Arc;

use acteon_core::Outcome;
use acteon_core::limits::MAX_TAKEOVERS;

use crate::deliver::attempt::attempt;
use crate::deliver::call::Call;
use crate::deliver::elsewhere::{Elsewhere, elsewhere};
use crate::deliver::end::{End, again, put_off};
use crate::deliver::job::Job;
use crate::deliver::repair::{STORE_PAUSE, end_or_move};
use crate::deliver::repeat::ends_attempts;
use crate::deliver::scheduled;
use crate::deliver::settle::clear_in_flight;
use crate::deliver::unwanted::unwanted;
use crate::shared::Inner;

/// Makes attempts until the delivery ends: the first, and its quick retries.
pub(crate) async fn attempts(inner: &Arc<Inner>, job: &mut Job) -> End {
    if let Some(end) = poisoned(job) {
        return end;
    }
    if let Some(end) = unwanted(inner, job).await {
        return end;
    }
    if let Some(end) = scheduled::begin(inner, job).await {
        return end;
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
        if let Some(end) = ends_attempts(inner, job, &error, retries, arrived_before) {
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

/// End of an action that too many processes died over.
fn poisoned(job: &Job) -> Option<End> {
    let takeovers = job.takeovers;
    (takeovers >= MAX_TAKEOVERS).then(|| End::Failed {
        code: "POISONED",
        message: format!(
            "{takeovers} processes died while they worked on this action; it is not tried again"
        ),
        retryable: false,
        to_repair: false,
    })
}
