//! Approvals: people decide whether an action goes.
//!
//! An approval is asked for by a rule, or by a step of a chain. Its [`Approval`] says who may decide, as people were known when it began, and what each of
//! them did since. It is over with the first of: as many approvals as its quorum takes, one rejection, the end of its time, a person who cancels it. What comes
//! from outside changes the body alone; the flow's next step, which is due at once then, does what follows from it.

mod body;
mod change;
mod check;
mod decide;
mod deciders;
mod effects;
mod ids;
mod pass_on;
mod people;
mod quorum;
mod start;
mod status;
mod step;

pub use body::{Approval, Decision, Delegation, EndedBy, Way};
pub use change::{cancel, remind};
pub use check::unaskable;
pub use decide::{Deciding, Voter, decide};
pub use effects::{NOTICE_TYPE, Notice, Reason, WriteNotices, Written};
pub use ids::{APPROVAL_ACTION_IDS, approved_id, is_approved, notice_of, notice_place};
pub use pass_on::{delegate, take_back};
pub use people::{Approver, Directory, Person, UnknownApprover};
pub use start::{Asked, open, parent};
pub use status::{CannotGet, Choice, Refusal, Status};
pub use step::is_left;

use std::sync::Arc;

use acteon_core::Origin;

use crate::chain::chain_name;
use crate::kind::{InvalidBody, Kind, Looked, LooksAt, Step, is_newer};
use effects::Notices;

/// Kind of the flows of approvals.
pub struct ApprovalFlow {
    directory: Arc<dyn Directory>,
    notices: Arc<dyn WriteNotices>,
}

impl ApprovalFlow {
    /// Name of the kind.
    pub const NAME: &'static str = crate::chain::ApprovalStart::KIND;

    /// Kind that knows people by this directory, and has its messages written by this writer.
    pub fn new(directory: Arc<dyn Directory>, notices: Arc<dyn WriteNotices>) -> Self {
        Self { directory, notices }
    }
}

impl Kind for ApprovalFlow {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn origin(&self, _action: &acteon_core::ActionId) -> Origin {
        Origin::Approval
    }

    fn follows_actions(&self) -> bool {
        // What comes of a message changes nothing: who decides may have heard of it otherwise.
        false
    }

    fn waits_for_the_wall_clock(&self) -> bool {
        // Its times are counted in due time.
        false
    }

    fn is_newer(&self, body: &str) -> bool {
        is_newer(body, body::VERSION)
    }

    fn looks_at(&self, body: &str) -> Result<LooksAt, InvalidBody> {
        let parent = start::parent(body)?;
        let chain = parent.map(|parent| chain_name(&parent.chain));
        Ok(LooksAt {
            actions: Vec::new(),
            flows: chain.into_iter().collect(),
        })
    }

    fn step(&self, flow: &Looked<'_>) -> Result<Step, InvalidBody> {
        let approval = open(flow.body, &*self.directory, flow.now, flow.due_now)?;
        if approval.status == Status::Pending && !start::has_begun(flow.body)? {
            return step::first(&approval, flow);
        }
        step::step(approval, flow, &Notices::new(&*self.notices))
    }
}
