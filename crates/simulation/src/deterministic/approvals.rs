//! Checks of the approvals of a run, those of rules and those of chains.

use std::collections::{BTreeMap, BTreeSet};

use acteon_core::Outcome;
use acteon_flows::approval::{Approval, ApprovalFlow, EndedBy, Status};
use acteon_flows::chain::{Body, ChainFlow};
use acteon_store::{MemoryStore, Record};
use serde_json::Value;

use super::flows::flows;
use super::ledger::{Decided, Told};

/// Checks that every approval is over, that each decision that somebody was told counts is there and has its effect, and that what goes is what was
/// approved.
pub(super) async fn check(
    store: &MemoryStore,
    records: &[Record],
    told: &Told,
) -> Result<(), String> {
    let chains = flows(store, ChainFlow::NAME).await?;
    let chains: BTreeMap<&str, &str> = chains
        .iter()
        .map(|flow| (&*flow.key.id, &*flow.state.body))
        .collect();
    let mut approvals = BTreeMap::new();
    for flow in flows(store, ApprovalFlow::NAME).await? {
        let approval: Approval = serde_json::from_str(&flow.state.body)
            .map_err(|error| format!("{}: {error}", flow.key))?;
        if !flow.state.is_over || *flow.state.status != *approval.status.as_str() {
            return Err(format!("an approval is not over: {flow:?}"));
        }
        approvals.insert(flow.key.id.to_string(), approval);
    }
    let sent: BTreeSet<&str> = records
        .iter()
        .map(|record| record.action.id.as_str())
        .collect();
    for (id, approval) in &approvals {
        check_effect(id, approval, &sent, &chains)?;
    }
    for decided in &told.decisions {
        let approval = approvals.get(&decided.approval);
        check_decision(decided, approval)?;
    }
    check_asked(records, &approvals)
}

/// What a person was told is what stands.
fn check_decision(decided: &Decided, approval: Option<&Approval>) -> Result<(), String> {
    let lost = || format!("a decision is lost: {decided:?}, {approval:?}");
    let approval = approval.ok_or_else(lost)?;
    let is_its = |choice| choice == decided.choice;
    if !approval.decisions.iter().any(|made| is_its(made.choice)) {
        return Err(lost());
    }
    if decided.status != Status::Pending && decided.status != approval.status {
        return Err(lost());
    }
    Ok(())
}

/// Exactly what was approved goes, and a chain's step came to what people decided.
fn check_effect(
    id: &str,
    approval: &Approval,
    sent: &BTreeSet<&str>,
    chains: &BTreeMap<&str, &str>,
) -> Result<(), String> {
    let goes = sent.contains(&*format!("approval:{id}:action"));
    let Some(parent) = &approval.parent else {
        return if goes == (approval.status == Status::Approved) {
            Ok(())
        } else {
            Err(format!("its action was admitted: {goes}, {approval:?}"))
        };
    };
    let body = chains.get(&*parent.chain).ok_or("a chain is gone")?;
    let body = Body::parse(body).map_err(|error| error.to_string())?;
    let state = body.steps.get(&parent.step).ok_or("a step is gone")?;
    let came_to: Value = state
        .body
        .as_ref()
        .and_then(|body| serde_json::from_str(body.get()).ok())
        .unwrap_or(Value::Null);
    let is_its = came_to["decision"] == approval.status.as_str();
    if goes || (approval.ended_by == Some(EndedBy::People) && !is_its) {
        return Err(format!(
            "the step of {id} came to {came_to}, and people decided {approval:?}"
        ));
    }
    Ok(())
}

/// Each approval of a rule belongs to one action, and each action that waits for one has it.
fn check_asked(records: &[Record], approvals: &BTreeMap<String, Approval>) -> Result<(), String> {
    let of_rules = approvals.iter().filter(|(_, one)| one.parent.is_none());
    let mut unasked: BTreeSet<&str> = of_rules.map(|(id, _)| id.as_str()).collect();
    for record in records {
        let outcome = record.outcome.as_deref().unwrap_or_default();
        let Ok(Outcome::PendingApproval { approval_id, .. }) = serde_json::from_str(outcome) else {
            continue;
        };
        if !unasked.remove(&*approval_id) {
            return Err(format!("{} waits for no approval", record.action.id));
        }
    }
    if unasked.is_empty() {
        Ok(())
    } else {
        Err(format!("nobody asked for {unasked:?}"))
    }
}
