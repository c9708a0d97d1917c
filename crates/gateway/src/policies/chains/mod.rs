//! Definitions of chains. They belong to no namespace and tenant: rules start them for whichever action they match.

mod kept;
mod manage;
mod references;

pub(crate) use kept::Chains;
pub use manage::ChainError;
