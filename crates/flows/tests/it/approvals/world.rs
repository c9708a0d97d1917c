//! A world around an approval: its flow, what it sent, and a clock that tests move.

use std::collections::BTreeMap;

use acteon_core::{Action, ApprovalPolicy, Namespace, Tenant, Timestamp};
use acteon_flows::approval::{
    Approval, ApprovalFlow, Asked, Choice, Deciding, Directory, Notice, Person, Refusal, Status,
    UnknownApprover, Voter, WriteNotices, Written, cancel, decide, delegate, open, remind,
    take_back,
};
use acteon_flows::{Due, Effect, InvalidBody, Kind, Looked, LookedFlow};
use acteon_schedule::Calendars;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::world::{origin, scope};

/// Due time is ahead of the wall clock by so much: what mixes them up is seen.
const AHEAD_MS: i64 = 7_000_000;
/// Id of the approval.
pub(super) const ID: &str = "ap";

/// Directory with the groups `ops` (lena, max) and `release` (max, nora); everybody else is a person of that name.
pub(crate) struct People;

impl Directory for People {
    fn resolve(&self, entry: &str) -> Result<Vec<Person>, UnknownApprover> {
        let unknown = |why: &str| UnknownApprover {
            entry: entry.to_owned(),
            why: why.to_owned(),
        };
        let names: &[&str] = match entry {
            "group:ops" => &["lena", "max"],
            "group:release" => &["max", "nora"],
            "group:empty" => &[],
            _ if entry.starts_with("group:") => return Err(unknown("is no group")),
            _ => return Ok(vec![person(entry)]),
        };
        Ok(names.iter().map(|name| person(name)).collect())
    }
}

pub(crate) fn person(entry: &str) -> Person {
    let id = entry.strip_prefix("principal:").unwrap_or(entry);
    Person {
        id: entry.to_owned(),
        principal: Some(id.to_owned()),
        ..Person::default()
    }
}

/// Writer of messages that say to whom, and why.
struct Writer;

impl WriteNotices for Writer {
    fn payload(&self, notice: &Notice<'_>) -> Result<Option<Written>, InvalidBody> {
        let to = notice.person.map(|person| &person.id);
        let text = json!({"to": to, "reason": format!("{:?}", notice.reason)});
        let raw = RawValue::from_string(text.to_string());
        let payload = raw.map_err(|error| InvalidBody(error.to_string()))?;
        Ok(Some(Written {
            payload,
            is_card: false,
        }))
    }
}

/// Kind of approvals, with these people.
pub(crate) fn people() -> ApprovalFlow {
    ApprovalFlow::new(std::sync::Arc::new(People), std::sync::Arc::new(Writer))
}

/// World in which an approval has begun.
pub(super) struct World {
    pub(super) now: i64,
    pub(super) body: String,
    due: Option<Timestamp>,
    pub(super) is_over: bool,
    /// Actions that it sent, by their ids.
    pub(super) sent: BTreeMap<String, Value>,
    pub(super) pokes: Vec<String>,
    /// Ids of the actions that were called off.
    pub(super) called_off: Vec<String>,
    pub(super) parent: Option<LookedFlow>,
}

pub(crate) fn policy(keys: &Value) -> ApprovalPolicy {
    let mut policy = json!({"notify_provider": "wx", "timeout_seconds": 600});
    for (key, value) in keys.as_object().expect("keys") {
        policy[key] = value.clone();
    }
    serde_json::from_value(policy).expect("a policy")
}

impl World {
    /// World in which `ci` has asked for an approval by a rule, with this policy.
    pub(super) fn with(keys: &Value) -> Self {
        Self::of_policy(policy(keys))
    }

    pub(super) fn of_policy(policy: ApprovalPolicy) -> Self {
        let mut world = Self::empty();
        let asked = Asked {
            origin: origin(&json!({"build": 7})),
            requester: "ci".into(),
            rule: "deploys".to_owned(),
            policy,
        };
        let approval = asked.begin(&People, world.wall(), world.due_now());
        world.body = approval.to_json().expect("a body");
        world.due = Some(world.due_now());
        world.run();
        world
    }

    /// World in which nothing has begun.
    pub(super) fn empty() -> Self {
        Self {
            now: 1_790_000_000_000,
            body: String::new(),
            due: None,
            is_over: false,
            sent: BTreeMap::new(),
            pokes: Vec::new(),
            called_off: Vec::new(),
            parent: None,
        }
    }

    pub(super) fn begin(&mut self, body: String) {
        self.body = body;
        self.due = Some(self.due_now());
        self.run();
    }

    pub(super) fn wall(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    pub(super) fn due_now(&self) -> Timestamp {
        Timestamp::from_millis(self.now + AHEAD_MS)
    }

    pub(super) fn approval(&self) -> Approval {
        open(&self.body, &People, self.wall(), self.due_now()).expect("an approval")
    }

    pub(super) fn status(&self) -> Status {
        self.approval().status
    }

    /// Lets time pass, and the approval do what is due then.
    pub(super) fn pass(&mut self, seconds: i64) {
        self.now += seconds * 1000;
        self.run();
    }

    pub(super) fn run(&mut self) {
        for _ in 0..10 {
            if self.is_over || self.due.is_none_or(|due| due > self.due_now()) {
                return;
            }
            self.step();
        }
        panic!("it does not come to rest");
    }

    pub(super) fn poke(&mut self) {
        if !self.is_over {
            self.due = Some(self.due_now());
        }
    }

    /// One step, computed twice.
    pub(super) fn step(&mut self) {
        let kind = people();
        let looks_at = kind.looks_at(&self.body).expect("what it looks at");
        assert!(looks_at.actions.is_empty());
        let flows: Vec<LookedFlow> = self
            .parent
            .iter()
            .filter(|parent| looks_at.flows.contains(&parent.name))
            .cloned()
            .collect();
        let (namespace, tenant): (Namespace, Tenant) = scope();
        let looked = Looked {
            reply: None,
            id: ID,
            namespace: &namespace,
            tenant: &tenant,
            body: &self.body,
            now: self.wall(),
            due_now: self.due_now(),
            children: &[],
            flows: &flows,
            calendars: &Calendars::default(),
        };
        let step = kind.step(&looked).expect("a step");
        let again = kind.step(&looked).expect("a step");
        assert_eq!(format!("{step:?}"), format!("{again:?}"), "computed twice");
        self.body = step.body;
        self.due = match step.due {
            Due::Counted(at) => Some(at),
            Due::Never | Due::Gone => None,
            other => panic!("an approval waits for an instant of due time, not {other:?}"),
        };
        self.is_over = step.due == Due::Never;
        assert_eq!(self.is_over, self.status() != Status::Pending);
        assert_eq!(self.status().as_str(), step.status);
        for effect in step.effects {
            match effect {
                Effect::Admit { action, .. } => self.admit(&action),
                Effect::Poke(name) => self.pokes.push(name.id.to_string()),
                Effect::Cancel(id) => {
                    let last = format!("approval:{ID}:{}:", self.approval().rounds);
                    assert!(self.is_over || !id.as_str().starts_with(&last), "{id}");
                    // Of a last round some were told, and some had decided.
                    if self.sent.contains_key(id.as_str()) {
                        self.called_off.push(id.to_string());
                    }
                }
                other => panic!("an approval has no such effect: {other:?}"),
            }
        }
    }

    fn admit(&mut self, action: &Action) {
        let mut payload: Value = serde_json::from_str(action.payload.get()).expect("JSON");
        payload["provider"] = action.provider.as_str().into();
        let before = self.sent.insert(action.id.to_string(), payload);
        assert!(before.is_none(), "{} was sent before", action.id);
    }

    /// People who were told in a round, and why.
    pub(super) fn told(&self, round: u32) -> Vec<(String, String)> {
        let prefix = format!("approval:{ID}:{round}:");
        let told = self.sent.iter().filter(|(id, _)| id.starts_with(&prefix));
        told.map(|(_, payload)| {
            let text = |key: &str| payload[key].as_str().unwrap_or("anybody").to_owned();
            (text("to"), text("reason"))
        })
        .collect()
    }

    /// What was approved, if it went.
    pub(super) fn approved(&self) -> Option<&Value> {
        self.sent.get(&format!("approval:{ID}:action"))
    }

    pub(super) fn decide(&mut self, voter: Voter<'_>, choice: Choice) -> Result<(), Refusal> {
        self.comment(voter, choice, None)
    }

    pub(super) fn comment(
        &mut self,
        voter: Voter<'_>,
        choice: Choice,
        comment: Option<&str>,
    ) -> Result<(), Refusal> {
        let (now, due_now) = (self.wall(), self.due_now());
        let deciding = Deciding {
            event: None,
            voter,
            choice,
            comment,
            now,
            due_now,
        };
        self.change(|approval| decide(approval, &deciding))
    }

    pub(super) fn delegate(&mut self, voter: Voter<'_>, to: &str) -> Result<(), Refusal> {
        let at = (self.wall(), self.due_now());
        self.change(|approval| delegate(approval, voter, person(to), None, at))
    }

    pub(super) fn take_back(&mut self, voter: Voter<'_>) -> Result<(), Refusal> {
        let at = (self.wall(), self.due_now());
        self.change(|approval| take_back(approval, voter, at))
    }

    pub(super) fn remind(&mut self) -> Result<(), Refusal> {
        let at = (self.wall(), self.due_now());
        self.change(|approval| remind(approval, at))
    }

    pub(super) fn cancel(&mut self) -> Result<(), Refusal> {
        let at = (self.wall(), Some(self.due_now()));
        self.change(|approval| cancel(approval, "boss", Some("not today"), at))
    }

    /// Changes the body from outside; nothing is due until `run`.
    fn change(
        &mut self,
        change: impl FnOnce(&mut Approval) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let mut approval = self.approval();
        change(&mut approval)?;
        self.body = approval.to_json().expect("a body");
        self.poke();
        Ok(())
    }
}
