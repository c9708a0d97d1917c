//! Step of a flow that this process has claimed: what its kind asks for, written in one commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use acteon_core::{ActionId, Namespace, Scope, Tenant, Timestamp};
use acteon_flows::{
    Child as LookedChild, ChildState, Due, Effect, InvalidBody, Kind, Looked, Step,
};
use acteon_store::{
    ActionState, Admission, Advance, Advanced, Expect, Flow, FlowState, Record, Settled,
    Settlement, StoreError,
};

use crate::admit::shares::QueueFull;
use crate::flows::child::Child;
use crate::offload;
use crate::operate::call_off::{call_off, called_off, is_untouched};
use crate::shared::Inner;

/// Status of a flow that cannot go on by itself.
pub(crate) const STUCK: &str = "stuck";
/// Processes that may die while they work on a flow before it is left alone.
const MAX_TAKEOVERS: u32 = 3;
/// Tries to write a step that the store refuses for a reason of its own, before the flow is left alone.
const MAX_TRIES: u32 = 4;
/// Pause before a step is tried again that could not be written.
const STORE_PAUSE: Duration = Duration::from_millis(500);
/// Pause of a flow whose action finds no room.
const NO_ROOM_PAUSE: Duration = Duration::from_secs(5);
/// Longest that a flow waits for an instant of the wall clock without a look: that clock may have been set ahead when the instant was computed.
const LOOK_AGAIN: Duration = Duration::from_hours(24);
/// Who calls actions off for a flow, in the audit trail.
const CALLER: &str = "gateway";

/// Takes a claimed flow one step on. Until that is written, or the flow is another's, it is tried again: a step that is forgotten would keep the flow
/// for as long as this process lives.
pub(crate) async fn step(inner: &Arc<Inner>, mut flow: Flow) {
    let mut refusals = 0;
    loop {
        let wanted = match want(inner, &flow).await {
            Ok(wanted) => wanted,
            Err(error) => {
                inner.could_not("a flow's actions could not be read; trying again", &error);
                if !inner.sleep(STORE_PAUSE).await {
                    return;
                }
                continue;
            }
        };
        let Wanted {
            advance,
            children,
            cancels,
        } = wanted;
        match inner.store.advance(advance).await {
            Ok(Advanced::Written {
                admitted,
                cancelled,
                ..
            }) => {
                for (child, admitted) in children.into_iter().zip(&admitted) {
                    child.admitted(inner, admitted);
                }
                for ((record, at), settled) in cancels.iter().zip(&cancelled) {
                    if *settled == Settled::Written {
                        called_off(inner, record, CALLER, *at);
                    }
                }
                inner.work.notify_one();
                return;
            }
            // Poked in between: the step is computed anew.
            Ok(Advanced::Changed(Some(now))) if now.owner == flow.owner => flow = now,
            // Somebody else took it on, and it is nobody's now, or it is gone.
            Ok(Advanced::Changed(_)) => return,
            Err(error) => {
                inner.could_not("a flow's step could not be written; trying again", &error);
                refusals += u32::from(is_of_the_step(&error));
                if refusals >= MAX_TRIES {
                    return give_up(inner, &flow, &error.to_string()).await;
                }
                if !inner.sleep(STORE_PAUSE).await {
                    return;
                }
            }
        }
    }
}

/// Whether an error is about what was to be written, and would come again.
fn is_of_the_step(error: &StoreError) -> bool {
    matches!(error, StoreError::Engine(_) | StoreError::Unstorable(_))
}

/// Leaves a flow alone whose step the store refuses.
async fn give_up(inner: &Arc<Inner>, flow: &Flow, why: &str) {
    let stuck = stuck(inner, flow, why).advance;
    if let Err(error) = inner.store.advance(stuck).await {
        // It is still this process's: the comparison of what is owned with what is held frees it.
        inner.could_not("a stuck flow could not be marked", &error);
    }
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
    let ids = match offload::by_size(body.len(), || kind.looks_at(body)) {
        Ok(ids) => ids,
        Err(error) => return Ok(stuck(inner, flow, &error.to_string())),
    };
    let mut looked = Vec::with_capacity(ids.len());
    for id in ids {
        looked.push(look(inner, &flow.namespace, &flow.tenant, id).await?);
    }
    match next_step(inner, kind, flow, &looked) {
        Ok(step) => translate(inner, kind, flow, step).await,
        Err(error) => Ok(stuck(inner, flow, &error.to_string())),
    }
}

/// State of an action that a flow looks at.
async fn look(
    inner: &Inner,
    namespace: &Namespace,
    tenant: &Tenant,
    id: ActionId,
) -> Result<LookedChild, StoreError> {
    let found = find(inner, namespace, tenant, &id).await?;
    let state = match found.map(|record| record.state) {
        None => ChildState::Absent,
        Some(ActionState::Open) => ChildState::Open,
        Some(_) => ChildState::Ended,
    };
    Ok(LookedChild { id, state })
}

async fn find(
    inner: &Inner,
    namespace: &Namespace,
    tenant: &Tenant,
    id: &ActionId,
) -> Result<Option<Record>, StoreError> {
    let scope = Scope::exactly(namespace, tenant);
    Ok(inner.store.find(&scope, id).await?.pop())
}

/// Step that the kind computes. A kind that panics is a fault of this program, and ends nothing but its flow.
fn next_step(
    inner: &Inner,
    kind: &dyn Kind,
    flow: &Flow,
    children: &[LookedChild],
) -> Result<Step, InvalidBody> {
    let calendars = inner.policies.load().calendars.clone();
    let looked = Looked {
        id: &flow.key.id,
        namespace: &flow.namespace,
        tenant: &flow.tenant,
        body: &flow.state.body,
        now: inner.clock.now(),
        children,
        calendars: &calendars,
    };
    let step = || offload::by_size(flow.state.body.len(), || kind.step(&looked));
    catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|_| {
        Err(InvalidBody(
            "its step panicked; this is a bug, please report it".into(),
        ))
    })
}

/// Advance for a step: its actions decided about, and its instant in due time.
async fn translate(
    inner: &Arc<Inner>,
    kind: &dyn Kind,
    flow: &Flow,
    step: Step,
) -> Result<Wanted, StoreError> {
    let (mut children, mut admissions) = (Vec::new(), Vec::new());
    let (mut cancels, mut settlements) = (Vec::new(), Vec::new());
    for effect in &step.effects {
        match effect {
            Effect::Admit(action) => {
                let bytes = action.payload.get().len();
                let parent = kind.follows_actions().then_some(&flow.key);
                let planned = Child::plan(inner, action, kind.origin(), parent);
                match planned {
                    Ok((child, admission)) => {
                        tracing::debug!(flow = %flow.key, action = %action.id, bytes, "a flow sends");
                        children.push(child);
                        admissions.push(admission);
                    }
                    Err(full) => return Ok(put_off(inner, flow, &full)),
                }
            }
            Effect::Cancel(id) => {
                let found = find(inner, &flow.namespace, &flow.tenant, id).await?;
                if let Some(record) = found.filter(is_untouched) {
                    let at = inner.clock.now();
                    settlements.push(call_off(inner, &record, CALLER, at));
                    cancels.push((record, at));
                }
            }
        }
    }
    if let Some(notice) = &step.notice {
        tracing::warn!(flow = %flow.key, "{notice}");
    }
    let state = FlowState {
        status: step.status.into(),
        body: step.body.into(),
        due_at: due_at(inner, step.due),
        is_over: step.due == Due::Never,
    };
    let advance = advance(inner, flow, state, admissions, settlements);
    Ok(Wanted {
        advance,
        children,
        cancels,
    })
}

/// Instant in due time at which a flow goes on.
pub(crate) fn due_at(inner: &Inner, due: Due) -> Option<Timestamp> {
    let now = inner.due.now();
    match due {
        Due::At(instant) => Some(inner.due.of_wall(instant).min(now + LOOK_AGAIN)),
        Due::After(pause) => Some(now + pause),
        Due::Poked | Due::Never => None,
    }
}

fn advance(
    inner: &Inner,
    flow: &Flow,
    state: FlowState,
    admissions: Vec<Admission>,
    cancels: Vec<Settlement>,
) -> Advance {
    Advance {
        key: flow.key.clone(),
        expect: Expect::Version(flow.version),
        at: inner.clock.now(),
        due: inner.due.now(),
        state: Some(state),
        admissions,
        begins: Vec::new(),
        cancels,
        pokes: Vec::new(),
    }
}

/// Advance of a flow whose action finds no room: as it is, a little later.
fn put_off(inner: &Inner, flow: &Flow, full: &QueueFull) -> Wanted {
    tracing::warn!(flow = %flow.key, reason = %full, "a flow's action finds no room; it is tried again");
    let state = FlowState {
        due_at: Some(inner.due.now() + NO_ROOM_PAUSE),
        ..flow.state.clone()
    };
    alone(advance(inner, flow, state, Vec::new(), Vec::new()))
}

/// Advance of a flow that cannot go on by itself. A poke or an operator wakes it.
fn stuck(inner: &Inner, flow: &Flow, why: &str) -> Wanted {
    tracing::error!(flow = %flow.key, why, "a flow is stuck: it does not go on until somebody changes it");
    let state = FlowState {
        status: STUCK.into(),
        due_at: None,
        ..flow.state.clone()
    };
    alone(advance(inner, flow, state, Vec::new(), Vec::new()))
}

fn alone(advance: Advance) -> Wanted {
    Wanted {
        advance,
        children: Vec::new(),
        cancels: Vec::new(),
    }
}
