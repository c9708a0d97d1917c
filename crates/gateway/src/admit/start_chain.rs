//! START A CHAIN: the outcome of an action that starts one, and the execution that begins in the commit of it.

use acteon_core::{Outcome, Requesters};
use acteon_flows::InvalidBody;
use acteon_flows::chain::{self, CHAIN_IDS, Start};
use acteon_store::{Begin, FlowKey, FlowState};

use crate::decide::plan::ChainStart;
use crate::shared::Inner;

/// Outcome of an action that starts a chain, and the first state of the execution. Its id is made here, and written with the outcome: who asks for the
/// same action again is told of the same execution.
pub(super) fn started(
    inner: &Inner,
    requester: Requesters,
    rule: Option<&str>,
    start: ChainStart,
) -> Result<(Outcome, Begin), InvalidBody> {
    let ChainStart {
        definitions,
        origin,
        starts_at,
    } = start;
    let now = inner.clock.now();
    let (at, due_at) = match starts_at {
        Some(at) => (at, inner.due.of_wall(at)),
        None => (now, inner.due.now()),
    };
    let id = format!("{CHAIN_IDS}{}", inner.entropy.action_id(now));
    let missing = || InvalidBody("its definition is not there".to_owned());
    let definition = definitions.definition().ok_or_else(missing)?;
    let outcome = Outcome::ChainStarted {
        chain_id: id.clone(),
        chain_name: definition.name.clone(),
        total_steps: definition.steps.len(),
        first_step: definition
            .steps
            .first()
            .map(|step| step.name.clone())
            .ok_or_else(missing)?,
        starts_at,
        matched_rule: rule.map(str::to_owned),
    };
    let (namespace, tenant) = (origin.namespace.clone(), origin.tenant.clone());
    let start = Start {
        id,
        definitions,
        origin,
        requester,
        is_later: starts_at.is_some(),
    };
    let started = chain::start(start, at, due_at)?;
    let begin = Begin {
        key: FlowKey {
            kind: started.name.kind,
            id: started.name.id,
        },
        namespace,
        tenant,
        state: FlowState {
            status: started.status.into(),
            body: started.body.into(),
            due_at: Some(due_at),
            is_over: false,
        },
    };
    Ok((outcome, begin))
}
