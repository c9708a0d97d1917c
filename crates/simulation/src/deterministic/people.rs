//! People of a run: they decide about approvals, signal and cancel chains, at random gateways, and lose answers.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Caller, Scope};
use acteon_flows::approval::{Approval, ApprovalFlow, Choice};
use acteon_flows::chain::ChainFlow;
use acteon_gateway::{Decider, Gateway};
use acteon_store::Flow;
use serde_json::value::RawValue;

use super::broken::Broken;
use super::flows::flows;
use super::ledger::{Decided, Ledger};
use super::trace::Trace;
use super::world::World;

/// Names of those who decide, where some are named.
const NAMES: [&str; 2] = ["lena", "max"];
/// Longest time that people wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Person at a gateway, who notes what they are told.
struct Person {
    gateway: Gateway,
    ledger: Arc<Ledger>,
    trace: Arc<Trace>,
}

impl World {
    /// Somebody decides about an approval that is not over; or two do at once, each in their way.
    pub(super) async fn decide(&self) -> Result<(), Broken> {
        let Some(flow) = self.some_flow(ApprovalFlow::NAME).await? else {
            return Ok(());
        };
        let parsed: Result<Approval, _> = serde_json::from_str(&flow.state.body);
        let is_open = parsed.is_ok_and(|approval| approval.is_open_to_all());
        for _ in 0..=self.below(3) / 2 {
            let Some(person) = self.person() else {
                continue;
            };
            let choice = if self.below(4) == 0 {
                Choice::Reject
            } else {
                Choice::Approve
            };
            let name = if is_open {
                ""
            } else {
                NAMES[self.below(2) as usize]
            };
            let id = flow.key.id.to_string();
            drop(tokio::spawn(person.decides(name, id, choice)));
        }
        Ok(())
    }

    /// Somebody signals a chain that is not over.
    pub(super) async fn signal(&self) -> Result<(), Broken> {
        let found = self.some_flow(ChainFlow::NAME).await?;
        if let (Some(flow), Some(person)) = (found, self.person()) {
            drop(tokio::spawn(person.signals(flow.key.id.to_string())));
        }
        Ok(())
    }

    /// Somebody cancels a chain that is not over.
    pub(super) async fn cancel_chain(&self) -> Result<(), Broken> {
        let found = self.some_flow(ChainFlow::NAME).await?;
        if let (Some(flow), Some(person)) = (found, self.person()) {
            drop(tokio::spawn(person.cancels(flow.key.id.to_string())));
        }
        Ok(())
    }

    /// Somebody looks after a flow that is stuck.
    pub(super) async fn look_after(&self, flow: &Flow) {
        let Some(gateway) = self.some_gateway() else {
            return;
        };
        let (id, everything) = (&flow.key.id, Scope::everything());
        if &*flow.key.kind == ChainFlow::NAME {
            let attributes = [("woken".to_owned(), "yes".to_owned())].into();
            drop(
                gateway
                    .set_chain_attributes(&everything, id, &attributes)
                    .await,
            );
        } else {
            drop(gateway.remind_approval(&Caller::anonymous(), id).await);
        }
        self.trace.note("looks after", 0, id);
    }

    fn person(&self) -> Option<Person> {
        Some(Person {
            gateway: self.some_gateway()?,
            ledger: Arc::clone(&self.people),
            trace: Arc::clone(&self.trace),
        })
    }

    /// Random flow of a kind that is not over; `None` where there is none.
    async fn some_flow(&self, kind: &str) -> Result<Option<Flow>, Broken> {
        let found = flows(&self.memory, kind).await;
        let mut found = found.map_err(|why| self.broken(why))?;
        found.retain(|flow| !flow.state.is_over);
        let at = self.below(found.len() as u64) as usize;
        Ok((at < found.len()).then(|| found.swap_remove(at)))
    }
}

impl Person {
    async fn decides(self, name: &'static str, id: String, choice: Choice) {
        let caller = Caller {
            id: name.into(),
            ..Caller::anonymous()
        };
        let decider = Decider::Caller(&caller, &id);
        let answer = self.gateway.decide_approval(decider, choice, None);
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        self.trace
            .note("decides", u64::from(matches!(answer, Ok(Ok(_)))), &id);
        if let Ok(Ok(decided)) = answer {
            let status = decided.shown.approval.status;
            self.ledger.lock().decisions.push(Decided {
                approval: id,
                choice,
                status,
            });
        }
    }

    async fn signals(self, id: String) {
        let everything = Scope::everything();
        let done = self
            .gateway
            .signal_chain(&everything, &id, "go", RawValue::NULL);
        let done = tokio::time::timeout(PATIENCE, done).await;
        let is_done = matches!(done, Ok(Ok(_)));
        self.trace.note("signals", u64::from(is_done), &id);
        if is_done {
            self.ledger.lock().signalled.push(id);
        }
    }

    async fn cancels(self, id: String) {
        let everything = Scope::everything();
        let done = self
            .gateway
            .cancel_chain(&everything, &id, Some("why"), Some("lena"));
        let done = tokio::time::timeout(PATIENCE, done).await;
        let is_done = matches!(done, Ok(Ok(_)));
        self.trace.note("cancels", u64::from(is_done), &id);
        if is_done {
            self.ledger.lock().cancelled.push(id);
        }
    }
}
