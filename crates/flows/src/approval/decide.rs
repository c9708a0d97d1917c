//! Decisions of people.

use acteon_core::limits::MAX_COMMENT_BYTES;
use acteon_core::{CommentPolicy, OnTimeout, Timestamp, is_blank};

use super::body::{Approval, Decision, EndedBy, Way};
use super::people::Person;
use super::status::{Choice, Refusal, Status};

/// Person who reaches an approval, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voter<'a> {
    /// Person whose link it was.
    Person(&'a str),
    /// Whoever has a link that names nobody.
    Anybody,
    /// Member of WeChat Work, as it says: who has such a link and signed in there, or pressed a button of a card.
    Member(&'a str),
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
    /// Digest of the event that tells of it, where a service does.
    pub event: Option<&'a str>,
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
            Self::Anybody | Self::Member(_) => Way::OpenLink,
            Self::Principal(_) => Way::Api,
        }
    }

    /// Whether it is this person.
    pub(super) fn is(self, person: &Person) -> bool {
        match self {
            Self::Person(id) => person.is(id),
            Self::Member(userid) => person.is_member(userid),
            Self::Principal(name) => person.is_principal(name),
            Self::Anybody => false,
        }
    }

    /// Name of who it is, for those who are told.
    pub(super) fn shown(self) -> String {
        match self {
            Self::Person(id) | Self::Member(id) => id.to_owned(),
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
    if approval.has_event(deciding.event) {
        return Ok(());
    }
    approval.check_pending(deciding.due_now)?;
    let by = if approval.is_open_to_all() {
        match voter {
            Voter::Person(id) | Voter::Member(id) | Voter::Principal(id) => id.to_owned(),
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
        way: if deciding.event.is_some() {
            Way::Card
        } else {
            voter.way()
        },
        at: now,
        comment: comment.clone(),
        event: deciding.event.map(str::to_owned),
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

/// Comment as it is kept; one of which nobody sees anything is none.
pub(super) fn comment(written: Option<&str>) -> Result<Option<String>, Refusal> {
    let comment = written.map(str::trim).filter(|comment| !is_blank(comment));
    match comment {
        Some(comment) if comment.len() > MAX_COMMENT_BYTES => Err(Refusal::LongComment {
            bytes: comment.len(),
        }),
        comment => Ok(comment.map(str::to_owned)),
    }
}

impl Approval {
    /// Whether an event told of a decision that is counted.
    pub fn has_event(&self, event: Option<&str>) -> bool {
        let mut known = self.decisions.iter().filter_map(|it| it.event.as_deref());
        event.is_some_and(|event| known.any(|known| known == event))
    }

    /// Whether a member of the service that the messages go through is among those who were asked, or nobody is named.
    pub fn knows_member(&self, userid: &str) -> bool {
        self.is_open_to_all() || self.known().any(|person| person.is_member(userid))
    }

    /// What a person said, if they have.
    pub fn choice_of(&self, person: &Person) -> Option<Choice> {
        let mut decisions = self.decisions.iter();
        let said = decisions.find(|decision| person.is(&decision.by));
        said.map(|decision| decision.choice)
    }

    /// Refuses what comes too late, also where the step that ends it is yet to come.
    pub fn check_pending(&self, due_now: Timestamp) -> Result<(), Refusal> {
        if self.status != Status::Pending {
            return Err(Refusal::Settled(self.status));
        }
        if self.is_time_over(due_now) {
            return Err(Refusal::Settled(self.status_of_timeout()));
        }
        Ok(())
    }

    /// Whether its time is over, in due time, whatever came of it.
    pub fn is_time_over(&self, due_now: Timestamp) -> bool {
        due_now >= self.expires_due
    }

    /// What it comes to where its time is over.
    pub(super) fn status_of_timeout(&self) -> Status {
        let is_with_action = self.parent.is_none()
            && self
                .origin
                .expires_at
                .is_some_and(|end| end <= self.expires_at);
        match self.policy.on_timeout {
            // Its action is over as well, and would not be sent.
            OnTimeout::Approve if is_with_action => Status::Expired,
            OnTimeout::Approve => Status::Approved,
            OnTimeout::Reject => Status::Expired,
        }
    }

    /// Refuses who may not decide, or has decided already.
    pub fn check_voter(&self, voter: Voter<'_>, due_now: Timestamp) -> Result<(), Refusal> {
        self.check_pending(due_now)?;
        if self.is_open_to_all() {
            return Ok(());
        }
        self.decider(voter).map(drop)
    }

    /// Person who may decide, and has not.
    pub(super) fn decider(&self, voter: Voter<'_>) -> Result<&Person, Refusal> {
        if voter == Voter::Anybody {
            return Err(Refusal::NeedsPerson);
        }
        let mut deciders = self.deciders().into_iter();
        let Some(person) = deciders.find(|person| voter.is(person)) else {
            return Err(self.no_decider(voter));
        };
        if self.has_decided(person) {
            return Err(Refusal::Decided(person.id.clone()));
        }
        Ok(person)
    }

    /// Why somebody may not decide: because they asked, passed it on, lost it again, or are not named.
    fn no_decider(&self, voter: Voter<'_>) -> Refusal {
        let person = self.known().find(|person| voter.is(person));
        let is_requester = match (voter, person) {
            (_, Some(person)) => person.asked(&self.requester),
            (Voter::Principal(name), None) => self.requester.has(name),
            (Voter::Person(_) | Voter::Member(_) | Voter::Anybody, None) => false,
        };
        if is_requester && self.policy.separate {
            return Refusal::Requester(voter.shown());
        }
        if let Some(delegation) = person.and_then(|person| self.passed_on(&person.id)) {
            return Refusal::PassedOn(delegation.from.clone(), delegation.to.id.clone());
        }
        let mut got = self.delegations.iter().rev();
        match got.find(|delegation| voter.is(&delegation.to)) {
            Some(lost) => Refusal::TakenBack(lost.from.clone(), lost.to.id.clone()),
            None => Refusal::NotAnApprover(voter.shown()),
        }
    }
}
