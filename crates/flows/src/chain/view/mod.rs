//! Executions and definitions, as people look at them.

mod actions;
mod dag;
mod detail;
mod events;
mod history;

pub use actions::actions;
pub use dag::{Dag, Edge, Node, dag_of_definition, dag_of_execution};
pub use detail::{Detail, StepDetail, Summary, detail, summary};
pub use events::{Event, events};
pub use history::{AttemptShown, History, StepHistory, history};
