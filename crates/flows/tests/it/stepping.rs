//! Steps of the flows of a world: computed twice, written with what follows from them, or lost.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::Outcome;
use acteon_flows::approval::ApprovalFlow;
use acteon_flows::chain::{Body, ChainFlow};
use acteon_flows::{Child, Due, Effect, FlowName, Kind, Looked, LookedFlow, Step};
use acteon_schedule::Calendars;

use crate::approvals::world::people;
use crate::world::{Row, Sent, World, scope};

/// Pause before a flow tries again whose actions find no room.
const NO_ROOM_PAUSE: Duration = Duration::from_secs(5);
/// Steps that one event may lead to.
const MAX_RUNS: usize = 10_000;
/// Status of a flow that cannot go on by itself.
pub(crate) const STUCK: &str = "stuck";
/// Processes that die over a flow before it is left alone.
const MAX_DEATHS: u32 = 3;

impl World {
    /// Steps all flows that are due, until none is.
    pub(crate) fn run(&mut self) {
        for _ in 0..MAX_RUNS {
            let Some(name) = self.are_due().into_iter().next() else {
                return;
            };
            self.step(&name);
        }
        panic!("the flows come to no rest");
    }

    /// Names of the flows that are due.
    pub(crate) fn are_due(&self) -> Vec<FlowName> {
        let is_due = |row: &Row| !row.is_over && row.due.is_some_and(|due| due <= self.due());
        let due = self
            .flows
            .iter()
            .filter(|(name, row)| self.kind(name).is_some() && is_due(row));
        due.map(|(name, _)| name.clone()).collect()
    }

    /// Kind of a flow that goes on by itself.
    fn kind(&self, name: &FlowName) -> Option<Box<dyn Kind>> {
        match &*name.kind {
            ChainFlow::NAME => Some(Box::new(ChainFlow)),
            ApprovalFlow::NAME if self.has_people => Some(Box::new(people())),
            _ => None,
        }
    }

    /// One step of a flow, computed twice.
    pub(crate) fn step(&mut self, name: &FlowName) {
        let step = self.compute(name);
        self.apply(name, step);
    }

    /// A process dies over the step of a flow: whatever it computed is lost. One over which several died is left alone until it is poked.
    pub(crate) fn die_over(&mut self, name: &FlowName) {
        self.compute(name);
        let row = self.flows.get_mut(name).expect("a flow");
        row.deaths += 1;
        if row.deaths >= MAX_DEATHS && !row.is_over {
            row.deaths = 0;
            STUCK.clone_into(&mut row.status);
            row.due = None;
        }
    }

    fn compute(&self, name: &FlowName) -> Step {
        let kind = self.kind(name).expect("a kind");
        let row = self.flows[name].clone();
        let looks_at = kind.looks_at(&row.body).expect("what it looks at");
        let children: Vec<Child> = looks_at.actions.iter().map(|id| self.child(id)).collect();
        let flows: Vec<LookedFlow> = looks_at
            .flows
            .iter()
            .filter_map(|name| self.looked(name))
            .collect();
        let (namespace, tenant) = scope();
        let looked = Looked {
            reply: None,
            id: &name.id,
            namespace: &namespace,
            tenant: &tenant,
            body: &row.body,
            now: self.wall(),
            due_now: self.due(),
            children: &children,
            flows: &flows,
            calendars: &Calendars::default(),
        };
        let step = kind.step(&looked).expect("a step");
        let again = kind.step(&looked).expect("a step");
        assert_eq!(format!("{step:?}"), format!("{again:?}"), "computed twice");
        step
    }

    fn apply(&mut self, name: &FlowName, step: Step) {
        if self.is_full && step.effects.iter().any(is_admission) {
            let later = self.due() + NO_ROOM_PAUSE;
            self.flows.get_mut(name).expect("a flow").due = Some(later);
            return;
        }
        if &*name.kind == ChainFlow::NAME {
            let body = Body::parse(&step.body).expect("a body");
            assert_eq!(body.to_json().as_ref(), Ok(&step.body), "read as written");
            assert_eq!(body.status.as_str(), step.status);
            assert_eq!(step.due == Due::Never, body.status.is_over());
        }
        let row = Row {
            status: step.status.to_owned(),
            body: step.body,
            due: self.instant(step.due),
            is_over: step.due == Due::Never,
            deaths: 0,
        };
        let kind = self.kind(name).expect("a kind");
        self.flows.insert(name.clone(), row);
        self.notices.extend(step.notice);
        self.longest = self.longest.max(step.effects.iter().map(bytes).sum());
        for effect in step.effects {
            match effect {
                Effect::Admit { action, since, .. } => {
                    assert_eq!(since, self.wall());
                    let sent = Sent {
                        action: Arc::clone(&action),
                        outcome: None,
                        parent: kind.follows_actions().then(|| name.clone()),
                    };
                    let before = self.actions.insert(action.id.to_string(), sent);
                    assert!(before.is_none(), "{} was admitted before", action.id);
                }
                Effect::Cancel(id) => {
                    if self.is_open(id.as_str()) && !self.sending.contains(id.as_str()) {
                        let by = "gateway".to_owned();
                        let at = self.wall();
                        self.settle(id.as_str(), Outcome::Cancelled { by, at });
                    }
                }
                Effect::Begin {
                    name,
                    status,
                    body,
                    due,
                } => self.begin(&name, status, body, due),
                Effect::Poke(name) => self.poke(&name),
                Effect::Bury { .. } => {}
            }
        }
    }
}

fn bytes(effect: &Effect) -> usize {
    match effect {
        Effect::Admit { action, .. } => action.payload.get().len(),
        Effect::Begin { body, .. } => body.len(),
        _ => 0,
    }
}

fn is_admission(effect: &Effect) -> bool {
    matches!(effect, Effect::Admit { .. })
}
