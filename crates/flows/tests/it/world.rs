//! A world around chains: a store of actions and flows, and clocks that tests move.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Action, ActionId, Namespace, Outcome, Tenant, Timestamp};
use acteon_flows::chain::{Body, Definition, DefinitionSet, Refused, Start, signal, start};
use acteon_flows::{Child, ChildState, Due, FlowName, LookedFlow};
use serde_json::value::RawValue;
use serde_json::{Value, json};

pub(crate) use crate::written::{
    chain, executed, failed, failed_for_good, origin, read, send, step, with,
};

/// Due time is ahead of the wall clock by so much: what mixes them up is seen.
const AHEAD_MS: i64 = 7_000_000;
/// Flow as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) status: String,
    pub(crate) body: String,
    pub(crate) due: Option<Timestamp>,
    pub(crate) is_over: bool,
    /// Processes that died over its next step.
    pub(crate) deaths: u32,
}

/// Action as it is stored, with the flow that wanted it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) action: Arc<Action>,
    pub(crate) outcome: Option<Arc<Outcome>>,
    /// Flow that is poked when it is over.
    pub(crate) parent: Option<FlowName>,
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) now: i64,
    /// Milliseconds by which the wall clock was stepped. Due time does not care.
    pub(crate) wall_step: i64,
    /// Whether approvals go on by themselves, with the people of their tests. Otherwise a test says what each comes to.
    pub(crate) has_people: bool,
    pub(crate) actions: BTreeMap<String, Sent>,
    pub(crate) flows: BTreeMap<FlowName, Row>,
    pub(crate) notices: Vec<String>,
    /// Ids of the actions that somebody has begun to send: they are not called off.
    pub(crate) sending: BTreeSet<String>,
    /// Flows whose rows in the store are damaged.
    pub(crate) damaged: BTreeSet<FlowName>,
    /// Whether no action finds room.
    pub(crate) is_full: bool,
    /// Bytes of payloads and bodies that one step asked for at most.
    pub(crate) longest: usize,
}

impl World {
    /// World in which a chain has begun, with the chains that it starts.
    pub(crate) fn with(definition: &Value, others: &[Value]) -> Self {
        let origin = origin(&json!({"build": 7, "host": "db-1"}));
        Self::begun(definition, others, origin, None)
    }

    /// World in which a chain starts after some seconds.
    pub(crate) fn later(definition: &Value, seconds: u64) -> Self {
        Self::begun(definition, &[], origin(&json!({})), Some(seconds))
    }

    /// World in which a chain has begun whose action expires.
    pub(crate) fn expiring(definition: &Value) -> Self {
        let origin = origin(&json!({}));
        let expires_at = Some(Timestamp::from_millis(1_790_000_060_000));
        let origin = Action {
            expires_at,
            ..origin
        };
        Self::begun(definition, &[], origin, None)
    }

    /// World in which an action with this payload has begun a chain.
    pub(crate) fn of_payload(definition: &Value, payload: &Value) -> Self {
        Self::begun(definition, &[], origin(payload), None)
    }

    fn begun(definition: &Value, others: &[Value], origin: Action, later: Option<u64>) -> Self {
        let definition = read(definition);
        let others: Vec<Definition> = others.iter().map(read).collect();
        let find = |name: &str| others.iter().find(|other| other.name == name);
        let definitions = DefinitionSet::of(&definition, &find).expect("a set");
        let mut world = Self {
            now: 1_790_000_000_000,
            wall_step: 0,
            has_people: false,
            actions: BTreeMap::new(),
            flows: BTreeMap::new(),
            notices: Vec::new(),
            sending: BTreeSet::new(),
            damaged: BTreeSet::new(),
            is_full: false,
            longest: 0,
        };
        let begin = Start {
            id: "c".to_owned(),
            definitions,
            origin,
            requester: "ci".into(),
            is_later: later.is_some(),
        };
        let after = |now: Timestamp| now + Duration::from_secs(later.unwrap_or(0));
        let started = start(begin, after(world.wall()), after(world.due())).expect("it starts");
        world.begin(&started.name, started.status, started.body, started.due);
        world.run();
        world
    }

    pub(crate) fn wall(&self) -> Timestamp {
        Timestamp::from_millis(self.now + self.wall_step)
    }

    pub(crate) fn due(&self) -> Timestamp {
        Timestamp::from_millis(self.now + AHEAD_MS)
    }

    /// Lets time pass, and everything happen that is due then.
    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += seconds * 1000;
        self.run();
    }

    pub(crate) fn begin(&mut self, name: &FlowName, status: &str, body: String, due: Due) {
        let row = Row {
            status: status.to_owned(),
            body,
            due: self.instant(due),
            is_over: false,
            deaths: 0,
        };
        let before = self.flows.insert(name.clone(), row);
        assert!(before.is_none(), "{name:?} was begun before");
    }

    pub(crate) fn instant(&self, due: Due) -> Option<Timestamp> {
        match due {
            Due::Counted(instant) => Some(instant),
            Due::After(pause) => Some(self.due() + pause),
            Due::Poked | Due::Never | Due::Gone => None,
            Due::At(at) => panic!("a flow counts in due time, and not until {at}"),
        }
    }

    pub(crate) fn poke(&mut self, name: &FlowName) {
        let due = self.due();
        if let Some(row) = self.flows.get_mut(name).filter(|row| !row.is_over) {
            row.due = Some(due);
        }
    }

    pub(crate) fn child(&self, id: &ActionId) -> Child {
        let found = self.actions.get(id.as_str());
        Child {
            possible_duplicate: false,
            id: id.clone(),
            state: match found {
                None => ChildState::Absent,
                Some(Sent { outcome: None, .. }) => ChildState::Open,
                Some(_) => ChildState::Ended,
            },
            outcome: found.and_then(|found| found.outcome.clone()),
        }
    }

    pub(crate) fn looked(&self, name: &FlowName) -> Option<LookedFlow> {
        if self.damaged.contains(name) {
            return Some(LookedFlow::damaged(name.clone()));
        }
        self.flows.get(name).map(|row| LookedFlow {
            name: name.clone(),
            status: row.status.as_str().into(),
            body: row.body.as_str().into(),
            is_over: row.is_over,
            is_damaged: false,
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
        if let Some(parent) = sent.parent.clone() {
            self.poke(&parent);
        }
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
