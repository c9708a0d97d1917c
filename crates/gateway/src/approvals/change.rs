//! Changes of approvals: decided, passed on, reminded of, cancelled. The approval's own next step, due at once then, does what follows.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Caller, Origin, Outcome, Scope, Timestamp, with_causes};
use acteon_flows::approval::{
    Approval, Choice, Deciding, Refusal, Status, Voter, cancel, decide, is_left, remind,
};
use acteon_flows::card::Card;
use acteon_flows::chain::chain_name;
use acteon_store::{Advance, Advanced, Expect, Flow, FlowEvent, FlowState, Poke, StoreError};

use super::links::Link;
use super::look::shown;
use super::{AnyApproval, ApprovalError, Came, MAX_TRIES, ShownApproval};
use crate::admit::answer::Wait;
use crate::admit::request::DispatchRequest;
use crate::flows::events::news;
use crate::flows::look::{key, other};
use crate::flows::words::STUCK;
use crate::offload;
use crate::shared::Gateway;

/// Time that who approves waits for the outcome of what was approved.
const WAIT: Duration = Duration::from_secs(5);

/// Who decides, and how they reach the approval.
#[derive(Clone, Copy, Debug)]
pub enum Decider<'a> {
    /// Whoever has this link.
    Link(&'a Link<'a>),
    /// Caller of the API, and the id of the approval.
    Caller(&'a Caller, &'a str),
    /// Member who pressed a button of this card.
    Card(&'a str, &'a Card),
}

/// Instant of a change, by the wall clock and in due time, and how the approval is found then.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) now: Timestamp,
    pub(super) due: Timestamp,
    is_stuck: bool,
}

/// Decision that was written down.
#[derive(Clone, Debug)]
pub struct Decided {
    /// Approval as it stands now.
    pub shown: ShownApproval,
    /// Outcome of what was approved, as JSON; `None` where nothing goes.
    pub outcome: Option<Arc<str>>,
}

impl<'a> Decider<'a> {
    pub(super) fn voter(self) -> Voter<'a> {
        match self {
            Self::Link(link) => link.voter(),
            Self::Caller(caller, _) => voter(caller),
            Self::Card(member, _) => Voter::Member(member),
        }
    }

    /// Name of who decides, for the log; empty where it is not known.
    pub(super) fn name(self) -> &'a str {
        match self {
            Self::Link(link) => link.person.or(link.member).unwrap_or_default(),
            Self::Caller(caller, _) => &caller.id,
            Self::Card(member, _) => member,
        }
    }

    /// Word of the way by which they come, for the log.
    pub(super) const fn way(self) -> &'static str {
        match self {
            Self::Link(Link {
                person: Some(_), ..
            }) => "link",
            Self::Link(_) => "open_link",
            Self::Caller(..) => "api",
            Self::Card(..) => "card",
        }
    }
}

fn voter(caller: &Caller) -> Voter<'_> {
    Voter::Principal(&caller.id)
}

impl Gateway {
    /// Writes down what a person says about an approval. With the last approval that it takes what was asked for goes, and the answer has its outcome.
    pub async fn decide_approval(
        &self,
        decider: Decider<'_>,
        choice: Choice,
        comment: Option<&str>,
    ) -> Result<Decided, ApprovalError> {
        let (flow, approval) = self
            .change_approval(
                decider,
                |approval,
                 At {
                     now, due: due_now, ..
                 }| {
                    let deciding = Deciding {
                        voter: decider.voter(),
                        choice,
                        comment,
                        event: None,
                        now,
                        due_now,
                    };
                    Ok(decide(approval, &deciding)?)
                },
            )
            .await?;
        tracing::info!(approval = %flow.key.id, by = %decider.name(), way = decider.way(), decision = choice.as_str(), status = %approval.status, "somebody decided about an approval");
        let outcome = match approval.status {
            Status::Approved if approval.parent.is_none() => {
                Some(self.send_approved(&flow, &approval).await?)
            }
            _ => None,
        };
        let mut shown = shown(&self.inner, &flow)?;
        let read = |outcome: &Arc<str>| serde_json::from_str(outcome).ok();
        if let Some(outcome) = outcome.as_ref().and_then(read) {
            shown.came = Some(self.came_as_told(&shown, outcome).await);
        }
        Ok(Decided { shown, outcome })
    }

    /// What became of what was approved, with the outcome that was told. The decision stands, whatever the store answers here.
    async fn came_as_told(&self, shown: &ShownApproval, outcome: Outcome) -> Came {
        let scope = Scope::exactly(&shown.namespace, &shown.tenant);
        let known = match shown.approved_action_id() {
            Some(id) => self.came_to(&scope, &id).await.ok().flatten(),
            None => None,
        };
        Came {
            attempts: known.as_ref().map_or(0, |came| came.attempts),
            possible_duplicate: known.is_some_and(|came| came.possible_duplicate),
            outcome,
        }
    }

    /// Reminds everybody who has not decided.
    pub async fn remind_approval(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<ShownApproval, ApprovalError> {
        let (flow, _) = self
            .change_approval(Decider::Caller(caller, id), |approval, at| {
                Ok(remind(approval, (at.now, at.due))?)
            })
            .await?;
        shown(&self.inner, &flow)
    }

    /// Ends an approval without a decision, also one that is stuck.
    pub async fn cancel_approval(
        &self,
        caller: &Caller,
        id: &str,
        why: Option<&str>,
    ) -> Result<AnyApproval, ApprovalError> {
        let cancelled = self
            .change_approval(Decider::Caller(caller, id), |approval, at| {
                let due = (!at.is_stuck).then_some(at.due);
                Ok(cancel(approval, &caller.id, why, (at.now, due))?)
            })
            .await;
        let flow = match cancelled {
            Ok((flow, _)) => flow,
            Err(ApprovalError::Invalid(_)) => {
                let found = self.cancel_unreadable(caller, id).await?;
                return Ok(AnyApproval::Unreadable(found));
            }
            Err(error) => return Err(error),
        };
        tracing::info!(approval = %flow.key.id, by = %caller.id, "somebody cancelled an approval");
        Ok(AnyApproval::Read(Box::new(shown(&self.inner, &flow)?)))
    }

    /// Changes an approval, which is due at once then: `change` is done again where somebody else was quicker.
    pub(super) async fn change_approval(
        &self,
        decider: Decider<'_>,
        change: impl Fn(&mut Approval, At) -> Result<(), ApprovalError>,
    ) -> Result<(Flow, Approval), ApprovalError> {
        let inner = &self.inner;
        for tries in 0..MAX_TRIES {
            self.pause_before(tries).await;
            let (mut flow, mut approval) = match decider {
                Decider::Link(link) => self.find_linked(link).await?,
                Decider::Caller(caller, id) => {
                    self.find_approval(&Scope::of(&caller.grants), id).await?
                }
                Decider::Card(_, card) => self.find_approval_of(card).await?,
            };
            let wanted = self.check_wanted(&flow, &approval).await;
            let (now, due) = (inner.clock.now(), inner.due.now());
            let is_stuck = &*flow.state.status == STUCK;
            let changed = wanted.and_then(|()| change(&mut approval, At { now, due, is_stuck }));
            if let Err(refused) = changed {
                // Nothing came of the end of its time yet.
                let is_undone = is_stuck && approval.status == Status::Pending;
                let refused = match refused {
                    ApprovalError::Refused(Refusal::Settled(_)) if is_undone => {
                        ApprovalError::Stuck(flow.key.id.to_string())
                    }
                    refused => refused,
                };
                self.wake(flow, &approval).await;
                return Err(refused);
            }
            let body = approval.to_json()?;
            let events = news(&flow, &body);
            flow.state = FlowState {
                status: approval.status.as_str().into(),
                body: body.into(),
                due_at: Some(due),
                is_over: false,
            };
            flow.updated_at = now;
            if self.write_approval(&flow, &approval, events).await? {
                return Ok((flow, approval));
            }
        }
        Err(ApprovalError::Contended(match decider {
            Decider::Link(link) => link.target.id.to_owned(),
            Decider::Caller(_, id) => id.to_owned(),
            Decider::Card(_, card) => card.approval.clone(),
        }))
    }

    /// Refuses what comes when the chain does not wait for the approval any more, also where the step that ends it is yet to come: who was told that their
    /// decision counts would be told wrong. The chain's end raises the approval's version, so that none comes in between.
    async fn check_wanted(&self, flow: &Flow, approval: &Approval) -> Result<(), ApprovalError> {
        let Some(parent) = &approval.parent else {
            return Ok(());
        };
        let chain = other(&self.inner, flow, chain_name(&parent.chain)).await?;
        if approval.status == Status::Pending && is_left(approval, chain.as_ref()) {
            return Err(Refusal::Settled(Status::Cancelled).into());
        }
        Ok(())
    }

    /// Lets an approval try again that is stuck, since somebody looks after it: what was decided happens, although nothing can be changed any more. Where
    /// that cannot be written, they come once more.
    async fn wake(&self, mut flow: Flow, approval: &Approval) {
        if &*flow.state.status != STUCK {
            return;
        }
        flow.state.status = approval.status.as_str().into();
        flow.state.due_at = Some(self.inner.due.now());
        if let Err(error) = self.write_approval(&flow, approval, Vec::new()).await {
            tracing::warn!(flow = %flow.key, error = %with_causes(&error), "an approval that is stuck could not be tried again");
        }
    }

    /// Writes the state of an approval that was changed; `false` where somebody was quicker. Its chain is poked where it is decided: a step of it that was
    /// computed before is not written then, and the next one reads the decision.
    async fn write_approval(
        &self,
        flow: &Flow,
        approval: &Approval,
        events: Vec<FlowEvent>,
    ) -> Result<bool, StoreError> {
        let due_at = self.inner.due.now();
        let is_decided = approval.status != Status::Pending;
        let chain = approval.parent.iter().filter(|_| is_decided);
        let chains = chain.map(|parent| chain_name(&parent.chain));
        // Cards say how it stands. One whose name cannot be told is none.
        let cards = approval.card_names(&flow.key.id).unwrap_or_default();
        let pokes = chains.chain(cards).map(|name| Poke {
            flow: key(&name),
            due_at,
        });
        let advance = Advance {
            key: flow.key.clone(),
            expect: Expect::Version(flow.version),
            at: flow.updated_at,
            due: due_at,
            state: Some(flow.state.clone()),
            admissions: Vec::new(),
            begins: Vec::new(),
            cancels: Vec::new(),
            pokes: pokes.collect(),
            events,
        };
        let written = matches!(
            self.inner.store.advance(advance).await?,
            Advanced::Written { .. }
        );
        if written {
            self.inner.flow_work.notify_one();
        }
        Ok(written)
    }

    /// Sends what was approved, and waits for its outcome. The approval's step sends it too, under the same id: whoever comes first does it, and it goes
    /// although this process dies here.
    async fn send_approved(
        &self,
        flow: &Flow,
        approval: &Approval,
    ) -> Result<Arc<str>, ApprovalError> {
        let action = approval.approved_action(&flow.key.id)?;
        let id = action.id.clone();
        let request = DispatchRequest {
            action,
            origin: Origin::Approval,
            caller: Caller::gateway(),
            requester: approval.requester.clone(),
            letter: None,
            possible_duplicate: false,
        };
        match self.dispatch_request(request, Wait::ForOutcome(WAIT)).await {
            // A service's answer may repeat what is hidden, and who decides is not who posted it.
            Ok(answer) => Ok(offload::by_size(
                approval.origin.payload.get().len(),
                || {
                    let redaction = &self.inner.options.redaction;
                    redaction.answer(&approval.origin, answer).outcome
                },
            )),
            // The decision stands, and the step goes on with it.
            Err(error) => {
                tracing::warn!(action = %id, %error, "what was approved waits to be sent");
                let outcome = Outcome::Scheduled {
                    action_id: id,
                    scheduled_for: self.inner.clock.now(),
                    attempts: 0,
                    last_error: None,
                };
                Ok(outcome.to_json())
            }
        }
    }
}

impl ApprovalError {
    /// Status of an approval that is over, where that is why it was not changed.
    pub fn settled(&self) -> Option<Status> {
        match self {
            Self::Refused(Refusal::Settled(status)) => Some(*status),
            _ => None,
        }
    }
}
