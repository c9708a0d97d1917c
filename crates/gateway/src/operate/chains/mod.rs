//! Executions of chains, as people look at them and change them. Each is a flow, which its own steps take on.

mod again;
mod change;
mod look;
mod seen;
mod trail;

use acteon_core::Scope;
use acteon_flows::InvalidBody;
use acteon_flows::chain::{Body, ChainFlow, Refused};
use acteon_store::{Flow, FlowKey, StoreError};

use crate::shared::Gateway;

pub use look::{ChainFilter, ChainList, ChainSummary};

/// Tries to change an execution that its own steps change too.
const MAX_TRIES: u32 = 20;

/// Why an execution of a chain was not found or changed.
#[derive(Debug, thiserror::Error)]
pub enum ExecutionError {
    /// None with this id lies within the scope.
    #[error("there is no chain {0:?}, or none that this caller may see")]
    NotFound(String),
    /// It cannot be changed as it stands.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Its own steps got there first, each time.
    #[error(
        "the chain {0:?} moved on {MAX_TRIES} times while it was to be changed; look at it, and send the request again"
    )]
    Contended(String),
    /// Its body cannot be read.
    #[error(transparent)]
    Invalid(#[from] InvalidBody),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Execution of a chain as it may be seen.
#[derive(Clone, Debug)]
pub struct Execution {
    /// Its body, without what is hidden from whoever asked.
    pub body: Body,
    /// Where it stands, as the flow's row says: it may be stuck.
    pub status: String,
}

impl Gateway {
    /// Execution with this id, as the scope may see it.
    pub async fn chain(&self, scope: &Scope, id: &str) -> Result<Execution, ExecutionError> {
        let (flow, body) = self.find_chain(scope, id).await?;
        Ok(Execution {
            body: self.seen_chain(scope, body),
            status: flow.state.status.to_string(),
        })
    }

    /// Flow and body of an execution. Who may not see the action that started it is not told that there is one.
    async fn find_chain(&self, scope: &Scope, id: &str) -> Result<(Flow, Body), ExecutionError> {
        let not_found = || ExecutionError::NotFound(id.to_owned());
        let key = FlowKey::new(ChainFlow::NAME, id);
        let flow = self.inner.store.flow(&key).await?;
        let may_see =
            |flow: &Flow| scope.covers_scope(flow.namespace.as_str(), flow.tenant.as_str());
        let flow = flow.filter(may_see).ok_or_else(not_found)?;
        let body = Body::parse(&flow.state.body)?;
        if seen::covers(scope, &body) {
            Ok((flow, body))
        } else {
            Err(not_found())
        }
    }
}
