//! Changes of approvals: decided, passed on, reminded of, cancelled. The approval's own next step, due at once then, does what follows.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Caller, Origin, Outcome, Scope, Timestamp};
use acteon_flows::approval::{
    Approval, Choice, Deciding, Person, Refusal, Status, Voter, cancel, decide, delegate,
    may_delegate, remind,
};
use acteon_store::{Advance, Advanced, Expect, Flow, FlowState};

use super::links::Link;
use super::look::shown;
use super::{ApprovalError, MAX_TRIES, ShownApproval};
use crate::admit::answer::Wait;
use crate::admit::request::DispatchRequest;
use crate::shared::Gateway;

/// Longest pause before a change that others were quicker with is tried again, in milliseconds for each try before it.
const PAUSE_MS: u32 = 10;

/// Time that who approves waits for the outcome of what was approved.
const WAIT: Duration = Duration::from_secs(5);

/// Who decides, and how they reach the approval.
#[derive(Clone, Copy, Debug)]
pub enum Decider<'a> {
    /// Whoever has this link.
    Link(&'a Link<'a>),
    /// Caller of the API, and the id of the approval.
    Caller(&'a Caller, &'a str),
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
    fn voter(self) -> Voter<'a> {
        match self {
            Self::Link(link) => link.person.map_or(Voter::Anybody, Voter::Person),
            Self::Caller(caller, _) => voter(caller),
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
            .change_approval(decider, |approval, (now, due_now)| {
                let deciding = Deciding {
                    voter: decider.voter(),
                    choice,
                    comment,
                    now,
                    due_now,
                };
                Ok(decide(approval, &deciding)?)
            })
            .await?;
        let outcome = match approval.status {
            Status::Approved if approval.parent.is_none() => {
                Some(self.send_approved(&flow, &approval).await?)
            }
            _ => None,
        };
        Ok(Decided {
            shown: shown(&self.inner, &flow)?,
            outcome,
        })
    }

    /// Passes a person's decision on to another.
    pub async fn delegate_approval(
        &self,
        decider: Decider<'_>,
        to: &str,
        comment: Option<&str>,
    ) -> Result<ShownApproval, ApprovalError> {
        let (flow, _) = self
            .change_approval(decider, |approval, at| {
                // Who may not decide learns nothing of who is known.
                may_delegate(approval, decider.voter(), at.1)?;
                let to = self.person_meant(to)?;
                Ok(delegate(approval, decider.voter(), to, comment, at)?)
            })
            .await?;
        shown(&self.inner, &flow)
    }

    /// The one person that a name means.
    fn person_meant(&self, name: &str) -> Result<Person, ApprovalError> {
        let unknown = |why: String| ApprovalError::UnknownPerson(name.to_owned(), why);
        let people = self.inner.approvals.directory.resolve(name);
        let people = people.map_err(|error| unknown(error.why))?;
        let [person] = <[_; 1]>::try_from(people)
            .map_err(|_| unknown("that is not one person; name one".to_owned()))?;
        Ok(person)
    }

    /// Reminds everybody who has not decided.
    pub async fn remind_approval(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<ShownApproval, ApprovalError> {
        let (flow, _) = self
            .change_approval(Decider::Caller(caller, id), |approval, at| {
                Ok(remind(approval, at)?)
            })
            .await?;
        shown(&self.inner, &flow)
    }

    /// Ends an approval without a decision.
    pub async fn cancel_approval(
        &self,
        caller: &Caller,
        id: &str,
        why: Option<&str>,
    ) -> Result<ShownApproval, ApprovalError> {
        let (flow, _) = self
            .change_approval(Decider::Caller(caller, id), |approval, at| {
                Ok(cancel(approval, &caller.id, why, at)?)
            })
            .await?;
        shown(&self.inner, &flow)
    }

    /// Changes an approval, which is due at once then: `change` is done again where somebody else was quicker.
    async fn change_approval(
        &self,
        decider: Decider<'_>,
        change: impl Fn(&mut Approval, (Timestamp, Timestamp)) -> Result<(), ApprovalError>,
    ) -> Result<(Flow, Approval), ApprovalError> {
        let inner = &self.inner;
        for tries in 0..MAX_TRIES {
            if tries > 0 {
                let longest = Duration::from_millis((PAUSE_MS * tries).into());
                let pause = longest.mul_f64(inner.entropy.fraction());
                inner.clock.sleep(pause).await;
            }
            let (mut flow, mut approval) = match decider {
                Decider::Link(link) => self.find_linked(link).await?,
                Decider::Caller(caller, id) => {
                    self.find_approval(&Scope::of(&caller.grants), id).await?
                }
            };
            let (now, due) = (inner.clock.now(), inner.due.now());
            change(&mut approval, (now, due))?;
            flow.state = FlowState {
                status: approval.status.as_str().into(),
                body: approval.to_json()?.into(),
                due_at: Some(due),
                is_over: false,
            };
            flow.updated_at = now;
            let advance = Advance {
                key: flow.key.clone(),
                expect: Expect::Version(flow.version),
                at: now,
                due,
                state: Some(flow.state.clone()),
                admissions: Vec::new(),
                begins: Vec::new(),
                cancels: Vec::new(),
                pokes: Vec::new(),
            };
            if let Advanced::Written { .. } = inner.store.advance(advance).await? {
                inner.flow_work.notify_one();
                return Ok((flow, approval));
            }
        }
        Err(ApprovalError::Contended(match decider {
            Decider::Link(link) => link.target.id.to_owned(),
            Decider::Caller(_, id) => id.to_owned(),
        }))
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
            letter: None,
            possible_duplicate: false,
        };
        match self.dispatch_request(request, Wait::ForOutcome(WAIT)).await {
            Ok(answer) => Ok(answer.outcome),
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
