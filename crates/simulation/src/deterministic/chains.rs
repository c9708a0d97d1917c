//! Chains of a run, which rules start: what comes of each, and of all that it sends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Caller, Origin, Outcome};
use acteon_flows::approval::{Approval, ApprovalFlow, Status as Decision};
use acteon_flows::chain::{Body, ChainFlow, Status, StepState, StepStatus};
use acteon_gateway::Wait;
use acteon_store::{Flow, MemoryStore, Record};
use serde_json::json;

use super::answer::Answer;
use super::broken::Broken;
use super::clock::epoch;
use super::flows::flows;
use super::ledger::Told;
use super::provider_names::PLAIN;
use super::trace::CANARY;
use super::world::World;

/// How much later than the clock of a run the due time may be that a gateway counts.
const APART: Duration = Duration::from_secs(5);

impl World {
    /// Posts an action that starts a chain, or that people decide about. The task returns the answer, if there is one.
    pub(super) fn begin(
        &self,
        action_type: &'static str,
        number: u64,
    ) -> Option<tokio::task::JoinHandle<Option<Answer>>> {
        let gateway = self.some_gateway()?;
        // Now and then a client asks again.
        let number = number.saturating_sub(self.below(8) / 7);
        let id = format!("{action_type}{number}");
        let posted = json!({ "id": id, "namespace": "n", "tenant": "t", "provider": PLAIN, "action_type": action_type,
            "payload": { "number": number, "secret": CANARY }, "created_at": "2026-01-01T00:00:00Z" });
        let action = serde_json::from_value(posted).ok()?;
        let trace = Arc::clone(&self.trace);
        Some(tokio::spawn(async move {
            let caller = Caller::anonymous();
            let answer = gateway.dispatch(action, Origin::Api, caller, Wait::ForCommit);
            let answer = answer.await.ok()?;
            trace.note("begins", answer.outcome.len() as u64, &id);
            Some(Answer {
                id,
                outcome: answer.outcome,
            })
        }))
    }

    /// Looks after what is stuck. Fails if an approval waits for people whose chain is over.
    pub(super) async fn check_waiting(&self) -> Result<(), Broken> {
        let chains = self.all(ChainFlow::NAME).await?;
        let approvals = self.all(ApprovalFlow::NAME).await?;
        let over: BTreeSet<&str> = chains
            .iter()
            .filter(|flow| flow.state.is_over)
            .map(|flow| &*flow.key.id)
            .collect();
        let now = epoch() + self.time.monotonic() + APART;
        let is_left = |flow: &&Flow| {
            let approval: Option<Approval> = serde_json::from_str(&flow.state.body).ok();
            let parent = approval.and_then(|approval| approval.parent);
            let waits = flow.state.due_at.is_some_and(|due| due > now);
            waits && !flow.state.is_over && parent.is_some_and(|of| over.contains(&*of.chain))
        };
        if let Some(left) = approvals.iter().find(is_left) {
            return Err(self.broken(format!("an approval waits after its chain: {left:?}")));
        }
        for flow in chains.iter().chain(&approvals) {
            if &*flow.state.status == "stuck" {
                self.look_after(flow).await;
            }
        }
        Ok(())
    }

    async fn all(&self, kind: &str) -> Result<Vec<Flow>, Broken> {
        let found = flows(&self.memory, kind).await;
        found.map_err(|why| self.broken(why))
    }
}

/// Checks that each chain ended as its definition says, that what people were told of it is true, and that it sent what its steps say, once.
pub(super) async fn check(
    store: &MemoryStore,
    records: &[Record],
    told: &Told,
) -> Result<(), String> {
    let mut bodies = BTreeMap::new();
    for flow in flows(store, ChainFlow::NAME).await? {
        let body = Body::parse(&flow.state.body).map_err(|error| error.to_string())?;
        if !flow.state.is_over || *flow.state.status != *body.status.as_str() {
            return Err(format!("a chain is not over: {flow:?}"));
        }
        bodies.insert(flow.key.id.to_string(), body);
    }
    for (id, body) in &bodies {
        check_end(body, told).map_err(|why| format!("the chain {id} {why}: {body:?}"))?;
    }
    check_sent(&bodies, records)?;
    check_started(&bodies, records)
}

fn check_end(body: &Body, told: &Told) -> Result<(), String> {
    let is_told = |list: &[String]| list.contains(&body.id);
    let is_cancelled = body.status == Status::Cancelled;
    if is_told(&told.cancelled) && !is_cancelled {
        return Err("was cancelled, and ended otherwise".to_owned());
    }
    if is_cancelled && body.cancel.is_none() {
        return Err("is cancelled, and nobody wished it".to_owned());
    }
    let expected = way(body);
    let path: Vec<&str> = body.execution_path.iter().map(String::as_str).collect();
    let is_whole = body.status == Status::Completed;
    let is_its = if is_whole {
        path == expected.0
    } else {
        expected.0.starts_with(&path)
    };
    if !is_its {
        return Err(format!("went through {path:?}, not {:?}", expected.0));
    }
    if is_whole && expected.1 {
        return Err("is completed, and a step of it failed".to_owned());
    }
    if body.status == Status::Failed && !expected.1 {
        return Err("failed, and none of its steps did".to_owned());
    }
    let waited = body.steps.get("wait").map(|step| step.status);
    if is_whole && is_told(&told.signalled) && waited != Some(StepStatus::Completed) {
        return Err("took a signal, and its step did not".to_owned());
    }
    if body.steps.values().any(|step| step.phase.is_some()) {
        return Err("is over, and a step runs".to_owned());
    }
    Ok(())
}

/// Steps that the definition leads through by what they came to, and whether it fails at the last of them.
fn way(body: &Body) -> (Vec<&'static str>, bool) {
    let status = |step: &str| body.steps.get(step).map(|step| step.status);
    let has_failed = |step: &str| status(step) == Some(StepStatus::Failed);
    if body.parent.is_some() {
        let failed = ["hold", "ask", "last"].into_iter().position(has_failed);
        let all = vec!["hold", "ask", "last"];
        return match failed {
            Some(at) => (all[..=at].to_vec(), true),
            None => (all, false),
        };
    }
    if has_failed("announce") {
        return (vec!["announce"], true);
    }
    let is_approved = body.steps.get("ask").is_some_and(approved);
    let then = if is_approved { "both" } else { "declined" };
    let mut way = vec!["announce", "ask", then, "wait"];
    if status("wait") == Some(StepStatus::Failed) {
        way.push("late");
    }
    way.push("end");
    (way, false)
}

fn approved(step: &StepState) -> bool {
    let approved = format!("\"decision\":\"{}\"", Decision::Approved);
    let body = step.body.as_ref();
    body.is_some_and(|body| body.get().contains(&approved))
}

/// Each attempt of a step that sends is one action, and no other action of a chain is there.
fn check_sent(bodies: &BTreeMap<String, Body>, records: &[Record]) -> Result<(), String> {
    let mut wanted = BTreeSet::new();
    for (id, body) in bodies {
        for (name, state) in &body.steps {
            let sends = !["ask", "both", "below", "wait", "end", "hold"].contains(&&**name);
            // One that was given up before it could begin sent nothing.
            let attempts = state.attempts.len();
            wanted.extend(
                (0..attempts)
                    .filter(|_| sends)
                    .map(|n| format!("{id}:{name}:{}", n + 1)),
            );
        }
        let is_letter = body.parent.is_none() && body.failure.is_some();
        wanted.extend(is_letter.then(|| format!("{id}:dead_letter:1")));
        let is_told = body.parent.is_none() && body.status == Status::Cancelled;
        wanted.extend(is_told.then(|| format!("{id}:on_cancel:1")));
    }
    for record in records {
        let id = record.action.id.as_str();
        let is_replay = record.action.metadata.contains_key("replayed_from");
        if id.starts_with("chain-") && !is_replay && !wanted.remove(id) {
            return Err(format!("{id} is of no step of a chain"));
        }
    }
    match wanted.first() {
        Some(lost) => Err(format!("{lost} was wanted by its chain and is not there")),
        None => Ok(()),
    }
}

/// Each chain that no other started was started by one action, and each action that started one has it.
fn check_started(bodies: &BTreeMap<String, Body>, records: &[Record]) -> Result<(), String> {
    let roots = bodies.iter().filter(|(_, body)| body.parent.is_none());
    let mut unstarted: BTreeSet<&str> = roots.map(|(id, _)| id.as_str()).collect();
    for record in records {
        let outcome = record.outcome.as_deref().unwrap_or_default();
        let Ok(Outcome::ChainStarted { chain_id, .. }) = serde_json::from_str(outcome) else {
            continue;
        };
        if !unstarted.remove(&*chain_id) {
            return Err(format!("{} started no chain", record.action.id));
        }
    }
    for (id, body) in bodies {
        let Some(parent) = &body.parent else { continue };
        let above = bodies.get(&parent.chain);
        if above.is_none_or(|above| !above.steps.contains_key(&parent.step)) {
            return Err(format!("{id} was started by no step"));
        }
    }
    if unstarted.is_empty() {
        Ok(())
    } else {
        Err(format!("nobody started {unstarted:?}"))
    }
}
