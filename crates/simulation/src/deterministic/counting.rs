//! Flows that count: each sends so many actions, one after the other, and goes on only when the one before is over. Nothing wakes them but pokes, so
//! that one that gets lost stops its flow; what a flow did stands in its body, so that a step that is lost or done twice shows.

use std::collections::{BTreeMap, BTreeSet};

use acteon_core::{ActionId, Namespace, Tenant, with_causes};
use acteon_flows::RecurringFlow;
use acteon_flows::approval::ApprovalFlow;
use acteon_flows::chain::ChainFlow;
use acteon_store::{Advance, Expect, Flow, FlowKey, FlowState, Flows as _, MemoryStore, Record};
use serde_json::json;

use super::broken::Broken;
use super::clock::epoch;
use super::counting_kind::{DONE, NAME, id_of, parse};
use super::flows::flows;
use super::recurring;
use super::world::World;

impl World {
    /// Begins the flow with this number.
    pub(super) async fn count(&self, number: u64) -> Result<(), Broken> {
        let id = format!("c{number}");
        let of = 1 + self.below(5);
        let names = Namespace::parse("n").ok().zip(Tenant::parse("t").ok());
        let Some((namespace, tenant)) = names else {
            return Err(self.broken("a name is none".to_owned()));
        };
        let advance = Advance {
            key: FlowKey::new(NAME, &id),
            expect: Expect::New(namespace, tenant),
            at: self.time.wall(),
            due: epoch(),
            state: Some(FlowState {
                status: "counting".into(),
                body: json!({ "of": of, "sent": [] }).to_string().into(),
                due_at: Some(epoch()),
                is_over: false,
            }),
            admissions: Vec::new(),
            begins: Vec::new(),
            cancels: Vec::new(),
            pokes: Vec::new(),
            events: Vec::new(),
        };
        let begun = self.memory.advance(advance).await;
        begun.map_err(|error| self.broken(with_causes(&error).to_string()))?;
        self.trace.note("counts", of, &id);
        Ok(())
    }

    /// Flows of this run that are not over and should be, but for recurring actions that wait for a clock which was set back.
    pub(super) async fn open_flows(&self) -> Result<Vec<Flow>, Broken> {
        let mut open = Vec::new();
        for kind in [
            NAME,
            RecurringFlow::NAME,
            ChainFlow::NAME,
            ApprovalFlow::NAME,
        ] {
            let flows = flows(&self.memory, kind).await;
            open.extend(flows.map_err(|why| self.broken(why))?);
        }
        let wall = self.time.wall();
        open.retain(|flow| !flow.state.is_over && !recurring::waits_for_long(flow, wall));
        Ok(open)
    }
}

/// Checks that each flow did all its steps, each once and in their order, and that no action of a flow is there that none of its steps sent.
pub(super) async fn check(store: &MemoryStore, records: &[Record]) -> Result<(), String> {
    let mut sent: BTreeMap<String, &Record> = records
        .iter()
        .filter(|record| {
            record
                .parent
                .as_ref()
                .is_some_and(|flow| &*flow.kind == NAME)
        })
        .map(|record| (record.action.id.to_string(), record))
        .collect();
    for flow in flows(store, NAME).await? {
        let id = &flow.key.id;
        let body = parse(&flow.state.body).map_err(|error| error.to_string())?;
        let expected: Vec<String> = (0..body.of as usize)
            .map(|number| id_of(id, number))
            .collect();
        let found: Vec<&str> = body.sent.iter().map(ActionId::as_str).collect();
        if found != expected || &*flow.state.status != DONE || flow.owner.0 != 0 {
            return Err(format!("the flow {id} did not do its steps: {flow:?}"));
        }
        let numbers: BTreeSet<&str> = found.into_iter().collect();
        for number in numbers {
            if sent.remove(number).is_none() {
                return Err(format!(
                    "{number} was sent by its flow and is not in the journal"
                ));
            }
        }
    }
    match sent.keys().next() {
        Some(stray) => Err(format!("{stray} is in the journal and no flow sent it")),
        None => Ok(()),
    }
}
