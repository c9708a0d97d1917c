//! Descriptions of the routes of chains: their definitions and their executions.

use super::operation::Operation;
use crate::http::chain_bodies::{CancelChain, ChainAttributes, ResetChain, SignalChain};
use crate::http::extract::scope::Scoped;
use crate::http::routes::chains::ChainsQuery;
use crate::http::routes::executions::ExecutionsQuery;

const fn on(id: &'static str, summary: &'static str, schema: &'static str) -> Operation {
    Operation::new("chains", id, summary, schema)
}

pub(in crate::http) const DEFINITIONS: Operation = on(
    "listChainDefinitions",
    "Lists definitions of chains",
    "ChainDefinitions",
);
pub(in crate::http) const DEFINITION: Operation = on(
    "getChainDefinition",
    "Shows the definition of a chain",
    "ChainDefinition",
);
pub(in crate::http) const PUT_DEFINITION: Operation = on(
    "putChainDefinition",
    "Defines a chain, or defines it differently for executions that begin from then on",
    "ChainDefinition",
)
.takes_schema("ChainDefinition")
.others(&[409]);
pub(in crate::http) const DELETE_DEFINITION: Operation = on(
    "deleteChainDefinition",
    "Deletes the definition of a chain that no rule and no other chain starts",
    "Object",
)
.no_content()
.others(&[409]);
pub(in crate::http) const DEFINITION_DAG: Operation = on(
    "getChainDefinitionDag",
    "Shows the steps of a definition, and the ways between them",
    "ChainDag",
);
pub(in crate::http) const LIST: Operation = on(
    "listChains",
    "Lists executions of chains, those that began last at the beginning",
    "Chains",
)
.query::<ChainsQuery>();
pub(in crate::http) const GET: Operation = on(
    "getChain",
    "Shows an execution of a chain with its steps",
    "ChainDetail",
)
.query::<Scoped>();
pub(in crate::http) const HISTORY: Operation = on(
    "getChainHistory",
    "Shows the attempts of an execution's steps",
    "ChainHistory",
)
.query::<Scoped>();
pub(in crate::http) const DAG: Operation = on(
    "getChainDag",
    "Shows the steps of an execution, and the ways that it took",
    "ChainDag",
)
.query::<Scoped>();
pub(in crate::http) const CANCEL: Operation = on(
    "cancelChain",
    "Ends an execution, and calls off what nobody has begun to send",
    "ChainDetail",
)
.query::<Scoped>()
.may_take::<CancelChain>()
.others(&[409]);
pub(in crate::http) const EXECUTIONS: Operation = on(
    "listExecutions",
    "Lists executions of chains, those that began last at the beginning",
    "Executions",
)
.query::<ExecutionsQuery>();
pub(in crate::http) const EXECUTION: Operation = on(
    "getExecution",
    "Shows an execution of a chain",
    "ExecutionBody",
)
.query::<Scoped>();
pub(in crate::http) const EXECUTION_HISTORY: Operation = on(
    "getExecutionHistory",
    "Tells what happened in an execution, oldest first",
    "ExecutionHistory",
)
.query::<Scoped>();
pub(in crate::http) const SIGNAL: Operation = on(
    "signalExecution",
    "Tells an execution of a signal, which is kept until its step waits for it",
    "SignalSent",
)
.query::<Scoped>()
.may_take::<SignalChain>()
.others(&[409]);
pub(in crate::http) const ATTRIBUTES: Operation = on(
    "setExecutionAttributes",
    "Keeps texts of people with an execution",
    "ExecutionBody",
)
.query::<Scoped>()
.takes::<ChainAttributes>()
.others(&[409]);
pub(in crate::http) const RESET: Operation = on(
    "resetExecution",
    "Does an execution over that is over, as a new one; with the same Idempotency-Key once",
    "ExecutionBody",
)
.headers(&["Idempotency-Key"])
.query::<Scoped>()
.may_take::<ResetChain>()
.created()
.others(&[409]);
