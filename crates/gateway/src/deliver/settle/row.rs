//! End of a claimed row that never became a job: it cannot be read, or its provider is not
//! configured here.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Outcome, Timestamp};
use acteon_store::{Record, Settlement, Step, UNREADABLE};

use super::outcome::{class, refund};
use super::{poke_of, write};
use crate::admit::pending::scheduled;
use crate::cluster::held::Holding;
use crate::deliver::age::{Age, too_old};
use crate::deliver::end::End;
use crate::observe::{OutcomeEvent, emit};
use crate::shared::Inner;

/// Ends a claimed row whose contents cannot be read as a dead letter. What is stored stays as it is.
pub(crate) async fn end_unreadable(inner: &Arc<Inner>, found: Record, holding: Holding) {
    let why = found.unreadable.as_deref().unwrap_or("unknown");
    let message = format!("its row in the store cannot be read ({why}); it is kept as it is");
    let outcome = Outcome::Failed {
        code: UNREADABLE.into(),
        message,
        retryable: false,
        attempts: found.attempts,
    };
    if end_row(inner, &found, &holding, (&outcome, None), (UNREADABLE, why)).await {
        inner.observer.unreadable();
    }
}

/// Ends a claimed row whose provider is not configured here and which is not worth sending any more. Any other is looked at again after a pause.
pub(crate) async fn end_unconfigured(
    inner: &Arc<Inner>,
    found: Record,
    holding: Holding,
    pause: Duration,
) {
    let Record {
        action,
        not_before,
        give_up_at,
        history,
        attempts,
        ..
    } = &found;
    let attempts = *attempts;
    let age = Age {
        action,
        not_before: *not_before,
        give_up_at: *give_up_at,
        history,
    };
    let end = too_old(inner, &age, inner.clock.now(), inner.due.now());
    let class = end.as_ref().and_then(class);
    if let Some(End::Failed {
        code,
        message,
        retryable,
        ..
    }) = end
    {
        let outcome = Outcome::Failed {
            code: code.into(),
            message: message.clone(),
            retryable,
            attempts,
        };
        end_row(inner, &found, &holding, (&outcome, class), (code, &message)).await;
        return;
    }
    let due_at = inner.due.now() + pause;
    let last_error = history.last().and_then(|attempt| attempt.error.clone());
    let so_far = scheduled(
        &action.id,
        inner.due.to_wall(due_at.min(*give_up_at)),
        attempts,
        last_error,
    )
    .to_json();
    let at = inner.clock.now();
    write(inner, action, || {
        let step = Step::PutOff {
            due_at,
            so_far: Arc::clone(&so_far),
            age: None,
        };
        of_row(inner, &found, &holding, at, step)
    })
    .await;
}

/// Ends a claimed row as it is, with no provider, and tells it. Says whether it was this process's to end.
async fn end_row(
    inner: &Arc<Inner>,
    found: &Record,
    holding: &Holding,
    (outcome, class): (&Outcome, Option<&'static str>),
    error: (&str, &str),
) -> bool {
    let (at, text) = (inner.clock.now(), outcome.to_json());
    let end = || Step::End {
        outcome: outcome.clone(),
        text: Arc::clone(&text),
        class,
        refund: refund(&found.charges, found.possible_duplicate, outcome),
    };
    let settlement = || of_row(inner, found, holding, at, end());
    if !write(inner, &found.action, settlement).await {
        return false;
    }
    let (kind, rule, possible_duplicate) = (
        outcome.into(),
        found.rule.as_deref(),
        found.possible_duplicate,
    );
    let (error, took) = (Some(error), inner.clock.now().since(found.accepted_at));
    emit(
        &*inner.observer,
        &OutcomeEvent {
            action: &found.action,
            provider: &found.provider,
            kind,
            rule,
            error,
            attempts: found.attempts,
            took,
            possible_duplicate,
        },
    );
    inner.shares.ended(&found.provider, &found.action.tenant);
    if found.parent.is_some() {
        inner.flow_work.notify_one();
    }
    inner.waiters.reply(found.seq, &text);
    true
}

/// Settlement of a row of which nothing changes but what `step` says.
fn of_row(
    inner: &Inner,
    found: &Record,
    holding: &Holding,
    at: Timestamp,
    step: Step,
) -> Settlement {
    Settlement {
        hold: holding.hold(),
        at,
        attempts: found.attempts,
        durable_retries: found.durable_retries,
        takeovers: found.takeovers,
        history: None,
        possible_duplicate: found.possible_duplicate,
        late_mark: found.late_mark.clone(),
        waited_for: false,
        poke: poke_of(inner, found.parent.as_ref()),
        step,
    }
}
