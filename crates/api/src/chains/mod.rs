//! Chains: their definitions, and their executions.

mod definitions;
mod executions;

use serde_json::{Value, json};
use utoipa::PartialSchema;

pub use definitions::{
    ChainBranch, ChainDefinition, ChainDefinitionSummary, ChainDefinitions, ChainOnCancel,
    ChainRetry, ChainStepDefinition, ChainTimer, ChainWait,
};
pub use executions::{
    ChainAttempt, ChainDag, ChainDetail, ChainEdge, ChainFailure, ChainHistory, ChainNode,
    ChainStep, ChainStepHistory, ChainSummary, Chains, ExecutionBody, ExecutionEvent,
    ExecutionHistory, Executions, SignalSent,
};

fn reference(name: &str) -> utoipa::openapi::Ref {
    utoipa::openapi::Ref::from_schema_name(name)
}

fn anything() -> utoipa::openapi::Ref {
    reference("Anything")
}

fn parallel() -> utoipa::openapi::Ref {
    reference("ChainParallel")
}

fn steps() -> utoipa::openapi::Ref {
    reference("ChainSteps")
}

fn nodes() -> utoipa::openapi::Ref {
    reference("ChainNodes")
}

/// Schemas of the bodies.
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let list = |name: &str| {
        let items = json!({ "$ref": format!("#/components/schemas/{name}") });
        json!({ "type": "array", "items": items })
    };
    let parallel = json!({
        "description": "Steps that are done at a time.",
        "type": "object",
        "properties": {
            "join": { "type": "string", "enum": ["all", "any"], "description": "When it succeeds." },
            "on_failure": { "type": "string", "enum": ["fail_fast", "best_effort"], "description": "What becomes of the others when one fails of which all must succeed." },
            "timeout_seconds": { "type": "integer", "minimum": 1, "description": "Seconds that they may take." },
            "max_concurrency": { "type": "integer", "minimum": 1, "maximum": 20, "description": "Most of them that run at a time." },
            "steps": list("ChainStepDefinition"),
        },
        "required": ["steps"],
    });
    macro_rules! of {
        ($($body:ident),* $(,)?) => {
            vec![
                ("Anything", json!({})),
                ("ChainParallel", parallel),
                ("ChainSteps", list("ChainStep")),
                ("ChainNodes", list("ChainNode")),
                $((stringify!($body), json!($body::schema())),)*
            ]
        };
    }
    of!(
        ChainBranch,
        ChainDag,
        ChainDefinition,
        ChainDefinitionSummary,
        ChainDefinitions,
        ChainDetail,
        ChainEdge,
        ChainFailure,
        ChainNode,
        ChainOnCancel,
        ChainRetry,
        ChainStep,
        ChainStepDefinition,
        ChainSummary,
        ChainTimer,
        ChainWait,
        Chains,
        ChainAttempt,
        ChainHistory,
        ChainStepHistory,
        ExecutionBody,
        ExecutionEvent,
        ExecutionHistory,
        Executions,
        SignalSent,
    )
}
