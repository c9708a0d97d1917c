//! Changes of executions from outside: a signal, a wish that one ends. The execution's own next step acts on it, at once.

use std::collections::BTreeMap;
use std::time::Duration;

use acteon_core::Scope;
use acteon_flows::chain::{Refused, cancel, set_attributes, signal};
use acteon_store::{Advance, Advanced, Expect, FlowState};
use serde_json::value::RawValue;

use super::{Execution, ExecutionError, MAX_TRIES};
use crate::offload;
use crate::shared::Gateway;

/// Longest wait for the step that ends an execution which was cancelled.
const CANCEL_WAIT: Duration = Duration::from_secs(2);

/// Pause between looks at an execution that is about to end.
const LOOK_PAUSE: Duration = Duration::from_millis(10);

impl Gateway {
    /// Tells an execution of a signal. One that its step does not wait for yet is kept until it does.
    pub async fn signal_chain(
        &self,
        scope: &Scope,
        id: &str,
        name: &str,
        payload: &RawValue,
    ) -> Result<Execution, ExecutionError> {
        let now = self.inner.clock.now();
        self.change_chain(scope, id, |body| signal(body, name, payload, now))
            .await
    }

    /// Has an execution end: what nobody has begun to send is called off.
    pub async fn cancel_chain(
        &self,
        scope: &Scope,
        id: &str,
        reason: Option<&str>,
        by: Option<&str>,
    ) -> Result<Execution, ExecutionError> {
        let now = self.inner.clock.now();
        let mut found = self
            .change_chain(scope, id, |body| cancel(body, reason, by, now))
            .await?;
        // Its next step ends it, at once: who asked is told how it stands then.
        let give_up = self.inner.clock.monotonic() + CANCEL_WAIT;
        while !found.body.status.is_over() && self.inner.clock.monotonic() < give_up {
            self.inner.clock.sleep(LOOK_PAUSE).await;
            found = self.chain(scope, id).await?;
        }
        Ok(found)
    }

    /// Gives an execution these attributes, in place of those that it has.
    pub async fn set_chain_attributes(
        &self,
        scope: &Scope,
        id: &str,
        attributes: &BTreeMap<String, String>,
    ) -> Result<Execution, ExecutionError> {
        let now = self.inner.clock.now();
        self.change_chain(scope, id, |body| set_attributes(body, attributes, now))
            .await
    }

    /// Changes the body of an execution, which is due at once then. Its steps change it too, so that it may take some tries.
    async fn change_chain(
        &self,
        scope: &Scope,
        id: &str,
        change: impl Fn(&str) -> Result<String, Refused>,
    ) -> Result<Execution, ExecutionError> {
        let inner = &self.inner;
        for tries in 0..MAX_TRIES {
            self.pause_before(tries).await;
            let (flow, _) = self.find_chain(scope, id).await?;
            let body = &flow.state.body;
            let changed = offload::by_size(body.len(), || change(body))?;
            let due = inner.due.now();
            let advance = Advance {
                key: flow.key.clone(),
                expect: Expect::Version(flow.version),
                at: inner.clock.now(),
                due,
                state: Some(FlowState {
                    body: changed.into(),
                    due_at: Some(due).filter(|_| !flow.state.is_over),
                    ..flow.state
                }),
                admissions: Vec::new(),
                begins: Vec::new(),
                cancels: Vec::new(),
                pokes: Vec::new(),
                events: Vec::new(),
            };
            if let Advanced::Written { .. } = inner.store.advance(advance).await? {
                inner.flow_work.notify_one();
                return self.chain(scope, id).await;
            }
        }
        Err(ExecutionError::Contended(id.to_owned()))
    }
}
