//! Decisions of people.

use acteon_core::limits::MAX_COMMENT_BYTES;
use acteon_core::{CommentPolicy, OnTimeout, Timestamp};

use super::body::{Approval, Decision, EndedBy, Way};
use super::people::{Person, same};
use super::status::{Choice, Refusal, Status};

/// Person who reaches an approval, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voter<'a> {
    /// Person whose link it was.
    Person(&'a str),
    /// Whoever has a link that names nobody.
    Anybody,
    /// Caller of the API, by the name of its key; empty where no authentication is asked for.
    Principal(&'a str),
}

/// What a person says about an approval.
#[derive(Clone, Copy, Debug)]
pub struct Deciding<'a> {
    /// Who says it.
    pub voter: Voter<'a>,
    /// Yes or no.
    pub choice: Choice,
    /// Why, in their words.
    pub comment: Option<&'a str>,
    /// Instant of it, of the wall clock.
    pub now: Timestamp,
    /// The same instant in due time.
    pub due_now: Timestamp,
}

impl Voter<'_> {
    /// Way by which they came.
    pub(super) const fn way(self) -> Way {
        match self {
            Self::Person(_) => Way::Link,
            Self::Anybody => Way::OpenLink,
            Self::Principal(_) => Way::Api,
        }
    }

    /// Name of who it is, for those who are told.
    fn shown(self) -> String {
        match self {
            Self::Person(id) => id.to_owned(),
            Self::Anybody => "whoever has this link".to_owned(),
            Self::Principal("") => "a caller without a name".to_owned(),
            Self::Principal(name) => name.to_owned(),
        }
    }
}

/// Writes down what a person says. The approval is over with one rejection, and with the last approval that it takes.
pub fn decide(approval: &mut Approval, deciding: &Deciding<'_>) -> Result<(), Refusal> {
    let Deciding {
        voter, choice, now, ..
    } = *deciding;
    approval.check_pending(deciding.due_now)?;
    let by = if approval.is_open_to_all() {
        match voter {
            Voter::Person(id) | Voter::Principal(id) => id.to_owned(),
            Voter::Anybody => String::new(),
        }
    } else {
        approval.decider(voter)?.id.clone()
    };
    let comment = comment(deciding.comment)?;
    if comment.is_none() && approval.policy.comment == CommentPolicy::Required {
        return Err(Refusal::NeedsComment);
    }
    approval.decisions.push(Decision {
        by: by.clone(),
        choice,
        way: voter.way(),
        at: now,
        comment: comment.clone(),
    });
    approval.updated_at = now;
    let status = match choice {
        Choice::Reject => Status::Rejected,
        Choice::Approve if approval.is_approved() => Status::Approved,
        Choice::Approve => return Ok(()),
    };
    approval.end(status, (EndedBy::People, &by), comment, now);
    Ok(())
}

/// Comment as it is kept; what is blank is none.
pub(super) fn comment(written: Option<&str>) -> Result<Option<String>, Refusal> {
    let comment = written.map(str::trim).filter(|comment| !comment.is_empty());
    match comment {
        Some(comment) if comment.len() > MAX_COMMENT_BYTES => Err(Refusal::LongComment {
            bytes: comment.len(),
        }),
        comment => Ok(comment.map(str::to_owned)),
    }
}

impl Approval {
    /// Refuses what comes too late, also where the step that ends it is yet to come.
    pub(super) fn check_pending(&self, due_now: Timestamp) -> Result<(), Refusal> {
        if self.status != Status::Pending {
            return Err(Refusal::Settled(self.status));
        }
        if due_now >= self.expires_due {
            return Err(Refusal::Settled(self.status_of_timeout()));
        }
        Ok(())
    }

    /// What it comes to where its time is over.
    pub(super) const fn status_of_timeout(&self) -> Status {
        match self.policy.on_timeout {
            OnTimeout::Approve => Status::Approved,
            OnTimeout::Reject => Status::Expired,
        }
    }

    /// Person who may decide, and has not.
    pub(super) fn decider(&self, voter: Voter<'_>) -> Result<&Person, Refusal> {
        let is = |person: &Person| match voter {
            Voter::Person(id) => person.is(id),
            Voter::Principal(name) => person.is_principal(name),
            Voter::Anybody => false,
        };
        if voter == Voter::Anybody {
            return Err(Refusal::NeedsPerson);
        }
        let found = self.deciders().into_iter().find(|person| is(person));
        let Some(person) = found else {
            return Err(self.no_decider(voter, &is));
        };
        let has_decided = |decision: &Decision| same(&decision.by, &person.id);
        if self.decisions.iter().any(has_decided) {
            return Err(Refusal::Decided(person.id.clone()));
        }
        Ok(person)
    }

    /// Why somebody may not decide: because they asked, passed it on, or are not named.
    fn no_decider(&self, voter: Voter<'_>, is: &dyn Fn(&Person) -> bool) -> Refusal {
        let named = self.entries().flat_map(|entry| &entry.people);
        let of_delegations = self.delegations.iter().map(|delegation| &delegation.to);
        let person = named.chain(of_delegations).find(|person| is(person));
        let is_requester = match (voter, person) {
            (_, Some(person)) => person.asked(&self.requester),
            (Voter::Principal(name), None) => !name.is_empty() && name == self.requester,
            (Voter::Person(_) | Voter::Anybody, None) => false,
        };
        let passed_on = person.and_then(|person| self.passed_on(&person.id));
        match passed_on {
            _ if is_requester && self.policy.separate => Refusal::Requester(voter.shown()),
            Some(delegation) => {
                Refusal::PassedOn(delegation.from.clone(), delegation.to.id.clone())
            }
            None => Refusal::NotAnApprover(voter.shown()),
        }
    }
}
