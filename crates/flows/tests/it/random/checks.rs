//! What must be true of chains, whatever happened.

use std::collections::BTreeMap;

use acteon_flows::chain::view::dag_of_definition;
use acteon_flows::chain::{Body, Phase, Status, StepKind, StepStatus};

use super::people::Told;
use crate::stepping::STUCK;
use crate::world::{World, chain_name};

/// What must be true once nothing more happens by itself.
pub(super) fn check_rest(world: &World, told: &Told) {
    for (name, row) in world
        .flows
        .iter()
        .filter(|(name, _)| &*name.kind == "chain")
    {
        let body = Body::parse(&row.body).expect("a body");
        check_signals(&body, told, row.status == STUCK);
        if row.is_over {
            check_end(world, &body);
        } else if row.status != STUCK {
            assert!(
                row.due.is_some_and(|due| due > world.due()),
                "{name:?} waits for a time: {row:?}"
            );
            check_waits(world, &body);
        }
    }
}

/// Numbers of the signals that the steps of an execution took, by their names.
pub(super) fn heard(body: &Body) -> BTreeMap<String, usize> {
    let mut heard = BTreeMap::new();
    for step in &body.definition().expect("a definition").steps {
        let state = body.steps.get(&step.name);
        let is_done = state.is_some_and(|state| state.status == StepStatus::Completed);
        if let (StepKind::WaitForSignal { signal_name, .. }, true) = (&step.kind, is_done) {
            *heard.entry(signal_name.clone()).or_default() += 1;
        }
    }
    heard
}

/// A signal that was taken is a step's, or is kept until one comes; none waits for what is there.
fn check_signals(body: &Body, told: &Told, is_stuck: bool) {
    let heard = heard(body);
    for name in ["go0", "go1"] {
        let key = (chain_name(&body.id), name.to_owned());
        let told = told.signals.get(&key).copied().unwrap_or(0);
        let heard = heard.get(name).copied().unwrap_or(0);
        let kept = body.signals.iter().filter(|kept| kept.name == name).count();
        if body.status.is_over() {
            assert!(heard <= told, "{heard} of {told} signals");
        } else {
            assert_eq!(heard + kept, told, "no signal is lost, or comes twice");
        }
        let definition = body.definition().expect("a definition");
        let waits = definition.steps.iter().any(|step| {
            let phase = body.steps.get(&step.name).and_then(|state| state.phase);
            let is_its = matches!(&step.kind, StepKind::WaitForSignal { signal_name, .. } if signal_name == name);
            is_its && matches!(phase, Some(Phase::Signal(_)))
        });
        assert!(is_stuck || !waits || kept == 0, "{name} is there");
    }
}

/// Everything that a chain waits for may come.
fn check_waits(world: &World, body: &Body) {
    let current = body.current.as_ref().expect("a step");
    assert_eq!(body.execution_path.last(), Some(current));
    assert_eq!(body.steps[current].status, StepStatus::Running);
    let definition = body.definition().expect("a definition");
    for (name, state) in &body.steps {
        assert_eq!(
            state.phase.is_some(),
            state.status == StepStatus::Running,
            "{name}"
        );
        let (index, step) = definition.step(name).expect("a step");
        match state.phase {
            None => continue,
            Some(Phase::Sent) => {
                let id = format!("{}:{name}:{}", body.id, state.attempt);
                assert!(world.is_open(&id), "{id} is waited for");
            }
            Some(Phase::Flow) => {
                let id = format!("{}:{name}", body.id);
                let found = world.flows.iter().find(|(name, _)| *name.id == id);
                assert!(
                    found.is_some_and(|(_, row)| !row.is_over),
                    "{id} is waited for"
                );
            }
            Some(Phase::Delayed(until) | Phase::Timer(until)) => assert!(until > world.due()),
            Some(Phase::Signal(until)) => {
                assert!(until.is_none_or(|until| until > world.due()));
            }
            Some(Phase::Parallel(until)) => {
                assert!(until.is_none_or(|until| until > world.due()));
                let is_running = |child: &&acteon_flows::chain::StepDefinition| {
                    body.steps
                        .get(&child.name)
                        .is_some_and(|state| state.phase.is_some())
                };
                assert!(
                    step.children().iter().any(|child| is_running(&child)),
                    "{name}"
                );
            }
        }
        assert_eq!(&definition.steps[index].name, current, "nothing else runs");
    }
}

/// A chain that is over ended as its definition says, and left nothing behind.
fn check_end(world: &World, body: &Body) {
    let definition = body.definition().expect("a definition");
    assert!(
        body.steps
            .values()
            .all(|state| state.phase.is_none() && state.status != StepStatus::Running)
    );
    let dag = dag_of_definition(definition);
    for pair in body.execution_path.windows(2) {
        assert!(
            dag.edges
                .iter()
                .any(|edge| edge.source == pair[0] && edge.target == pair[1]),
            "{pair:?} is no way"
        );
    }
    let last = body
        .execution_path
        .last()
        .and_then(|last| body.steps.get(last));
    let last = last.map(|state| state.status);
    match body.status {
        Status::Completed => {
            assert!(
                matches!(last, Some(StepStatus::Completed | StepStatus::Skipped)),
                "{last:?}"
            );
            let name = body.execution_path.last().expect("a step");
            let is_last = definition
                .steps
                .last()
                .is_some_and(|step| step.name == *name);
            assert!(is_last, "only the last step leads nowhere");
        }
        Status::Failed => assert_eq!(last, Some(StepStatus::Failed)),
        Status::TimedOut => assert!(world.due() >= body.expires_due),
        Status::Cancelled => assert!(body.cancel.is_some()),
        status => panic!("{status:?} is no end"),
    }
    // What nobody has begun to send is called off, but for what tells of a cancellation.
    let left = world.actions.iter().filter(|(id, sent)| {
        let (step, _) = id.rsplit_once(':').expect("an attempt");
        let (chain, step) = step.rsplit_once(':').expect("a step");
        sent.outcome.is_none()
            && chain == body.id
            && step != "on_cancel"
            && !world.sending.contains(*id)
    });
    assert_eq!(left.count(), 0);
    // And so is what it started.
    let below = world.flows.iter().filter(|(name, row)| {
        let is_child = name
            .id
            .rsplit_once(':')
            .is_some_and(|(chain, _)| chain == body.id);
        &*name.kind == "chain" && is_child && !row.is_over
    });
    assert_eq!(below.count(), 0);
    let told = world
        .actions
        .contains_key(&format!("{}:on_cancel:1", body.id));
    let is_told = body.status == Status::Cancelled && definition.on_cancel.is_some();
    assert_eq!(told, is_told);
}
