//! Jobs: the actions that this process works on.

use std::sync::Arc;

use acteon_core::{Action, Attempt, Origin, Prepared, Priority, Timestamp};
use acteon_store::{Charges, FlowKey, Hold, Record, Seq, Turn};

use crate::cluster::held::Holding;
use crate::decide::route::Route;
use crate::deliver::schedule::Schedule;
use crate::deliver::send_turn::SendTurn;
use crate::lane::AskedTurn;
use crate::lane::{MemoryPermit, Rank};
use crate::policies::Unsilenced;
use crate::registry::ProviderEntry;
use crate::shared::Inner;

/// Job: an action that this process works on.
pub(crate) struct Job {
    /// Hold of this process on the row, and its entry among what is held.
    holding: Holding,
    pub(crate) action: Arc<Action>,
    /// Rule that accepted the action.
    pub(crate) rule: Option<Arc<str>>,
    /// Charges that the gate took for it.
    pub(crate) charges: Charges,
    pub(crate) priority: Priority,
    pub(crate) prepared: Arc<Prepared>,
    pub(crate) entry: Arc<ProviderEntry>,
    /// Due time from which its age counts.
    pub(crate) not_before: Timestamp,
    pub(crate) accepted_at: Timestamp,
    /// Due time by which it stands among those that wait in the store.
    due_at: Timestamp,
    /// Due time at which this delivery began.
    pub(crate) began_at: Timestamp,
    pub(crate) give_up_at: Timestamp,
    pub(crate) attempts: u32,
    /// Number of durable retries used up so far.
    pub(crate) durable_retries: u32,
    pub(crate) takeovers: u32,
    pub(crate) possible_duplicate: bool,
    pub(crate) history: Vec<Attempt>,
    /// Whether its commits yield to those of actions that were sent alone.
    pub(crate) turn: Turn,
    /// Whether the store knows that it may be sent.
    pub(crate) in_flight: bool,
    /// Turn that it was admitted with.
    pub(crate) at_once: Option<SendTurn>,
    /// Turn that was asked for before its task began.
    pub(crate) asked: Option<AskedTurn>,
    /// Late mark of the request, as the store has it.
    pub(crate) late_mark: Option<Arc<str>>,
    /// Whether it waited in the store before.
    pub(crate) claimed: bool,
    /// Origin of the action.
    pub(crate) origin: Origin,
    /// Name of the API key that posted it.
    pub(crate) caller: Arc<str>,
    /// Finding of the last look at silences.
    pub(crate) unsilenced: Option<Unsilenced>,
    /// What is looked at before its first attempt, where it was scheduled.
    pub(crate) schedule: Schedule,
    /// Flow that wanted the action.
    pub(crate) parent: Option<FlowKey>,
    memory: MemoryPermit,
}

/// Action that was accepted and goes, with what the plan says of it.
pub(crate) struct AcceptedAction {
    pub(crate) action: Arc<Action>,
    pub(crate) rule: Option<Arc<str>>,
    pub(crate) charges: Charges,
    pub(crate) priority: Priority,
    pub(crate) accepted_at: Timestamp,
    pub(crate) possible_duplicate: bool,
    pub(crate) turn: Turn,
    pub(crate) origin: Origin,
    pub(crate) caller: Arc<str>,
}

impl Job {
    /// Job of an action that was just admitted.
    pub(crate) fn admitted(
        holding: Holding,
        accepted: AcceptedAction,
        route: Route,
        memory: MemoryPermit,
        at_once: Option<SendTurn>,
    ) -> Self {
        let AcceptedAction {
            action,
            rule,
            charges,
            priority,
            accepted_at,
            possible_duplicate,
            turn,
            origin,
            caller,
        } = accepted;
        Self {
            holding,
            action,
            rule,
            charges,
            priority,
            prepared: route.prepared,
            entry: route.entry,
            not_before: route.not_before,
            accepted_at,
            due_at: route.not_before,
            began_at: route.not_before,
            give_up_at: route.give_up_at,
            attempts: 0,
            durable_retries: 0,
            takeovers: 0,
            possible_duplicate,
            history: Vec::new(),
            turn,
            in_flight: at_once.is_some(),
            at_once,
            asked: None,
            late_mark: None,
            claimed: false,
            origin,
            caller,
            unsilenced: route.unsilenced,
            schedule: Schedule::default(),
            // What a flow wants waits in the store first.
            parent: None,
            memory,
        }
    }

    /// Job of a row that was claimed.
    pub(crate) fn claimed(
        record: Record,
        entry: Arc<ProviderEntry>,
        holding: Holding,
        memory: MemoryPermit,
    ) -> Self {
        let schedule = Schedule::of(&record);
        Self {
            holding,
            action: record.action,
            rule: record.rule,
            charges: record.charges,
            priority: record.priority,
            prepared: record.prepared.unwrap_or_default(),
            entry,
            not_before: record.not_before,
            accepted_at: record.accepted_at,
            due_at: record.due_at,
            began_at: record.due_at,
            give_up_at: record.give_up_at,
            attempts: record.attempts,
            durable_retries: record.durable_retries,
            takeovers: record.takeovers,
            possible_duplicate: record.possible_duplicate,
            history: record.history,
            turn: Turn::Single,
            in_flight: false,
            at_once: None,
            asked: None,
            late_mark: record.late_mark,
            claimed: true,
            origin: record.origin,
            caller: record.caller.into(),
            unsilenced: None,
            schedule,
            parent: record.parent,
            memory,
        }
    }

    pub(crate) fn seq(&self) -> Seq {
        self.holding.hold().seq
    }

    /// Goes through another provider from here on, as the store knows. What it was sent through before is in its history.
    pub(crate) fn go_through(
        &mut self,
        entry: Arc<ProviderEntry>,
        prepared: Arc<Prepared>,
        charges: Charges,
        memory: MemoryPermit,
    ) {
        (self.entry, self.prepared, self.charges, self.memory) = (entry, prepared, charges, memory);
        (
            self.in_flight,
            self.late_mark,
            self.unsilenced,
            self.claimed,
        ) = (false, None, None, false);
        // A turn of the provider before is no turn of this one.
        (self.at_once, self.asked) = (None, None);
    }

    /// Asks for a turn, unless it has one: from now on it keeps its rank.
    pub(crate) fn ask_for_turn(mut self) -> Self {
        if self.at_once.is_none() {
            self.asked = Some(SendTurn::ask(&self.entry, self.rank()));
        }
        self
    }

    /// Rank among those that wait for a turn.
    pub(crate) fn rank(&self) -> Rank {
        Rank {
            priority: self.priority,
            accepted: self.not_before,
            seq: self.seq(),
        }
    }

    /// Due time that puts it back to where it stood among those that wait in the store.
    pub(crate) fn due_in_store(&self, inner: &Inner) -> Timestamp {
        self.due_at.min(inner.due.now())
    }

    pub(crate) fn hold(&self) -> Hold {
        self.holding.hold()
    }
}
