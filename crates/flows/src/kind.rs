//! Kinds of flows: one function each, from what is stored and what happened to what is to be done.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{
    Action, ActionId, CallbackEvent, Origin, Outcome, ProviderName, Requesters, Timestamp,
};
use acteon_schedule::Calendars;
use serde_json::value::RawValue;

/// Kind of a flow. Pure: the same input gives the same step, so that a step that is done again after a crash asks for the same.
pub trait Kind: Send + Sync {
    /// Name of the kind, as it is stored. Without a colon.
    fn name(&self) -> &'static str;

    /// Origin of an action that a flow of it wants sent.
    fn origin(&self, action: &ActionId) -> Origin;

    /// Whether its flows are poked when actions that they sent are over. Those of other kinds have no parent.
    fn follows_actions(&self) -> bool;

    /// Whether its flows wait for instants of the wall clock, [`Due::At`]. Where that clock is set ahead, all that they wait for comes earlier by as
    /// much: a step that is asked for too early must say anew when it goes on, and do nothing else.
    fn waits_for_the_wall_clock(&self) -> bool;

    /// Whether a body has a shape that only a newer version of this program knows. Its flow is left to one.
    fn is_newer(&self, _body: &str) -> bool {
        false
    }

    /// Actions and flows whose state the next step must know.
    fn looks_at(&self, body: &str) -> Result<LooksAt, InvalidBody>;

    /// Errand that a gateway does before the step, outside of its commit: after a crash it is done again, and then must come to the same.
    fn errand(&self, _body: &str) -> Result<Option<Errand>, InvalidBody> {
        Ok(None)
    }

    /// Next step of a flow that is due, or was poked.
    fn step(&self, flow: &Looked<'_>) -> Result<Step, InvalidBody>;
}

/// Actions and flows whose state a step must know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LooksAt {
    /// Ids of the actions.
    pub actions: Vec<ActionId>,
    /// Names of the flows.
    pub flows: Vec<FlowName>,
}

/// Name of a flow: its kind, and its id within the kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowName {
    /// Kind of the flow. Without a colon.
    pub kind: Arc<str>,
    /// Id, unique within the kind.
    pub id: Arc<str>,
}

/// Flow whose next step is asked for, with what it may look at.
#[derive(Clone, Copy)]
pub struct Looked<'a> {
    /// Id of the flow, unique within its kind.
    pub id: &'a str,
    /// Namespace that it belongs to.
    pub namespace: &'a acteon_core::Namespace,
    /// Tenant that it belongs to.
    pub tenant: &'a acteon_core::Tenant,
    /// Body that its last step left.
    pub body: &'a str,
    /// Instant of the step, of the wall clock.
    pub now: Timestamp,
    /// The same instant in due time, which no step of the wall clock moves: what times out is counted in it.
    pub due_now: Timestamp,
    /// Actions that the kind looks at.
    pub children: &'a [Child],
    /// Flows that the kind looks at, those that are there.
    pub flows: &'a [LookedFlow],
    /// Calendars that the gateway knows.
    pub calendars: &'a Calendars,
    /// Payload of the message that the errand answers with, if it does.
    pub reply: Option<&'a RawValue>,
}

/// Errand of a flow.
#[derive(Clone, Debug)]
pub enum Errand {
    /// What an event asks for, that the service of a provider told of.
    Callback(ProviderName, CallbackEvent),
}

/// Action that a flow looks at.
#[derive(Clone, Debug)]
pub struct Child {
    /// Id of the action.
    pub id: ActionId,
    /// State of the action.
    pub state: ChildState,
    /// Outcome of an action that is over; `None` too where it cannot be read.
    pub outcome: Option<Arc<Outcome>>,
    /// Whether it may have arrived although no answer says so.
    pub possible_duplicate: bool,
}

/// Flow that another looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookedFlow {
    /// Name of the flow.
    pub name: FlowName,
    /// Word for where it stands.
    pub status: Arc<str>,
    /// Body that its last step left.
    pub body: Arc<str>,
    /// Whether it is over.
    pub is_over: bool,
    /// Whether its row in the store is damaged: nothing but its name is known then.
    pub is_damaged: bool,
}

impl LookedFlow {
    /// Flow whose row in the store is damaged.
    pub fn damaged(name: FlowName) -> Self {
        Self {
            name,
            status: "".into(),
            body: "".into(),
            is_over: false,
            is_damaged: true,
        }
    }
}

/// State of an action that a flow looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildState {
    /// It is not there: never admitted, or deleted since.
    Absent,
    /// Accepted and not over.
    Open,
    /// Over.
    Ended,
}

/// Step of a flow: its next state and what follows from it.
#[derive(Clone, Debug)]
pub struct Step {
    /// Word for where it stands, by which lists are filtered.
    pub status: &'static str,
    /// Next body, a JSON object.
    pub body: String,
    /// When it goes on.
    pub due: Due,
    /// What is to be done, in the commit that writes the step.
    pub effects: Vec<Effect>,
    /// Sentence for the log, where something happened that an operator should know.
    pub notice: Option<String>,
}

/// When a flow goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// At an instant of the wall clock.
    At(Timestamp),
    /// After a time that passes, whatever the wall clock says.
    After(Duration),
    /// At an instant of due time, which no step of the wall clock moves. See [`Looked::due_now`].
    Counted(Timestamp),
    /// When it is poked.
    Poked,
    /// Not any more: it is over, or waits for a person.
    Never,
    /// Not any more, and nothing of it is kept.
    Gone,
}

/// Effect of a step.
#[derive(Clone, Debug)]
pub enum Effect {
    /// An action is admitted. Its id follows from the flow and the step, so that a step that is done again admits nothing twice.
    Admit {
        /// Action to admit.
        action: Arc<Action>,
        /// Instant of the wall clock at which it should have gone: it is late from then on.
        since: Timestamp,
        /// Principals that caused it.
        requester: Requesters,
    },
    /// An action is called off, if nobody has begun to send it.
    Cancel(ActionId),
    /// A flow begins, of the same namespace and tenant. Where there is one of that name, nothing happens.
    Begin {
        /// Name of the flow, which follows from the flow and the step that begins it.
        name: FlowName,
        /// Word for where it stands.
        status: &'static str,
        /// First body, a JSON object.
        body: String,
        /// When its first step is due.
        due: Due,
    },
    /// Another flow looks again at once, unless it is over.
    Poke(FlowName),
    /// An action goes on the list of dead letters, without being sent: sent again from there it is decided about like any other.
    Bury {
        /// Action, whose id follows from the flow.
        action: Arc<Action>,
        /// Code of the failure.
        code: &'static str,
        /// What went wrong, for a person.
        message: String,
    },
}

/// Error about a body that its kind cannot read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body of the flow cannot be read: {0}")]
pub struct InvalidBody(pub String);

/// Whether a body says that it is of a newer version than the one that is known here.
pub(crate) fn is_newer(body: &str, known: u32) -> bool {
    #[derive(serde::Deserialize)]
    struct Versioned {
        v: u32,
    }
    serde_json::from_str(body).is_ok_and(|Versioned { v }| v > known)
}
