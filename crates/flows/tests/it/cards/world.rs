//! A world around the card of a person: an approval, and a service that sends the card and changes it.

use std::collections::BTreeSet;
use std::sync::Arc;

use acteon_core::{Action, ActionId, CallbackEvent, Outcome, ProviderName, Response, Timestamp};
use acteon_flows::approval::{
    Approval, ApprovalFlow, Asked, Choice, Deciding, Directory, Notice, Person, Refusal, Status,
    UnknownApprover, Voter, WriteNotices, Written, cancel, decide, open,
};
use acteon_flows::card::{Card, CardFlow, Face, Pressed, WriteCards, card_of};
use acteon_flows::{Child, ChildState, Due, Effect, InvalidBody, Kind, Looked, LookedFlow};
use acteon_schedule::Calendars;
use serde_json::json;
use serde_json::value::RawValue;

use crate::approvals::world::policy;
use crate::world::{origin, scope};

/// Id of the approval.
const ID: &str = "ap";

/// Directory of members: everybody is one of their name.
struct Members;

impl Directory for Members {
    fn resolve(&self, entry: &str) -> Result<Vec<Person>, UnknownApprover> {
        Ok(vec![Person {
            id: entry.to_owned(),
            wechat: Some(entry.to_owned()),
            ..Person::default()
        }])
    }
}

/// Writer of cards with buttons.
struct Writer;

impl WriteNotices for Writer {
    fn payload(&self, notice: &Notice<'_>) -> Result<Option<Written>, InvalidBody> {
        Ok(Some(Written {
            payload: raw(&json!({"card": notice.card})),
            is_card: notice.card.is_some(),
        }))
    }
}

impl WriteCards for Writer {
    fn handle(&self, _provider: &ProviderName, outcome: &Outcome) -> Option<String> {
        let Outcome::Executed(response) = outcome else {
            return None;
        };
        serde_json::from_str(response.body.get()).ok()
    }

    fn change(
        &self,
        _card: &Card,
        _approval: &Approval,
        face: Face,
        handle: &str,
    ) -> Option<Box<RawValue>> {
        Some(raw(&json!({"face": face, "handle": handle})))
    }

    fn link(
        &self,
        _card: &Card,
        _approval: &Approval,
    ) -> Result<Option<Box<RawValue>>, InvalidBody> {
        Ok(Some(raw(&json!({"link": true}))))
    }

    fn message(&self, _card: &Card, _approval: &Approval, face: Face) -> Option<Box<RawValue>> {
        Some(raw(&json!({"face": face})))
    }
}

fn raw(value: &serde_json::Value) -> Box<RawValue> {
    RawValue::from_string(value.to_string()).expect("JSON")
}

/// Action that a card asked for, and what became of it.
pub(super) struct Sent {
    pub(super) id: ActionId,
    payload: serde_json::Value,
    outcome: Option<Outcome>,
    possible_duplicate: bool,
}

impl Sent {
    /// Face that it brings.
    pub(super) fn face(&self) -> Option<Face> {
        serde_json::from_value(self.payload.get("face")?.clone()).ok()
    }

    /// Whether it asks by a link.
    pub(super) fn is_link(&self) -> bool {
        self.payload.get("link").is_some()
    }

    /// Handle that it uses.
    pub(super) fn handle(&self) -> Option<&str> {
        self.payload.get("handle")?.as_str()
    }

    pub(super) fn is_open(&self) -> bool {
        self.outcome.is_none()
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.outcome, Some(Outcome::Executed(_)))
    }
}

/// World around the card of `lena`.
pub(super) struct World {
    now: i64,
    approval: Approval,
    pub(super) card: String,
    body: String,
    due: Option<Timestamp>,
    pub(super) is_gone: bool,
    pub(super) sent: Vec<Sent>,
    presses: u32,
}

impl World {
    /// World in which an approval by this policy has begun; `lena` is among those who decide.
    pub(super) fn with(keys: &serde_json::Value) -> Self {
        let at = Timestamp::from_millis(1_790_000_000_000);
        let asked = Asked {
            origin: origin(&json!({"build": 7})),
            requester: "ci".into(),
            rule: "deploys".to_owned(),
            policy: policy(keys),
        };
        let approval = asked.begin(&Members, at, at);
        let kind = ApprovalFlow::new(Arc::new(Members), Arc::new(Writer));
        let (namespace, tenant) = scope();
        let body = approval.to_json().expect("a body");
        let step = kind
            .step(&Looked {
                id: ID,
                namespace: &namespace,
                tenant: &tenant,
                body: &body,
                now: at,
                due_now: at,
                children: &[],
                flows: &[],
                calendars: &Calendars::default(),
                reply: None,
            })
            .expect("a step");
        let approval = open(&step.body, &Members, at, at).expect("an approval");
        let (name, body) = step
            .effects
            .into_iter()
            .find_map(|effect| match effect {
                Effect::Begin { name, body, .. } if body.contains("\"lena\"") => Some((name, body)),
                _ => None,
            })
            .expect("a card");
        Self {
            now: at.as_millis(),
            approval,
            card: name.id.to_string(),
            body,
            due: Some(at),
            is_gone: false,
            sent: Vec::new(),
            presses: 0,
        }
    }

    pub(super) fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    pub(super) fn status(&self) -> Status {
        self.approval.status
    }

    /// Lets the card do what is due.
    pub(super) fn run(&mut self) {
        for _ in 0..10 {
            if self.is_gone || self.due.is_none_or(|due| due > self.at()) {
                return;
            }
            self.step();
        }
        panic!("it does not come to rest");
    }

    pub(super) fn pass(&mut self, seconds: i64) {
        self.now += seconds * 1000;
        let at = self.at();
        if self.status() == Status::Pending && self.approval.is_time_over(at) {
            self.approval.status = Status::Expired;
            self.approval.decided_at = Some(at);
            self.poke();
        }
        self.run();
    }

    pub(super) fn poke(&mut self) {
        self.due = Some(self.at());
    }

    fn children(&self) -> Vec<Child> {
        let child = |sent: &Sent| Child {
            id: sent.id.clone(),
            state: if sent.is_open() {
                ChildState::Open
            } else {
                ChildState::Ended
            },
            outcome: sent.outcome.clone().map(Arc::new),
            possible_duplicate: sent.possible_duplicate,
        };
        self.sent.iter().map(child).collect()
    }

    fn step(&mut self) {
        let kind = CardFlow::new(Arc::new(Members), Arc::new(Writer));
        let looks_at = kind.looks_at(&self.body).expect("what it looks at");
        let mut children = self.children();
        children.retain(|child| looks_at.actions.contains(&child.id));
        let [of_approval] = &looks_at.flows[..] else {
            panic!("it looks at its approval");
        };
        let flows = [LookedFlow {
            name: of_approval.clone(),
            status: self.status().as_str().into(),
            body: self.approval.to_json().expect("a body").into(),
            is_over: self.status() != Status::Pending,
            is_damaged: false,
        }];
        let (namespace, tenant) = scope();
        let looked = Looked {
            id: &self.card,
            namespace: &namespace,
            tenant: &tenant,
            body: &self.body,
            now: self.at(),
            due_now: self.at(),
            children: &children,
            flows: &flows,
            calendars: &Calendars::default(),
            reply: None,
        };
        let step = kind.step(&looked).expect("a step");
        let again = kind.step(&looked).expect("a step");
        assert_eq!(format!("{step:?}"), format!("{again:?}"), "computed twice");
        self.due = match step.due {
            Due::Counted(at) => Some(at),
            Due::Gone => None,
            other => panic!("a card waits for an instant of due time, not {other:?}"),
        };
        self.is_gone = step.due == Due::Gone;
        self.body = step.body;
        for effect in step.effects {
            match effect {
                Effect::Admit { action, .. } => self.admit(&action),
                other => panic!("a card has no such effect: {other:?}"),
            }
        }
    }

    fn admit(&mut self, action: &Action) {
        let known: BTreeSet<&str> = self.sent.iter().map(|sent| sent.id.as_str()).collect();
        assert!(!known.contains(action.id.as_str()), "{}", action.id);
        let is_first = card_of(action.id.as_str()).is_none();
        assert_eq!(is_first, self.sent.is_empty(), "the message, then changes");
        self.sent.push(Sent {
            id: action.id.clone(),
            payload: serde_json::from_str(action.payload.get()).expect("JSON"),
            outcome: None,
            possible_duplicate: false,
        });
    }

    /// Ends an action that was sent: it arrived, with a handle or without one, or it did not.
    pub(super) fn end(&mut self, place: usize, outcome: Outcome) {
        self.sent[place].outcome = Some(outcome);
        self.poke();
    }

    /// Has an action fail that may have arrived.
    pub(super) fn end_unknown(&mut self, place: usize) {
        self.sent[place].possible_duplicate = true;
        self.end(place, Self::failed());
    }

    pub(super) fn arrived(handle: Option<&str>) -> Outcome {
        Outcome::Executed(Response::success(raw(&json!(handle))))
    }

    pub(super) fn called_off() -> Outcome {
        Outcome::Cancelled {
            by: "gateway".into(),
            at: Timestamp::from_millis(0),
        }
    }

    pub(super) fn failed() -> Outcome {
        Outcome::Failed {
            code: "EXECUTION_FAILED".to_owned(),
            message: "60140".to_owned(),
            retryable: false,
            attempts: 1,
        }
    }

    /// A press of lena's: the handle comes first, and then the decision.
    pub(super) fn press(&mut self, choice: Choice) -> Result<(), Refusal> {
        self.presses += 1;
        let event = format!("event-{}", self.presses);
        self.press_again(choice, &event)
    }

    pub(super) fn press_again(&mut self, choice: Choice, event: &str) -> Result<(), Refusal> {
        let mut card = Card::read(&self.body).expect("a card");
        let handle = format!("handle-of-{event}");
        card.take_press(Pressed {
            event,
            handle: Some(&handle),
            at: self.at(),
        });
        self.body = card.to_json().expect("a body");
        self.poke();
        self.decide(Voter::Member("lena"), choice, Some(event))
    }

    /// A decision, by whichever way.
    pub(super) fn decide(
        &mut self,
        voter: Voter<'_>,
        choice: Choice,
        event: Option<&str>,
    ) -> Result<(), Refusal> {
        let deciding = Deciding {
            voter,
            choice,
            comment: None,
            event,
            now: self.at(),
            due_now: self.at(),
        };
        decide(&mut self.approval, &deciding)?;
        self.poke();
        Ok(())
    }

    pub(super) fn cancel(&mut self) {
        let at = (self.at(), Some(self.at()));
        if cancel(&mut self.approval, "boss", None, at).is_ok() {
            self.poke();
        }
    }

    pub(super) fn decisions(&self) -> usize {
        self.approval.decisions.len()
    }
}

/// Event with a digest, of nothing in particular.
pub(crate) fn event(digest: &str) -> CallbackEvent {
    CallbackEvent {
        digest: digest.to_owned(),
        sent_at: Timestamp::from_millis(0),
        member: Some("lena".to_owned()),
        what: acteon_core::CallbackKind::Other {
            name: "enter_agent".to_owned(),
        },
    }
}
