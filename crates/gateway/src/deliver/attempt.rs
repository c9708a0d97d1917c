//! ATTEMPT: one call of a provider, once it is ready, marked before it leaves, and counted when it has ended.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use acteon_core::{
    Attempt, ErrorKind, LastError, Prepared, Provider, ProviderError, Response, Timestamp,
};
use futures_util::FutureExt as _;
use serde_json::value::RawValue;

use crate::deliver::call::Call;
use crate::deliver::end::End;
use crate::deliver::job::Job;
use crate::deliver::must_not_send::must_not_send;
use crate::deliver::ready::until_ready;
use crate::deliver::settle::mark_in_flight;
use crate::observe::AttemptEvent;
use crate::shared::Inner;

/// Delay from which on a message says that it is late.
const LATE: Duration = Duration::from_mins(2);

/// Makes one call, once the provider is ready for it, and once more where what it had got ready is
/// refused, or where it needs a repair and another is in force by now. `Err` is the end of the
/// delivery, where no call is made.
pub(crate) async fn attempt(
    inner: &Arc<Inner>,
    job: &mut Job,
    mut call: Call,
) -> Result<Result<Response, ProviderError>, End> {
    let (mut began, mut may_be_refused) = (None, true);
    let mut provider = job.entry.provider();
    let mut result = call_when_ready(inner, job, &provider, &mut call, &mut began).await?;
    while is_made_once_more(job, &provider, &result, &mut may_be_refused) {
        let next = job.entry.provider();
        let again = match must_not_send(inner, job) {
            Some(end) => Err(end),
            None => call_when_ready(inner, job, &next, &mut call, &mut began).await,
        };
        match again {
            // Both calls are one attempt: what the first met says nothing about the action.
            Ok(ended) => (provider, result) = (next, ended),
            Err(end) => {
                // It was made, and is told of, also where it cannot be made once more. What it had got ready may just have run out.
                let tells = !result.as_ref().is_err_and(ProviderError::was_not_ready);
                let refusal = result.as_ref().err().map(LastError::from);
                drop(end_call(
                    inner,
                    job,
                    &provider,
                    (call, tells),
                    began,
                    result,
                ));
                return Err(end.after(refusal));
            }
        }
    }
    Ok(end_call(inner, job, &provider, (call, true), began, result))
}

/// Whether a call is made once more at once: what it had got ready was refused, for the first time, or what must be repaired is not what is in force
/// by now.
fn is_made_once_more(
    job: &Job,
    provider: &Arc<dyn Provider>,
    result: &Result<Response, ProviderError>,
    may_be_refused: &mut bool,
) -> bool {
    result.as_ref().is_err_and(|error| {
        let was_refused = error.was_not_ready() && std::mem::take(may_be_refused);
        was_refused || job.entry.in_force.is_not_met_by(provider, error)
    })
}

async fn call_when_ready(
    inner: &Arc<Inner>,
    job: &mut Job,
    provider: &Arc<dyn Provider>,
    call: &mut Call,
    began: &mut Option<Began>,
) -> Result<Result<Response, ProviderError>, End> {
    if let Some(getting_ready) = provider.make_ready() {
        began.get_or_insert_with(|| Began::now(inner));
        // Whoever dies while it gets ready has sent nothing, so the store does not know yet.
        if let Err(error) = until_ready(inner, job, getting_ready).await? {
            call.begin();
            return Ok(Err(error));
        }
    }
    // From here on it may leave, so the store knows first; what is dropped on the way out gives its turn back.
    let mark = late_mark(job, &**provider, inner.due.now());
    if !job.in_flight || job.late_mark != mark {
        if let Some(end) = mark_in_flight(inner, job, mark).await {
            return Err(end);
        }
        // Once more behind the commit, which may have taken long: a silence may hold by now, or the
        // lease be another's.
        if let Some(end) = must_not_send(inner, job) {
            return Err(end);
        }
    }
    began.get_or_insert_with(|| Began::now(inner));
    call.begin();
    let result = send(inner, job, &**provider).await;
    Ok(of_a_repeat(job.possible_duplicate, result))
}

/// Result of a call. A repeat that the service refuses because it has the first copy shows that this arrived, and its answer was lost.
fn of_a_repeat(
    is_repeat: bool,
    result: Result<Response, ProviderError>,
) -> Result<Response, ProviderError> {
    let error = match result {
        Err(error) if is_repeat && error.has_shown_arrival() => error,
        result => return result,
    };
    let body = serde_json::json!({"errcode": error.code_of_service()}).to_string();
    let body = RawValue::from_string(body).unwrap_or_else(|_| RawValue::NULL.to_owned());
    let mut response = Response::success(body);
    let warning = "an earlier attempt arrived, and its answer was lost: the service has it already";
    response
        .headers
        .insert("acteon-warning".into(), warning.into());
    tracing::info!(refused = %error, "{warning}");
    Ok(response)
}

/// Beginning of a call, by each clock.
struct Began {
    at: Timestamp,
    due_time: Timestamp,
    monotonic: Duration,
}

impl Began {
    fn now(inner: &Inner) -> Self {
        Self {
            at: inner.clock.now(),
            due_time: inner.due.now(),
            monotonic: inner.clock.monotonic(),
        }
    }
}

async fn send(
    inner: &Arc<Inner>,
    job: &Job,
    provider: &dyn Provider,
) -> Result<Response, ProviderError> {
    let request = job
        .late_mark
        .as_deref()
        .and_then(|mark| mark_late(job, provider, mark));
    let call = AssertUnwindSafe(async {
        provider
            .send(request.as_ref().unwrap_or(&job.prepared))
            .await
    })
    .catch_unwind();
    // A provider keeps to the send limit by itself, and then says whether its request left. One that does not is taken to have sent it.
    let limit = inner.lease.times().cut_off();
    match tokio::time::timeout(limit, call).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(ProviderError::new(
            ErrorKind::ExecutionFailed,
            "the provider panicked; this is a bug, please report it",
        )
        .maybe_sent()),
        Err(_) => Err(ProviderError::new(
            ErrorKind::Timeout,
            format!("no answer within {} s", limit.as_secs()),
        )
        .maybe_sent()),
    }
}

/// Counts a call that has ended, also where the provider did not get ready. `tells` says whether its end says something about the provider.
fn end_call(
    inner: &Arc<Inner>,
    job: &mut Job,
    provider: &Arc<dyn Provider>,
    (call, tells): (Call, bool),
    began: Option<Began>,
    result: Result<Response, ProviderError>,
) -> Result<Response, ProviderError> {
    let Began {
        at: started_at,
        due_time,
        monotonic,
    } = began.unwrap_or_else(|| Began::now(inner));
    let took = inner.clock.monotonic().saturating_sub(monotonic);
    call.end(inner, job, provider, &result, tells);
    job.attempts += 1;
    let error = result.as_ref().err();
    job.entry.stats.add(started_at, took, error, || {
        tells && job.entry.in_force.is(provider)
    });
    inner.observer.attempt(&AttemptEvent {
        provider: &job.entry.name,
        took,
        error,
    });
    if let Some(error) = error {
        inner
            .waiters
            .tried(job.seq(), job.attempts, || LastError::from(error));
    }
    // Never unset: a later attempt that surely did not arrive says nothing about this one.
    job.possible_duplicate |= error.is_some_and(ProviderError::was_maybe_sent);
    job.history.push(Attempt {
        number: job.attempts,
        provider: job.entry.name.clone(),
        started_at,
        due_time: error
            .filter(|error| error.was_maybe_sent())
            .map(|_| due_time),
        duration_ms: took.as_millis() as u64,
        error: error.map(LastError::from),
        maybe_sent: error.is_some_and(ProviderError::was_maybe_sent),
        to_repair: error.is_some_and(ProviderError::is_to_repair),
        service_code: error.and_then(ProviderError::code_of_service),
        hint: error.and_then(|error| error.hint_text().map(str::to_owned)),
    });
    result
}

/// Late mark for the text of a request. Once a send may have arrived its bytes stay, with the mark
/// or without.
fn late_mark(job: &Job, provider: &dyn Provider, now: Timestamp) -> Option<Arc<str>> {
    let age = now.since(job.not_before);
    if job.possible_duplicate || (job.in_flight && job.late_mark.is_some()) {
        return job.late_mark.clone();
    }
    if age <= LATE {
        return None;
    }
    let mark = provider.late_mark(age)?;
    mark_late(job, provider, &mark)
        .is_some()
        .then(|| mark.into())
}

fn mark_late(job: &Job, provider: &dyn Provider, mark: &str) -> Option<Prepared> {
    let bytes = provider.mark_late(&job.prepared, mark)?;
    Some(Prepared {
        bytes,
        ..(*job.prepared).clone()
    })
}
