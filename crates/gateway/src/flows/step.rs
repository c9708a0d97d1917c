//! Step of a flow that this process has claimed: what its kind asks for, written in one commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Timestamp, with_causes};
use acteon_flows::{Due, Errand, InvalidBody, Kind, Looked, Step};
use acteon_store::{
    Advance, Advanced, Expect, Flow, FlowHold, FlowState, Record, Settled, StoreError,
};
use serde_json::value::RawValue;

use crate::admit::flow_shares::taken;
use crate::admit::shares::QueueFull;
use crate::cards::act::act;
use crate::flows::child::Child;
use crate::flows::due::due_at;
use crate::flows::effects::Effects;
use crate::flows::events::news;
use crate::flows::look::Seen;
use crate::flows::words::{CALLER, STUCK};
use crate::offload;
use crate::operate::call_off::called_off;
use crate::shared::Inner;

/// Processes that may die while they work on a flow before it is left alone.
const MAX_TAKEOVERS: u32 = 3;
/// Tries of a step before the flow is given back.
const MAX_TRIES: u32 = 20;
/// Pause before a step is tried again that could not be written.
const STORE_PAUSE: Duration = Duration::from_millis(500);

/// Takes a claimed flow one step on, or frees it where that cannot be done for some seconds: what is forgotten would be this process's for as long as
/// it lives.
pub(crate) async fn step(inner: &Arc<Inner>, mut flow: Flow) {
    let _room = inner.flow_room.take(flow.state.body.len()).await;
    for _ in 0..MAX_TRIES {
        match once(inner, &flow).await {
            Ok(None) => return,
            // Poked in between: the step is computed anew.
            Ok(Some(now)) => flow = now,
            Err(error) => {
                inner.could_not("a flow's step could not be written; trying again", &error);
                if !inner.sleep(STORE_PAUSE).await {
                    return;
                }
            }
        }
    }
    free(inner, flow).await;
}

/// Computes a step and writes it. Returns the flow as it stands where it was poked in between and is still this process's.
async fn once(inner: &Arc<Inner>, flow: &Flow) -> Result<Option<Flow>, StoreError> {
    let Wanted {
        advance,
        children,
        cancels,
    } = want(inner, flow).await?;
    let begun: Vec<_> = taken(&advance.begins).collect();
    let ends = advance.state.as_ref().is_some_and(|state| state.is_over) && !flow.state.is_over;
    match inner.store.advance(advance).await {
        Ok(Advanced::Written {
            admitted,
            cancelled,
            ..
        }) => {
            inner.flow_shares.begun(begun);
            if ends {
                inner.flow_shares.ended(&flow.key, &flow.tenant);
            }
            for (child, admitted) in children.into_iter().zip(&admitted) {
                child.admitted(inner, admitted);
            }
            for ((record, at), settled) in cancels.iter().zip(&cancelled) {
                if *settled == Settled::Written {
                    called_off(inner, record, CALLER, *at);
                }
            }
            inner.work.notify_one();
            Ok(None)
        }
        Ok(changed @ Advanced::Changed(_)) => Ok(still_held(flow, changed)),
        // It would not be written another time either.
        Err(error @ StoreError::Unstorable(_)) => {
            let stuck = stuck(inner, flow, &with_causes(&error).to_string());
            let advanced = inner.store.advance(stuck.advance).await?;
            Ok(still_held(flow, advanced))
        }
        Err(error) => Err(error),
    }
}

/// Flow that was poked in between, and is still this process's. Where somebody else took it on, it is nobody's now, or gone.
fn still_held(flow: &Flow, advanced: Advanced) -> Option<Flow> {
    match advanced {
        Advanced::Written { .. } => None,
        Advanced::Changed(now) => now.filter(|now| now.owner == flow.owner),
    }
}

/// Gives a flow back, however often it takes: another process may do better, and others of this one have their turns.
async fn free(inner: &Arc<Inner>, mut flow: Flow) {
    loop {
        match free_once(inner, &flow).await {
            Ok(None) => return,
            Ok(Some(now)) => flow = now,
            Err(error) => {
                inner.could_not("a flow could not be given back; trying again", &error);
                if !inner.sleep(STORE_PAUSE).await {
                    return;
                }
            }
        }
    }
}

/// Gives a flow back. Returns it as it stands where it was poked in between and is still this process's.
async fn free_once(inner: &Inner, flow: &Flow) -> Result<Option<Flow>, StoreError> {
    let hold = FlowHold {
        key: flow.key.clone(),
        owner: flow.owner,
        version: flow.version,
    };
    if inner.store.free_flows(vec![hold]).await? > 0 {
        return Ok(None);
    }
    let now = match inner.store.flow_for_step(&flow.key).await {
        // Nobody will work on it.
        Err(StoreError::Damaged(_)) => return Ok(None),
        now => now?,
    };
    Ok(still_held(flow, Advanced::Changed(now)))
}

/// Advance that a flow wants, and what must be told once it is written.
struct Wanted {
    advance: Advance,
    children: Vec<Child>,
    /// Actions that are called off, and the instant of that.
    cancels: Vec<(Record, Timestamp)>,
}

async fn want(inner: &Arc<Inner>, flow: &Flow) -> Result<Wanted, StoreError> {
    let Some(kind) = inner.options.flows.get(&flow.key.kind) else {
        return Ok(stuck(inner, flow, "this gateway does not know its kind"));
    };
    if flow.takeovers >= MAX_TAKEOVERS {
        return Ok(stuck(
            inner,
            flow,
            "each of several processes died while it worked on it",
        ));
    }
    let body = &flow.state.body;
    let looks_at = match caught(|| offload::by_size(body.len(), || kind.looks_at(body))) {
        Ok(looks_at) => looks_at,
        Err(error) => return Ok(unreadable(inner, kind, flow, &error)),
    };
    let errand = match caught(|| kind.errand(body)) {
        Ok(errand) => errand,
        Err(error) => return Ok(unreadable(inner, kind, flow, &error)),
    };
    let reply = match &errand {
        Some(Errand::Callback(provider, event)) => {
            Box::pin(act(inner, flow, (provider, event))).await?
        }
        None => None,
    };
    let seen = Seen::of(inner, flow, looks_at).await?;
    match next_step(inner, kind, flow, (&seen, reply.as_deref())) {
        Ok(step) => translate(inner, kind, flow, step).await,
        Err(error) => Ok(unreadable(inner, kind, flow, &error)),
    }
}

/// Advance of a flow whose body cannot be read. One that a newer version wrote is left to it: this one runs beside it, or in its place for a while.
fn unreadable(inner: &Inner, kind: &dyn Kind, flow: &Flow, error: &InvalidBody) -> Wanted {
    if !kind.is_newer(&flow.state.body) {
        return stuck(inner, flow, &error.to_string());
    }
    let told = "a flow is left to a newer version of this program, which wrote it; so are others";
    let now = inner.clock.monotonic();
    if inner.store_health.is_news(told, None, now) {
        tracing::warn!(flow = %flow.key, reason = %error, "{told}");
    }
    let state = FlowState {
        due_at: Some(inner.due.now() + inner.no_room.pause(&flow.key, now)),
        ..flow.state.clone()
    };
    Wanted {
        advance: advance(inner, flow, state),
        children: Vec::new(),
        cancels: Vec::new(),
    }
}

/// Step that the kind computes.
fn next_step(
    inner: &Inner,
    kind: &dyn Kind,
    flow: &Flow,
    (seen, reply): (&Seen, Option<&RawValue>),
) -> Result<Step, InvalidBody> {
    let calendars = inner.policies.load().calendars.clone();
    let looked = Looked {
        id: &flow.key.id,
        namespace: &flow.namespace,
        tenant: &flow.tenant,
        body: &flow.state.body,
        now: inner.clock.now(),
        due_now: inner.due.now(),
        children: &seen.actions,
        flows: &seen.flows,
        calendars: &calendars,
        reply,
    };
    caught(|| offload::by_size(flow.state.body.len(), || kind.step(&looked)))
}

/// What a kind answers. One that panics is a fault of this program, and ends nothing but its flow.
fn caught<T>(work: impl FnOnce() -> Result<T, InvalidBody>) -> Result<T, InvalidBody> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(InvalidBody(
            "its kind panicked; this is a bug, please report it".into(),
        ))
    })
}

/// Advance for a step: its actions decided about, and its instants in due time.
async fn translate(
    inner: &Arc<Inner>,
    kind: &dyn Kind,
    flow: &Flow,
    step: Step,
) -> Result<Wanted, StoreError> {
    let effects = Effects::of(inner, kind, flow, step.effects).await?;
    if let Some(full) = effects.no_room {
        // Nothing of the step is written, neither what it calls off: the next try would find that called off which it believes to run.
        return Ok(Wanted {
            advance: put_off(inner, flow, &full, due_at(inner, step.due)),
            children: Vec::new(),
            cancels: Vec::new(),
        });
    }
    inner.no_room.found(&flow.key);
    if let Some(notice) = &step.notice {
        tracing::warn!(flow = %flow.key, "{notice}");
    }
    let state = FlowState {
        status: step.status.into(),
        body: step.body.into(),
        due_at: due_at(inner, step.due),
        is_over: step.due == Due::Never,
    };
    let is_gone = step.due == Due::Gone;
    let news = news(flow, &state.body);
    let mut advance = advance(inner, flow, state);
    if is_gone {
        advance.state = None;
    }
    let advance = Advance {
        events: news,
        admissions: effects.admissions,
        begins: effects.begins,
        cancels: effects.settlements,
        pokes: effects.pokes,
        ..advance
    };
    Ok(Wanted {
        advance,
        children: effects.children,
        cancels: effects.cancels,
    })
}

/// Advance that writes a state, and nothing else.
fn advance(inner: &Inner, flow: &Flow, state: FlowState) -> Advance {
    // A look that changes nothing does not count as a change.
    let is_same = state.body == flow.state.body && state.status == flow.state.status;
    let at = if is_same {
        flow.updated_at
    } else {
        inner.clock.now()
    };
    Advance {
        key: flow.key.clone(),
        expect: Expect::Version(flow.version),
        at,
        due: inner.due.now(),
        state: Some(state),
        admissions: Vec::new(),
        begins: Vec::new(),
        cancels: Vec::new(),
        pokes: Vec::new(),
        events: Vec::new(),
    }
}

/// Advance of a flow whose action finds no room: as it is, a little later, and no later than it would go on by itself, since what it does then may
/// need no room. The log is told once a minute, whichever flows they are.
fn put_off(inner: &Inner, flow: &Flow, full: &QueueFull, next: Option<Timestamp>) -> Advance {
    let undone = "a flow's action finds no room; it is tried again, and so are those of others";
    let now = inner.clock.monotonic();
    if inner.store_health.is_news(undone, None, now) {
        tracing::warn!(flow = %flow.key, reason = %full, "{undone}");
    }
    let due_now = inner.due.now();
    let later = due_now + inner.no_room.pause(&flow.key, now);
    let next = next.filter(|next| *next > due_now);
    let state = FlowState {
        due_at: Some(next.map_or(later, |next| next.min(later))),
        ..flow.state.clone()
    };
    advance(inner, flow, state)
}

/// Advance of a flow that cannot go on by itself. A poke or an operator wakes it.
fn stuck(inner: &Inner, flow: &Flow, why: &str) -> Wanted {
    tracing::error!(flow = %flow.key, why, "a flow is stuck: it does not go on until somebody changes it");
    let state = FlowState {
        status: STUCK.into(),
        due_at: None,
        ..flow.state.clone()
    };
    Wanted {
        advance: advance(inner, flow, state),
        children: Vec::new(),
        cancels: Vec::new(),
    }
}
