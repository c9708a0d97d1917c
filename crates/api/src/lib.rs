//! Bodies of the HTTP API, shared by the server and its clients.
//!
//! Field names are those of the wire format that the published clients read. Outcomes are `acteon_core::Outcome`.

#![deny(missing_docs)]

mod error;
mod health;

pub use error::{BatchError, ErrorBody, FieldError};
pub use health::{LaneBody, ProviderHealthBody, ProvidersHealthBody, ReadyBody};
