//! What must be true of chains, whatever happened.

use acteon_flows::chain::view::dag_of_definition;
use acteon_flows::chain::{Body, Phase, Status, StepStatus};

use crate::world::World;

/// What must be true once nothing more happens by itself.
pub(super) fn check_rest(world: &World) {
    for (name, row) in world
        .flows
        .iter()
        .filter(|(name, _)| &*name.kind == "chain")
    {
        let body = Body::parse(&row.body).expect("a body");
        if row.is_over {
            check_end(world, &body);
        } else {
            assert!(
                row.due.is_some_and(|due| due > world.due()),
                "{name:?} waits for a time: {row:?}"
            );
            check_waits(world, &body);
        }
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
