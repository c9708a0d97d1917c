//! Definition of a chain: its steps, and what follows from what.

mod approval;
mod asked;
mod branch;
mod chain;
mod check;
mod node;
mod problem;
mod read;
mod read_step;
mod references;
mod retry;
mod set;
mod step;
mod subscripts;
mod times;
mod variables;
mod ways;
mod wire;

pub use branch::{Branch, Field, Operator};
pub(crate) use chain::{DEAD_LETTER, ON_CANCEL};
pub use chain::{Definition, OnCancel, OnChainFailure};
pub use problem::Problem;
pub use references::References;
pub use retry::{Retry, Strategy};
pub use set::{DefinitionSet, NotASet};
pub use step::{Join, OnParallelFailure, OnStepFailure, Parallel, StepDefinition, StepKind};
