//! Steps and the ways between them, as a graph.

use serde::Serialize;

use super::detail::{child_chain, provider, sub_chain};
use crate::chain::body::Body;
use crate::chain::definition::{Definition, StepDefinition, StepKind};
use crate::chain::state::StepStatus;
use crate::kind::InvalidBody;

/// Steps and the ways between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dag {
    /// Name of the definition.
    pub chain_name: String,
    /// Id of the execution, where it is of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain_id: Option<String>,
    /// Where the execution stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Steps.
    pub nodes: Vec<Node>,
    /// Ways between them.
    pub edges: Vec<Edge>,
    /// Names of the steps that began, in their order.
    pub execution_path: Vec<String>,
}

/// Step in a graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Name of the step.
    pub name: String,
    /// What it does: `step` sends.
    pub node_type: &'static str,
    /// Provider of what it sends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Type of what it sends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_type: Option<String>,
    /// Chain that it starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_chain_name: Option<String>,
    /// Where it stands, in an execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
    /// Id of the chain that it started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub child_chain_id: Option<String>,
    /// Steps of a parallel one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parallel_children: Vec<Node>,
    /// When a parallel one succeeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_join: Option<&'static str>,
    /// Number of its attempt, in an execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Most retries, where it has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_retries: Option<u32>,
}

/// Way from a step to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// Name of the step that it leads from.
    pub source: String,
    /// Name of the step that it leads to.
    pub target: String,
    /// When it is taken; absent where always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether the execution took it.
    pub on_execution_path: bool,
}

/// Graph of a definition.
pub fn dag_of_definition(definition: &Definition) -> Dag {
    dag(definition, None)
}

/// Graph of an execution. `status` is that of the flow's row.
pub fn dag_of_execution(body: &Body, status: &str) -> Result<Dag, InvalidBody> {
    let dag = dag(body.definition()?, Some(body));
    Ok(Dag {
        chain_id: Some(body.id.clone()),
        status: Some(status.to_owned()),
        ..dag
    })
}

fn dag(definition: &Definition, body: Option<&Body>) -> Dag {
    let path = body.map_or(&[][..], |body| &body.execution_path);
    Dag {
        chain_name: definition.name.clone(),
        chain_id: None,
        status: None,
        nodes: definition
            .steps
            .iter()
            .map(|step| node(step, body))
            .collect(),
        edges: edges(definition, path),
        execution_path: path.to_vec(),
    }
}

fn node(step: &StepDefinition, body: Option<&Body>) -> Node {
    let state = body.and_then(|body| body.steps.get(&step.name));
    let status = |_| {
        state
            .map_or(StepStatus::Pending, |state| state.status)
            .as_str()
    };
    let (action_type, join) = match &step.kind {
        StepKind::Send { action_type, .. } => (Some(action_type.to_string()), None),
        StepKind::Parallel(parallel) => (None, Some(parallel.join.as_str())),
        StepKind::Timer { .. }
        | StepKind::WaitForSignal { .. }
        | StepKind::Approval { .. }
        | StepKind::SubChain { .. } => (None, None),
    };
    Node {
        name: step.name.clone(),
        node_type: step.kind.as_str(),
        provider: Some(provider(step).into_owned()).filter(|name| !name.is_empty()),
        action_type,
        sub_chain_name: sub_chain(step).map(str::to_owned),
        status: body.map(status),
        child_chain_id: body.and_then(|body| child_chain(body, step)),
        parallel_children: step
            .children()
            .iter()
            .map(|child| node(child, body))
            .collect(),
        parallel_join: join,
        attempt: state.map(|state| state.attempt),
        max_retries: step.retry.map(|retry| retry.max_retries),
    }
}

fn edges(definition: &Definition, path: &[String]) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (index, step) in definition.steps.iter().enumerate() {
        let mut add = |target: &String, label: Option<String>| {
            let is_taken = |pair: &[String]| pair[0] == step.name && pair[1] == *target;
            edges.push(Edge {
                source: step.name.clone(),
                target: target.clone(),
                label,
                on_execution_path: path.windows(2).any(is_taken),
            });
        };
        for branch in &step.branches {
            add(&branch.target, Some(branch.to_string()));
        }
        if let StepKind::WaitForSignal {
            on_timeout: Some(target),
            ..
        } = &step.kind
        {
            add(target, Some("timeout".to_owned()));
        }
        let next = definition.steps.get(index + 1).map(|step| &step.name);
        let label = (!step.branches.is_empty()).then(|| "default".to_owned());
        if let Some(next) = step.default_next.as_ref().or(next) {
            add(next, label);
        }
    }
    edges
}
