//! The store: what was accepted, who works on it, and what came of it.
//!
//! The row of an action is also its job: it carries a state, an owner and the instant when it is due. [`Journal::admit`] is the gate: it checks
//! and charges dedup key, throttle and quotas, and writes the action, in one commit. [`Journal::settle`] changes it, fenced by the owner; both are
//! group commits, durable before they return. [`Jobs::claim`] hands due rows to a process, whether they are new, to be retried, or left behind
//! by a process that died. See `docs/adr/0001` for the reasons. Beside the journal there are documents, which operators write, and the journal
//! looked back at: the audit trail.

mod age;
mod cause;
mod claim;
mod document;
mod error;
mod event;
mod flow_event;
mod flows;
mod gate;
mod history;
mod layer;
mod memory;
mod model;
mod narrow;
#[cfg(feature = "postgres")]
pub mod postgres;
mod queue_bytes;
mod raw;
mod reroute;
mod retention;
mod rows;
mod scheduled;
mod shares;
mod sqlite;
mod store;
mod tables;
mod transfer;

pub use age::Age;
pub use cause::Cause;
pub use document::{Document, DocumentChanges, DocumentKind, Put};
pub use error::{MEND, StoreError};
pub use event::{Event, EventAction, EventId, EventKind, EventPosition, EventsKept, EventsPage};
pub use flow_event::FlowEvent;
pub use flows::{
    Advance, Advanced, Begin, Expect, Flow, FlowClaim, FlowCount, FlowFilter, FlowHasten, FlowHold,
    FlowKey, FlowPage, FlowState, Poke,
};
pub use gate::{Conditions, DedupCheck, Judged, Overage, QuotaCheck, ThrottleCheck};
pub use history::{CoverageRow, Cursor, HistoryFilter, HistoryPage, Order, PageRequest};
pub use layer::{Layer, Layered, StoreCall};
pub use memory::MemoryStore;
pub use model::{
    ActionState, Admission, Admitted, Charges, Claim, ClaimRows, Claimed, Disposition, Enqueue,
    Freed, Hasten, Heartbeat, Hold, OwnerId, RecentSend, RecentSends, Record, Reroute, Rerouted,
    Room, Route, Seq, Settled, Settlement, Step, Turn,
};
pub use raw::UNREADABLE;
pub use retention::{Pruned, Retention, SweepCursor, Tenants};
pub use scheduled::{ScheduledPage, ScheduledRequest, ScheduledRow};
pub use shares::{DeadShare, OpenShare};
pub use sqlite::{FaultPoint, Faults, SqliteError, SqliteOptions, SqliteStore};
pub use store::{
    Damage, Documents, Engine, Events, Flows, History, Jobs, Journal, NoteSwap, Notes, Processes,
    SettledOutcome, Store, Wakeup,
};
pub use transfer::CLOCK_STEPS;
