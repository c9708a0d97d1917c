//! Reading of files that are written as those of rules are: every node has its place, and all that is wrong is told together.

pub use acteon_config::Place;

pub use crate::reader::{Fields, Reader};
pub use crate::yaml::{Node, NodeKind, subject};
