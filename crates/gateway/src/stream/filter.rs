//! Filters of the stream.

use acteon_core::Scope;
use acteon_flows::chain::{chain_of, is_of_a_chain};
use acteon_store::{Event, EventKind};

use crate::stream::event::StreamEvent;

/// Filter of the stream. A field that is `None` lets every event through.
#[derive(Clone, Debug)]
pub struct StreamFilter {
    /// Scope that the events must lie in.
    pub scope: Scope,
    /// Type of the action.
    pub action_type: Option<String>,
    /// Name of the outcome, such as `executed`.
    pub outcome: Option<String>,
    /// Kind of the event, such as `action_dispatched`.
    pub kind: Option<String>,
    /// Id of the action.
    pub action_id: Option<String>,
    /// Id of the execution of a chain that it is about: itself, an approval that it asks for, or an action that a step of it sent.
    pub chain_id: Option<String>,
    /// Whether it asks for what no event has, and lets nothing through.
    pub is_vain: bool,
}

impl StreamFilter {
    /// Filter that lets everything within a scope through.
    pub fn of(scope: Scope) -> Self {
        Self {
            scope,
            action_type: None,
            outcome: None,
            kind: None,
            action_id: None,
            chain_id: None,
            is_vain: false,
        }
    }

    /// Whether it lets an event through, as far as its outcome is not asked for.
    pub(crate) fn may_let_through(&self, event: &Event) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        let action = &event.action;
        !self.is_vain
            && is(&self.action_type, &action.action_type)
            && is(&self.kind, event.kind.as_str())
            && is(&self.action_id, &action.id)
            && self
                .chain_id
                .as_ref()
                .is_none_or(|chain| is_of(event, chain))
            && self.scope.covers(
                &action.namespace,
                &action.tenant,
                &action.provider,
                &action.action_type,
            )
    }

    /// Whether it lets an event through.
    pub(crate) fn lets_through(&self, event: &StreamEvent) -> bool {
        self.may_let_through(&event.event)
            && self
                .outcome
                .as_ref()
                .is_none_or(|wanted| wanted == event.outcome)
    }
}

/// Whether an event is about an execution.
fn is_of(event: &Event, chain: &str) -> bool {
    let parent = || {
        event
            .flow
            .as_deref()?
            .rsplit_once(':')
            .map(|(chain, _)| chain)
    };
    match event.kind {
        EventKind::ActionDispatched => {
            let id = &event.action.id;
            is_of_a_chain(id) && chain_of(id) == Some(chain)
        }
        EventKind::ChainAdvanced | EventKind::ChainStepCompleted | EventKind::ChainCompleted => {
            event.flow.as_deref() == Some(chain)
        }
        EventKind::ApprovalRequired | EventKind::ApprovalResolved => {
            event.flow.as_deref() == Some(chain) || parent() == Some(chain)
        }
    }
}
