//! Flows: durable state machines, which wake at an instant or when something happens, and want actions sent.
//!
//! A flow is a row with a version, which every change raises: a step, a claim, a poke. Whoever changes it names the version that it read, so that a
//! step computed from what was there before changes nothing. The claim of a process is such a change; no fence is needed beside it.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Namespace, Scope, Tenant, Timestamp};

use crate::StoreError;
use crate::flow_event::FlowEvent;
use crate::history::Order;
use crate::model::{Admission, Admitted, Disposition, OwnerId, Settled, Settlement};
pub use crate::model::{Begin, FlowKey, FlowState, Poke};
pub(crate) use crate::model::{UNREADABLE_FLOW, first_version};

/// Flow as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Name of the flow.
    pub key: FlowKey,
    /// Namespace that it belongs to.
    pub namespace: Namespace,
    /// Tenant that it belongs to.
    pub tenant: Tenant,
    /// State that the last step left.
    pub state: FlowState,
    /// Version, higher after each change. One that begins under the name of a deleted flow has none of that one's.
    pub version: i64,
    /// Process that is working on it; [`OwnerId::NOBODY`] where none is.
    pub owner: OwnerId,
    /// Number of processes that died while they worked on it, since its last step.
    pub takeovers: u32,
    /// Instant of its beginning, of the wall clock.
    pub created_at: Timestamp,
    /// Instant of its last step, of the wall clock.
    pub updated_at: Timestamp,
}

/// Expectation of an advance: what must be there for it to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// No flow of that name. It begins, as one of this namespace and tenant.
    New(Namespace, Tenant),
    /// The flow at this version.
    Version(i64),
}

/// Advance of a flow: its next state and everything that follows from it, in one commit. Of all this either all happens or nothing.
pub struct Advance {
    /// Name of the flow.
    pub key: FlowKey,
    /// What must be there.
    pub expect: Expect,
    /// Instant of the advance, of the wall clock.
    pub at: Timestamp,
    /// Same instant in due time. The parent of an admission is due then, where the action ends at the gate or is there already, and so may be over.
    pub due: Timestamp,
    /// Next state; `None` deletes the flow. Where something in the advance pokes the flow itself, it is due then all the same.
    pub state: Option<FlowState>,
    /// Actions to be admitted, unowned or over, each once. An id that is there already is left as it is.
    pub admissions: Vec<Admission>,
    /// Flows that begin.
    pub begins: Vec<Begin>,
    /// Settlements by nobody that end actions which nobody has begun to send. What somebody has begun stays as it is.
    pub cancels: Vec<Settlement>,
    /// Other flows that are made due.
    pub pokes: Vec<Poke>,
    /// Events that tell of it.
    pub events: Vec<FlowEvent>,
}

impl FlowHasten {
    /// Milliseconds by which flows are due earlier.
    pub(crate) fn millis(&self) -> i64 {
        i64::try_from(self.by.as_millis()).unwrap_or(i64::MAX)
    }

    /// Due time from which on the next request looks, after one that found so many flows, the last of them due then. What a request changed lies before.
    pub(crate) fn next(&self, found: usize, last: Option<Timestamp>) -> Option<Timestamp> {
        last.filter(|_| found >= self.limit)
    }
}

impl Advance {
    /// Refuses what no engine writes, so that nothing of it is found out in the middle.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let refused = |what: &str| {
            let message = format!("the advance of the flow {} {what}", self.key);
            Err(StoreError::Engine(message.into()))
        };
        if matches!(self.expect, Expect::New(..)) && self.state.is_none() {
            return refused("begins it with no state");
        }
        for admission in &self.admissions {
            let Disposition::Send { routes, .. } = &admission.disposition else {
                continue;
            };
            if routes.is_empty() {
                return refused("admits an action with no route");
            }
            if routes.iter().any(|route| route.enqueue.owner().is_some()) {
                return refused(
                    "admits an action that a process owns: it would have to be sent at once",
                );
            }
        }
        let mut begins = self
            .admissions
            .iter()
            .flat_map(|admission| &admission.begins);
        if begins.any(|begin| begin.key == self.key)
            || self.begins.iter().any(|begin| begin.key == self.key)
        {
            return refused("begins itself");
        }
        let is_cancel =
            |settlement: &Settlement| settlement.ends() && settlement.hold.owner == OwnerId::NOBODY;
        if !self.cancels.iter().all(is_cancel) {
            return refused("cancels by a settlement that ends nothing, or is by a process");
        }
        Ok(())
    }
}

impl Admission {
    /// Whether a dead letter stays on its list where the action ends at the gate: nothing is written then. One with which a flow begins goes on.
    pub(crate) fn leaves_letter(&self) -> bool {
        let goes_on = matches!(self.disposition, Disposition::Ended(_)) && !self.begins.is_empty();
        self.letter.is_some() && !goes_on
    }

    /// Flows that begin with what an admission came to: those of a new action, unless the gate refused it.
    pub(crate) fn begun(&self, admitted: &Admitted) -> &[Begin] {
        let is_new = match (admitted, &self.disposition) {
            (Admitted::Open { .. }, _) | (Admitted::Ended(_), Disposition::Ended(_)) => true,
            (Admitted::Ended(_) | Admitted::Existing(_) | Admitted::NoLetter, _) => false,
        };
        if is_new { &self.begins } else { &[] }
    }

    /// Poke of the parent by what an admission came to. What is over at once, or was there already and may be over, is settled by nobody who pokes.
    pub(crate) fn poke(&self, admitted: &Admitted, due_at: Timestamp) -> Option<Poke> {
        match admitted {
            Admitted::Ended(_) | Admitted::Existing(_) => {
                let flow = self.parent.clone()?;
                Some(Poke { flow, due_at })
            }
            Admitted::Open { .. } | Admitted::NoLetter => None,
        }
    }
}

/// Instant at which a parent is due that an admission pokes outside of an advance, where no due time is known: at once.
pub(crate) fn at_once() -> Timestamp {
    Timestamp::default()
}

/// Result of an advance.
pub enum Advanced {
    /// All of it was written. The flow has no owner.
    Written {
        /// Version of the flow from now on.
        version: i64,
        /// Results of the admissions, in their order.
        admitted: Vec<Admitted>,
        /// Results of the cancels, in their order.
        cancelled: Vec<Settled>,
    },
    /// Nothing was written: the flow is not as expected but like this, or is not there.
    Changed(Option<Flow>),
}

/// Request of a process to work on due flows.
#[derive(Clone, Debug)]
pub struct FlowClaim {
    /// Process that will own them.
    pub owner: OwnerId,
    /// Instant of the request, in due time; flows due later stay unowned.
    pub now: Timestamp,
    /// Kinds that the process knows.
    pub kinds: Vec<Arc<str>>,
    /// Number of flows at most.
    pub limit: usize,
}

/// Request to make flows of a kind due earlier that wait for an instant of the wall clock, which was set ahead.
#[derive(Clone, Debug)]
pub struct FlowHasten {
    /// Kind of the flows.
    pub kind: Arc<str>,
    /// How much earlier they are due.
    pub by: Duration,
    /// Instant of the request, in due time. What is due by then stays as it is, and nothing is due before.
    pub now: Timestamp,
    /// Due time from which on flows are looked at.
    pub from: Timestamp,
    /// Due time up to which flows are looked at.
    pub until: Timestamp,
    /// Number of flows at most.
    pub limit: usize,
}

/// Hold of a process on a flow, from its claim until its next change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FlowHold {
    /// Name of the flow.
    pub key: FlowKey,
    /// Process that owns it.
    pub owner: OwnerId,
    /// Version that it has: the one that the claim gave it, unless it was poked since.
    pub version: i64,
}

/// Request for a page of flows of a kind, in the order of their ids. Ids of most kinds begin with an instant, so that this is the order of their
/// beginnings.
#[derive(Clone, Debug)]
pub struct FlowFilter {
    /// Kind of the flows.
    pub kind: Arc<str>,
    /// Scope that covers namespace and tenant of the flows, whatever the providers and types of action of its grants.
    pub scope: Scope,
    /// Status that they have; `None` for any.
    pub status: Option<Arc<str>>,
    /// Id after which the page begins.
    pub after: Option<Arc<str>>,
    /// Which id comes first: the highest with the newest, the lowest with the oldest.
    pub order: Order,
    /// Number of flows on the page at most.
    pub limit: usize,
    /// Bytes of bodies after which the page ends. It has one flow at least.
    pub max_bytes: usize,
}

/// Page of flows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowPage {
    /// Flows in the order of their ids. One that cannot be read is left out.
    pub flows: Vec<Flow>,
    /// Id after which the list goes on; `None` at its end.
    pub next: Option<Arc<str>>,
}

/// Page of flows while its rows are read.
pub(crate) struct FlowPageRows<'f> {
    filter: &'f FlowFilter,
    page: FlowPage,
    rows: usize,
    bytes: usize,
    last: Option<Arc<str>>,
}

impl FlowFilter {
    /// Comparison of an id with the one after which a page begins, and the direction of its order.
    pub(crate) const fn direction(&self) -> (&'static str, &'static str) {
        match self.order {
            Order::NewestFirst => ("<", "DESC"),
            Order::OldestFirst => (">", "ASC"),
        }
    }

    /// Whether the page begins before an id.
    pub(crate) fn is_behind(&self, id: &str) -> bool {
        self.after.as_deref().is_none_or(|after| match self.order {
            Order::NewestFirst => id < after,
            Order::OldestFirst => id > after,
        })
    }
}

impl<'f> FlowPageRows<'f> {
    pub(crate) fn new(filter: &'f FlowFilter) -> Self {
        Self {
            filter,
            page: FlowPage::default(),
            rows: 0,
            bytes: 0,
            last: None,
        }
    }

    /// Adds a row; `None` stands for a flow that cannot be read, and for an id that cannot.
    pub(crate) fn add(&mut self, id: Option<Arc<str>>, flow: Option<Flow>) {
        self.rows += 1;
        self.last = id.or_else(|| self.last.take());
        if let Some(flow) = flow {
            self.bytes += flow.state.body.len();
            self.page.flows.push(flow);
        }
    }

    /// Whether the page is full.
    pub(crate) fn is_full(&self) -> bool {
        self.rows >= self.filter.limit || self.bytes >= self.filter.max_bytes
    }

    /// The page, when there are no more rows, or it is full.
    pub(crate) fn page(self) -> FlowPage {
        let next = if self.is_full() { self.last } else { None };
        FlowPage { next, ..self.page }
    }
}

/// Number of flows of a kind and a tenant with a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowCount {
    /// Kind of the flows.
    pub kind: Arc<str>,
    /// Tenant that they belong to, without those below it.
    pub tenant: Arc<str>,
    /// Status that they have.
    pub status: Arc<str>,
    /// Number of them.
    pub count: usize,
}
