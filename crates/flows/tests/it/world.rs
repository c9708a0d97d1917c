//! A world around chains: a store of actions and flows, and a clock that tests move.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Action, ActionId, Namespace, Outcome, Tenant, Timestamp};
use acteon_flows::chain::{
    Body, ChainFlow, Definition, DefinitionSet, Refused, Start, signal, start,
};
use acteon_flows::{Child, ChildState, Due, Effect, FlowName, Kind, Looked, LookedFlow, Step};
use acteon_schedule::Calendars;
use serde_json::value::RawValue;
use serde_json::{Value, json};

pub(crate) use crate::written::{
    chain, executed, failed, failed_for_good, origin, read, send, step, with,
};

/// Due time is ahead of the wall clock by so much: what mixes them up is seen.
const AHEAD_MS: i64 = 7_000_000;
/// Pause before a flow tries again whose actions find no room.
const NO_ROOM_PAUSE: Duration = Duration::from_secs(5);
/// Steps that one event may lead to.
const MAX_RUNS: usize = 10_000;

/// Flow as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) status: String,
    pub(crate) body: String,
    pub(crate) due: Option<Timestamp>,
    pub(crate) is_over: bool,
}

/// Action as it is stored, with the flow that wanted it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) action: Arc<Action>,
    pub(crate) outcome: Option<Arc<Outcome>>,
    parent: FlowName,
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) now: i64,
    pub(crate) actions: BTreeMap<String, Sent>,
    pub(crate) flows: BTreeMap<FlowName, Row>,
    pub(crate) notices: Vec<String>,
    /// Ids of the actions that somebody has begun to send: they are not called off.
    pub(crate) sending: BTreeSet<String>,
    /// Whether no action finds room.
    pub(crate) is_full: bool,
    /// Bytes of payloads and bodies that one step asked for at most.
    pub(crate) longest: usize,
}

impl World {
    /// World in which a chain has begun, with the chains that it starts.
    pub(crate) fn with(definition: &Value, others: &[Value]) -> Self {
        Self::begun(
            definition,
            others,
            origin(&json!({"build": 7, "host": "db-1"})),
        )
    }

    /// World in which a chain has begun whose action expires.
    pub(crate) fn expiring(definition: &Value) -> Self {
        let origin = origin(&json!({}));
        let expires_at = Some(Timestamp::from_millis(1_790_000_060_000));
        Self::begun(
            definition,
            &[],
            Action {
                expires_at,
                ..origin
            },
        )
    }

    /// World in which an action with this payload has begun a chain.
    pub(crate) fn of_payload(definition: &Value, payload: &Value) -> Self {
        Self::begun(definition, &[], origin(payload))
    }

    fn begun(definition: &Value, others: &[Value], origin: Action) -> Self {
        let definition = read(definition);
        let others: Vec<Definition> = others.iter().map(read).collect();
        let find = |name: &str| others.iter().find(|other| other.name == name);
        let definitions = DefinitionSet::of(&definition, &find).expect("a set");
        let mut world = Self {
            now: 1_790_000_000_000,
            actions: BTreeMap::new(),
            flows: BTreeMap::new(),
            notices: Vec::new(),
            sending: BTreeSet::new(),
            is_full: false,
            longest: 0,
        };
        let begin = Start {
            id: "c".to_owned(),
            definitions,
            origin,
            requester: "ci".to_owned(),
        };
        let started = start(begin, world.wall(), world.due()).expect("it starts");
        world.begin(&started.name, started.status, started.body, started.due);
        world.run();
        world
    }

    pub(crate) fn wall(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    pub(crate) fn due(&self) -> Timestamp {
        Timestamp::from_millis(self.now + AHEAD_MS)
    }

    /// Lets time pass, and everything happen that is due then.
    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += seconds * 1000;
        self.run();
    }

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

    /// Names of the chains that are due.
    pub(crate) fn are_due(&self) -> Vec<FlowName> {
        let is_due = |row: &Row| !row.is_over && row.due.is_some_and(|due| due <= self.due());
        let due = self
            .flows
            .iter()
            .filter(|(name, row)| &*name.kind == ChainFlow::NAME && is_due(row));
        due.map(|(name, _)| name.clone()).collect()
    }

    /// One step of a flow, computed twice.
    pub(crate) fn step(&mut self, name: &FlowName) {
        let row = self.flows[name].clone();
        let looks_at = ChainFlow.looks_at(&row.body).expect("what it looks at");
        let children: Vec<Child> = looks_at.actions.iter().map(|id| self.child(id)).collect();
        let flows: Vec<LookedFlow> = looks_at
            .flows
            .iter()
            .filter_map(|name| self.looked(name))
            .collect();
        let (namespace, tenant) = scope();
        let looked = Looked {
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
        let step = ChainFlow.step(&looked).expect("a step");
        let again = ChainFlow.step(&looked).expect("a step");
        assert_eq!(format!("{step:?}"), format!("{again:?}"), "computed twice");
        self.apply(name, step);
    }

    fn apply(&mut self, name: &FlowName, step: Step) {
        if self.is_full && step.effects.iter().any(is_admission) {
            let later = self.due() + NO_ROOM_PAUSE;
            self.flows.get_mut(name).expect("a flow").due = Some(later);
            return;
        }
        let body = Body::parse(&step.body).expect("a body");
        assert_eq!(body.to_json().as_ref(), Ok(&step.body), "read as written");
        assert_eq!(body.status.as_str(), step.status);
        assert_eq!(step.due == Due::Never, body.status.is_over());
        let row = Row {
            status: step.status.to_owned(),
            body: step.body,
            due: self.instant(step.due),
            is_over: step.due == Due::Never,
        };
        self.flows.insert(name.clone(), row);
        self.notices.extend(step.notice);
        self.longest = self.longest.max(step.effects.iter().map(bytes).sum());
        for effect in step.effects {
            match effect {
                Effect::Admit { action, since } => {
                    assert_eq!(since, self.wall());
                    let sent = Sent {
                        action: Arc::clone(&action),
                        outcome: None,
                        parent: name.clone(),
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

    fn begin(&mut self, name: &FlowName, status: &str, body: String, due: Due) {
        let row = Row {
            status: status.to_owned(),
            body,
            due: self.instant(due),
            is_over: false,
        };
        let before = self.flows.insert(name.clone(), row);
        assert!(before.is_none(), "{name:?} was begun before");
    }

    fn instant(&self, due: Due) -> Option<Timestamp> {
        match due {
            Due::Counted(instant) => Some(instant),
            Due::After(pause) => Some(self.due() + pause),
            Due::Poked | Due::Never => None,
            Due::At(at) => panic!("a chain counts in due time, and not until {at}"),
        }
    }

    pub(crate) fn poke(&mut self, name: &FlowName) {
        let due = self.due();
        if let Some(row) = self.flows.get_mut(name).filter(|row| !row.is_over) {
            row.due = Some(due);
        }
    }

    fn child(&self, id: &ActionId) -> Child {
        let found = self.actions.get(id.as_str());
        Child {
            id: id.clone(),
            state: match found {
                None => ChildState::Absent,
                Some(Sent { outcome: None, .. }) => ChildState::Open,
                Some(_) => ChildState::Ended,
            },
            outcome: found.and_then(|found| found.outcome.clone()),
        }
    }

    fn looked(&self, name: &FlowName) -> Option<LookedFlow> {
        self.flows.get(name).map(|row| LookedFlow {
            name: name.clone(),
            status: row.status.as_str().into(),
            body: row.body.as_str().into(),
            is_over: row.is_over,
        })
    }

    pub(crate) fn is_open(&self, id: &str) -> bool {
        self.actions
            .get(id)
            .is_some_and(|sent| sent.outcome.is_none())
    }

    /// Ends an action, which pokes the flow that wanted it.
    pub(crate) fn settle(&mut self, id: &str, outcome: Outcome) {
        let sent = self
            .actions
            .get_mut(id)
            .unwrap_or_else(|| panic!("no {id}"));
        assert!(sent.outcome.is_none(), "{id} is over");
        sent.outcome = Some(Arc::new(outcome));
        let parent = sent.parent.clone();
        self.poke(&parent);
    }

    /// Ends an action with success, and lets everything happen that follows.
    pub(crate) fn ok(&mut self, id: &str, body: &Value) {
        self.settle(id, executed(body));
        self.run();
    }

    /// Ends an action with a failure, and lets everything happen that follows.
    pub(crate) fn fail(&mut self, id: &str) {
        self.settle(id, failed());
        self.run();
    }

    /// Decides about an approval, and lets everything happen that follows.
    pub(crate) fn decide(&mut self, id: &str, status: &str) {
        self.decided(id, status);
        self.run();
    }

    /// Decides about an approval, and lets nothing happen yet.
    pub(crate) fn decided(&mut self, id: &str, status: &str) {
        let name = approval(id);
        let row = self
            .flows
            .get_mut(&name)
            .unwrap_or_else(|| panic!("no {id}"));
        status.clone_into(&mut row.status);
        row.is_over = true;
        row.body = json!({"decided_by": "lena", "comment": "fine"}).to_string();
        let (chain, _) = id.rsplit_once(':').expect("a step");
        self.poke(&chain_name(chain));
    }

    pub(crate) fn chain(&self, id: &str) -> Body {
        Body::parse(&self.flows[&chain_name(id)].body).expect("a body")
    }

    pub(crate) fn status(&self) -> &str {
        &self.flows[&chain_name("c")].status
    }

    /// Changes a chain from outside: it is due at once then.
    pub(crate) fn change<E: std::fmt::Debug>(
        &mut self,
        id: &str,
        change: impl FnOnce(&str, Timestamp) -> Result<String, E>,
    ) -> Result<(), E> {
        let name = chain_name(id);
        let body = change(&self.flows[&name].body, self.wall())?;
        let row = self.flows.get_mut(&name).expect("a chain");
        row.body = body;
        self.poke(&name);
        self.run();
        Ok(())
    }

    /// A chain hears a signal, and everything happens that follows.
    pub(crate) fn hear(&mut self, id: &str, name: &str, payload: &Value) -> Result<(), Refused> {
        self.change(id, |body, now| signal(body, name, &raw(payload), now))
    }

    /// Ids of the actions that nobody has ended.
    pub(crate) fn open(&self) -> Vec<&str> {
        let open = self.actions.iter();
        open.filter(|(_, sent)| sent.outcome.is_none())
            .map(|(id, _)| &**id)
            .collect()
    }

    pub(crate) fn payload(&self, id: &str) -> Value {
        serde_json::from_str(self.actions[id].action.payload.get()).expect("JSON")
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

pub(crate) fn chain_name(id: &str) -> FlowName {
    acteon_flows::chain::chain_name(id)
}

pub(crate) fn approval(id: &str) -> FlowName {
    FlowName {
        kind: "approval".into(),
        id: id.into(),
    }
}

pub(crate) fn scope() -> (Namespace, Tenant) {
    let namespace = Namespace::parse("n").expect("a name");
    (namespace, Tenant::parse("t").expect("a name"))
}

pub(crate) fn raw(json: &Value) -> Box<RawValue> {
    RawValue::from_string(json.to_string()).expect("JSON")
}
