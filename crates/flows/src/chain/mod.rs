//! Chains: actions one after another, each with what those before it came to.
//!
//! A [`Definition`] is what a person wrote. An execution is a flow, whose [`Body`] carries the definition as it was when the execution began. It goes from step to
//! step as far as it can, and then waits: for an action, a time, a signal, or a flow that it started. A step comes once at most, so an execution ends.

mod approval;
mod begin;
mod body;
mod definition;
mod dropped;
mod end;
mod failure;
mod finish;
mod ids;
pub mod limits;
mod looks;
mod outside;
mod parallel;
mod progress;
mod render;
mod reset;
mod run;
mod started;
mod state;
mod status;
mod take_in;
pub mod view;
mod wanted;

pub use approval::ApprovalStart;
pub use body::{Body, Cancel, Parent, Reset, Signal};
pub use definition::{
    Branch, Definition, DefinitionSet, Field, Join, NotASet, OnCancel, OnChainFailure,
    OnParallelFailure, OnStepFailure, Operator, Parallel, Problem, References, Retry,
    StepDefinition, StepKind, Strategy,
};
pub use failure::Failure;
pub use ids::{
    CHAIN_IDS, action_id, begun_at, chain_name, chain_of, child_id, execution_of, is_chain_id,
    is_letter, is_of_a_chain, is_step, is_waited_for,
};
pub use outside::{Refused, Start, Started, cancel, set_attributes, signal, start};
pub use reset::{AskedReset, Lineage, remember, reset};
pub use state::{AttemptState, Phase, StepState, StepStatus};
pub use status::Status;
pub use wanted::is_wanted;

use acteon_core::Origin;

use crate::kind::{InvalidBody, Kind, Looked, LooksAt, Step, is_newer};
use looks::looks_at;
use run::Run;

/// Kind of the flows of chains.
pub struct ChainFlow;

impl ChainFlow {
    /// Name of the kind.
    pub const NAME: &'static str = ids::KIND;
}

impl Kind for ChainFlow {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn origin(&self, _action: &acteon_core::ActionId) -> Origin {
        Origin::Chain
    }

    fn follows_actions(&self) -> bool {
        true
    }

    fn waits_for_the_wall_clock(&self) -> bool {
        // Its times are counted in due time.
        false
    }

    fn is_newer(&self, body: &str) -> bool {
        is_newer(body, body::VERSION)
    }

    fn looks_at(&self, body: &str) -> Result<LooksAt, InvalidBody> {
        looks_at(&Body::parse(body)?)
    }

    fn step(&self, flow: &Looked<'_>) -> Result<Step, InvalidBody> {
        Run::new(flow)?.step()
    }
}
