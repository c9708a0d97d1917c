//! Decisions that people pass on to others, and take back.

use acteon_core::PRINCIPAL;
use acteon_flows::approval::{CannotGet, Person, Refusal as Unchanged, delegate, take_back};

use super::asking::is_strange;
use super::change::Decider;
use super::look::shown;
use super::notices::can_be_told;
use super::{ApprovalError, ShownApproval};
use crate::shared::Gateway;

/// Refuses a link that names nobody, whoever signed in by it: it is handed on from program to program.
fn check_own(decider: Decider<'_>) -> Result<(), Unchanged> {
    match decider {
        Decider::Link(link) if link.person.is_none() && link.member.is_some() => {
            Err(Unchanged::NeedsPerson)
        }
        Decider::Link(_) | Decider::Caller(..) | Decider::Card(..) => Ok(()),
    }
}

impl Gateway {
    /// Passes a person's decision on to another.
    pub async fn delegate_approval(
        &self,
        decider: Decider<'_>,
        to: &str,
        comment: Option<&str>,
    ) -> Result<ShownApproval, ApprovalError> {
        let (flow, _) = self
            .change_approval(decider, |approval, at| {
                check_own(decider)?;
                // Who may not decide learns nothing of who is known.
                approval.check_voter(decider.voter(), at.due)?;
                let to = self.person_meant(to)?;
                let times = (at.now, at.due);
                delegate(approval, decider.voter(), to.clone(), comment, times)?;
                // A key gets no message everywhere, and need not: who named it knows that it looks.
                let is_key = to.id.starts_with(PRINCIPAL);
                if is_key || can_be_told(&self.inner.providers, approval, &to) {
                    return Ok(());
                }
                Err(Unchanged::CannotPassOn(to.id, CannotGet::Unreached).into())
            })
            .await?;
        tracing::info!(approval = %flow.key.id, by = %decider.name(), way = decider.way(), to, "somebody passed on their decision about an approval");
        shown(&self.inner, &flow)
    }

    /// Takes back what a person passed on, while nobody has decided in their place.
    pub async fn take_back_approval(
        &self,
        decider: Decider<'_>,
    ) -> Result<ShownApproval, ApprovalError> {
        let (flow, _) = self
            .change_approval(decider, |approval, at| {
                check_own(decider)?;
                Ok(take_back(approval, decider.voter(), (at.now, at.due))?)
            })
            .await?;
        tracing::info!(approval = %flow.key.id, by = %decider.name(), way = decider.way(), "somebody took back a decision about an approval");
        shown(&self.inner, &flow)
    }

    /// The one person that a name means.
    fn person_meant(&self, name: &str) -> Result<Person, ApprovalError> {
        let unknown = |why: String| ApprovalError::UnknownPerson(name.to_owned(), why);
        if is_strange(&self.inner.policies.load().directory, name) {
            // Who passes it on is there to correct a name; who wrote a rule is not.
            return Err(unknown("there is no such person".to_owned()));
        }
        let people = self.inner.approvals.directory.resolve(name);
        let people = people.map_err(|error| unknown(error.why))?;
        let [person] = <[_; 1]>::try_from(people)
            .map_err(|_| unknown("that is not one person; name one".to_owned()))?;
        let key = person.id.strip_prefix(PRINCIPAL);
        if key.is_some_and(|key| !self.inner.options.approvals.key_names.has(key)) {
            return Err(unknown("no API key has this name".to_owned()));
        }
        Ok(person)
    }
}
