//! Recurring actions: made, changed, paused and resumed. Each is a flow; its occurrences are sent by the flow's steps.

mod backfill;
mod calendars;
mod change;
mod check;
mod look;
mod make;
mod upcoming;

use std::sync::Arc;

use acteon_core::{Namespace, Scope, Tenant, Timestamp};
use acteon_flows::{Due, InvalidBody, Recurring, RecurringFlow, Status};
use acteon_store::{Advance, Expect, Flow, FlowKey, FlowState, StoreError};

use crate::admit::answer::DispatchError;
use crate::flows::due::due_at;
use crate::flows::words::STUCK;
use crate::shared::{Gateway, Inner};

pub use backfill::{Backfilled, MAX_BACKFILL};
pub use look::{RecurringList, RecurringPart};
pub use make::Once;
pub use upcoming::{Upcoming, UpcomingList};

/// Tries to change a flow that others change too.
const MAX_TRIES: u32 = 20;

/// A recurring action.
#[derive(Clone, Debug)]
pub struct RecurringAction {
    /// Its id.
    pub id: String,
    /// Its namespace.
    pub namespace: Namespace,
    /// Its tenant.
    pub tenant: Tenant,
    /// Definition, and how far it came.
    pub recurring: Recurring,
    /// Whether it cannot go on by itself: the log says why.
    pub is_stuck: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed, by a person or an occurrence.
    pub updated_at: Timestamp,
}

impl RecurringAction {
    /// Word for how it stands: that of its status, or `stuck`.
    pub fn status(&self) -> &'static str {
        if self.is_stuck {
            STUCK
        } else {
            self.recurring.status.as_str()
        }
    }
}

/// Why a recurring action was not found, made or changed.
#[derive(Debug, thiserror::Error)]
pub enum RecurringError {
    /// None with this id lies within the scope.
    #[error("there is no recurring action {0:?}, or none that this caller may see")]
    NotFound(String),
    /// The tenant has as many as it may have.
    #[error("the tenant has {0} recurring actions, which is the limit; delete one first")]
    Limit(usize),
    /// It would never occur, for what a field says.
    #[error("it would never occur: {field} {why}")]
    NeverOccurs {
        /// Field that leaves nothing to be sent.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Others changed it at once, each time that it was to be changed.
    #[error(
        "others change the recurring action {0:?} at the same time, and got there first {MAX_TRIES} times; look at it, and send the change again"
    )]
    Contended(String),
    /// No grant covers its actions.
    #[error("forbidden: no grant covers {0}")]
    Forbidden(String),
    /// No occurrence of a backfill was taken, the first for this reason.
    #[error(transparent)]
    Dispatch(#[from] DispatchError),
    /// It stands otherwise than the call needs.
    #[error("the recurring action {id:?} is {status}, {hint}")]
    Conflict {
        /// Its id.
        id: String,
        /// How it stands.
        status: &'static str,
        /// What can be done.
        hint: &'static str,
    },
    /// The key of its request belongs to another request.
    #[error(
        "the key of this request was used for another one, which made the recurring action {0:?}; a new request needs a new key"
    )]
    Used(String),
    /// Its provider could not send its actions.
    #[error("{0}")]
    Payload(String),
    /// The dedup key of its actions is too long, or has a placeholder that is none.
    #[error("{0}")]
    DedupKey(String),
    /// The profile that it names is not there.
    #[error("{0}")]
    Template(String),
    /// Its provider is not there, or not for this caller.
    #[error("{0}")]
    Provider(String),
    /// Its calendar is not there.
    #[error("{0}")]
    Calendar(String),
    /// Its body cannot be read.
    #[error(transparent)]
    Invalid(#[from] InvalidBody),
    /// The store did not answer.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl Gateway {
    /// The recurring action with this id.
    pub async fn recurring(
        &self,
        scope: &Scope,
        id: &str,
    ) -> Result<RecurringAction, RecurringError> {
        let (_, shown) = self.find_recurring(scope, id).await?;
        Ok(shown)
    }

    /// The flow of a recurring action, whatever its body. Who may see nothing of its tenant is not told that there is one.
    async fn find_flow(&self, scope: &Scope, id: &str) -> Result<Flow, RecurringError> {
        let key = FlowKey::new(RecurringFlow::NAME, id);
        let flow = self.inner.store.flow(&key).await?;
        let may_see =
            |flow: &Flow| scope.covers_scope(flow.namespace.as_str(), flow.tenant.as_str());
        flow.filter(may_see)
            .ok_or_else(|| RecurringError::NotFound(id.to_owned()))
    }

    async fn find_recurring(
        &self,
        scope: &Scope,
        id: &str,
    ) -> Result<(Flow, RecurringAction), RecurringError> {
        let flow = self.find_flow(scope, id).await?;
        let shown = shown(&flow)?;
        if !covers(scope, &shown) {
            return Err(RecurringError::NotFound(id.to_owned()));
        }
        Ok((flow, shown))
    }
}

fn covers(scope: &Scope, shown: &RecurringAction) -> bool {
    let definition = &shown.recurring.definition;
    scope.covers(
        shown.namespace.as_str(),
        shown.tenant.as_str(),
        definition.provider.as_str(),
        definition.action_type.as_str(),
    )
}

fn shown(flow: &Flow) -> Result<RecurringAction, RecurringError> {
    Ok(RecurringAction {
        id: flow.key.id.to_string(),
        namespace: flow.namespace.clone(),
        tenant: flow.tenant.clone(),
        recurring: Recurring::parse(&flow.state.body)?,
        is_stuck: &*flow.state.status == STUCK,
        created_at: flow.created_at,
        updated_at: flow.updated_at,
    })
}

fn state_of(inner: &Inner, recurring: &Recurring) -> Result<FlowState, InvalidBody> {
    Ok(FlowState {
        status: recurring.status.as_str().into(),
        body: recurring.to_json()?.into(),
        due_at: recurring.next.and_then(|next| due_at(inner, Due::At(next))),
        is_over: recurring.status == Status::Completed,
    })
}

fn change(inner: &Arc<Inner>, id: &str, expect: Expect, state: Option<FlowState>) -> Advance {
    Advance {
        key: FlowKey::new(RecurringFlow::NAME, id),
        expect,
        at: inner.clock.now(),
        due: inner.due.now(),
        state,
        admissions: Vec::new(),
        begins: Vec::new(),
        cancels: Vec::new(),
        pokes: Vec::new(),
        events: Vec::new(),
    }
}
