//! Resets: an execution that is over is done over, by one at a time.

use acteon_core::Scope;
use acteon_flows::chain::limits::MAX_RESET_DEPTH;
use acteon_flows::chain::{
    AskedReset, Body, CHAIN_IDS, ChainFlow, Lineage, Refused, Reset, Started, remember, reset,
};
use acteon_store::{Advance, Advanced, Begin, Expect, Flow, FlowKey, FlowState, StoreError};

use super::{Execution, ExecutionError, MAX_TRIES};
use crate::admit::flow_shares::taken;
use crate::offload;
use crate::shared::Gateway;

impl Gateway {
    /// Begins an execution that does one over that is over, from its beginning or from one of its steps. A request that comes again with its key is told of
    /// the execution that it made; otherwise one that is not over is in the way of another.
    pub async fn reset_chain(
        &self,
        scope: &Scope,
        id: &str,
        asked: AskedReset<'_>,
    ) -> Result<Execution, ExecutionError> {
        let inner = &self.inner;
        for tries in 0..MAX_TRIES {
            self.pause_before(tries).await;
            let (flow, _) = self.find_chain(scope, id).await?;
            // Whatever is done over leads back to it, and is written there: of two requests one finds it changed.
            let first = self.first_of(flow.clone()).await?;
            // Before, each was written to what it does over.
            let itself = (flow.key != first.key).then_some(&flow);
            for flow in itself.into_iter().chain([&first]) {
                if let Some(made) = self.made(scope, id, flow, asked).await? {
                    return Ok(made);
                }
            }
            for flow in itself.into_iter().chain([&first]) {
                self.check_nobody_does(flow).await?;
            }
            let now = inner.clock.now();
            let new_id = format!("{CHAIN_IDS}{}", inner.entropy.action_id(now));
            let (body, due) = (&flow.state.body, inner.due.now());
            let of_first = &first.state.body;
            let begin = || -> Result<_, Refused> {
                let started = reset(body, asked, new_id.clone(), now, due)?;
                Ok((started, remember(of_first, asked, new_id.clone())?))
            };
            let (started, remembered) = offload::by_size(body.len() + of_first.len(), begin)?;
            let execution = self.begin(&flow, started);
            let share: Vec<_> = taken(std::slice::from_ref(&execution)).collect();
            let advance = Advance {
                key: first.key,
                expect: Expect::Version(first.version),
                at: now,
                due,
                begins: vec![execution],
                state: Some(FlowState {
                    body: remembered.into(),
                    ..first.state
                }),
                admissions: Vec::new(),
                cancels: Vec::new(),
                pokes: Vec::new(),
                events: Vec::new(),
            };
            if let Advanced::Written { .. } = inner.store.advance(advance).await? {
                inner.flow_shares.begun(share);
                inner.flow_work.notify_one();
                return self.chain(scope, &new_id).await;
            }
        }
        Err(ExecutionError::Contended(id.to_owned()))
    }

    /// Execution that the same request made before, by what one of them remembers; `None` where it made none.
    async fn made(
        &self,
        scope: &Scope,
        id: &str,
        remembering: &Flow,
        asked: AskedReset<'_>,
    ) -> Result<Option<Execution>, ExecutionError> {
        let resets = Lineage::read(&remembering.state.body)?.resets;
        let Some(made) = asked.made(&resets)? else {
            return Ok(None);
        };
        let found = self.chain(scope, &made).await?;
        if found.body.reset_of.as_deref() == Some(id) {
            Ok(Some(found))
        } else {
            Err(Refused::OtherReset(made).into())
        }
    }

    /// Execution that an execution does over, itself or by way of others, and that does none over; of those that are still there the first.
    async fn first_of(&self, flow: Flow) -> Result<Flow, ExecutionError> {
        let mut first = flow;
        for _ in 0..MAX_RESET_DEPTH {
            let Some(above) = Lineage::read(&first.state.body)?.reset_of else {
                return Ok(first);
            };
            let key = FlowKey::new(ChainFlow::NAME, &above);
            match self.inner.store.flow(&key).await {
                // One that cannot be read is not written to, and holds nobody up.
                Ok(Some(above)) if Body::parse(&above.state.body).is_ok() => first = above,
                Ok(_) | Err(StoreError::Damaged(_)) => return Ok(first),
                Err(error) => return Err(error.into()),
            }
        }
        Err(Refused::TooDeep.into())
    }

    /// Refuses where an execution that does this one over, or does over what did so, is not over itself.
    async fn check_nobody_does(&self, flow: &Flow) -> Result<(), ExecutionError> {
        let mut last = Lineage::read(&flow.state.body)?.resets.pop();
        for _ in 0..MAX_RESET_DEPTH {
            let Some(Reset { id, .. }) = last else {
                return Ok(());
            };
            let key = FlowKey::new(ChainFlow::NAME, &id);
            last = match self.inner.store.flow(&key).await {
                Ok(Some(flow)) if flow.state.is_over => {
                    let lineage = Lineage::read(&flow.state.body);
                    lineage.ok().and_then(|mut lineage| lineage.resets.pop())
                }
                Ok(Some(flow)) => {
                    let status = flow.state.status.to_string();
                    return Err(Refused::DoneOver { id, status }.into());
                }
                // One that cannot be read is in nobody's way: it never goes on.
                Ok(None) | Err(StoreError::Damaged(_)) => None,
                Err(error) => return Err(error.into()),
            };
        }
        Err(Refused::TooDeep.into())
    }

    /// Flow of an execution that begins, in the namespace and tenant of another.
    fn begin(&self, flow: &Flow, started: Started) -> Begin {
        Begin {
            key: FlowKey {
                kind: started.name.kind,
                id: started.name.id,
            },
            namespace: flow.namespace.clone(),
            tenant: flow.tenant.clone(),
            state: FlowState {
                status: started.status.into(),
                body: started.body.into(),
                due_at: Some(self.inner.due.now()),
                is_over: false,
            },
        }
    }
}
