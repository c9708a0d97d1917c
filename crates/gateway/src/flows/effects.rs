//! Effects of a step, as the store writes them in the commit of the step.

use std::sync::Arc;

use acteon_core::{Outcome, Timestamp};
use acteon_flows::{Due, Effect, Kind};
use acteon_store::{Admission, Begin, Flow, FlowState, Poke, Record, Settlement, StoreError};

use crate::admit::shares::QueueFull;
use crate::flows::child::Child;
use crate::flows::due::due_at;
use crate::flows::look::{find, key};
use crate::flows::words::CALLER;
use crate::operate::call_off::{call_off, is_untouched};
use crate::shared::Inner;

/// Effects of a step.
#[derive(Default)]
pub(super) struct Effects {
    pub(super) children: Vec<Child>,
    pub(super) admissions: Vec<Admission>,
    /// Actions that are called off, and the instant of that.
    pub(super) cancels: Vec<(Record, Timestamp)>,
    pub(super) settlements: Vec<Settlement>,
    pub(super) begins: Vec<Begin>,
    pub(super) pokes: Vec<Poke>,
    /// Why an action was not admitted, if one was not.
    pub(super) no_room: Option<QueueFull>,
}

impl Effects {
    /// Effects of a step: its actions decided about, and its instants in due time.
    pub(super) async fn of(
        inner: &Arc<Inner>,
        kind: &dyn Kind,
        flow: &Flow,
        effects: Vec<Effect>,
    ) -> Result<Self, StoreError> {
        let mut wanted = Self::default();
        for effect in effects {
            match effect {
                Effect::Admit {
                    action,
                    since,
                    requester,
                } => {
                    let parent = kind.follows_actions().then_some(&flow.key);
                    let of = (&action, kind.origin(&action.id));
                    wanted.admit(Child::plan(inner, of, requester, since, parent));
                }
                Effect::Cancel(id) => {
                    let found = find(inner, flow, &id).await?;
                    if let Some(record) = found.filter(is_untouched) {
                        let at = inner.clock.now();
                        wanted
                            .settlements
                            .push(call_off(inner, &record, CALLER, at));
                        wanted.cancels.push((record, at));
                    }
                }
                Effect::Begin {
                    name,
                    status,
                    body,
                    due,
                } => wanted.begins.push(Begin {
                    key: key(&name),
                    namespace: flow.namespace.clone(),
                    tenant: flow.tenant.clone(),
                    state: FlowState {
                        status: status.into(),
                        body: body.into(),
                        due_at: due_at(inner, due),
                        is_over: due == Due::Never,
                    },
                }),
                Effect::Bury {
                    action,
                    code,
                    message,
                } => {
                    let outcome = Outcome::Failed {
                        code: code.to_owned(),
                        message,
                        retryable: true,
                        attempts: 0,
                    };
                    let buried = Child::ended(inner, &action, kind.origin(&action.id), outcome);
                    wanted.children.push(buried.0);
                    wanted.admissions.push(buried.1);
                }
                Effect::Poke(name) => wanted.pokes.push(Poke {
                    flow: key(&name),
                    due_at: inner.due.now(),
                }),
            }
        }
        Ok(wanted)
    }

    /// Adds an action that was decided about, or notes that there is no room for it.
    fn admit(&mut self, planned: Result<(Child, Admission), QueueFull>) {
        match planned {
            Ok((child, admission)) => {
                self.children.push(child);
                self.admissions.push(admission);
            }
            Err(no_room) => self.no_room = Some(no_room),
        }
    }
}
