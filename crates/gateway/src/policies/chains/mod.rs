//! Definitions of chains. They belong to no namespace and tenant: rules start them for whichever action they match.

mod filed;
mod kept;
mod manage;
mod references;

pub(crate) use filed::filed;
pub(crate) use kept::Chains;
pub use manage::ChainError;
pub use references::{AskCheck, chain_problems};
