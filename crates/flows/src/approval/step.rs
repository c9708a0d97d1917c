//! Steps of approvals: what time brings, who is told, and what follows from the end.

use std::time::Duration;

use acteon_core::CommentPolicy;

use super::body::{Approval, EndedBy};
use super::effects::{Notice, Notices, Reason, approved};
use super::ids::notice_id;
use super::people::{Person, same};
use super::status::Status;
use crate::card::{card_id, card_name};
use crate::chain::{chain_name, is_wanted};
use crate::kind::{Due, Effect, FlowName, InvalidBody, Looked, LookedFlow, Step};

/// First step of an approval that a chain began: who decides, and by when, is written by itself. Its times run from here on, also where its messages find
/// no room.
pub(super) fn first(approval: &Approval, flow: &Looked<'_>) -> Result<Step, InvalidBody> {
    Ok(Step {
        status: approval.status.as_str(),
        body: approval.to_json()?,
        due: Due::Counted(flow.due_now),
        effects: Vec::new(),
        notice: None,
    })
}

/// Next step of an approval.
pub(super) fn step(
    mut approval: Approval,
    flow: &Looked<'_>,
    notices: &Notices<'_>,
) -> Result<Step, InvalidBody> {
    approval.by_time(flow);
    let (mut notice, mut goes_on) = (None, false);
    let effects = if approval.status == Status::Pending {
        let is_escalated = approval.escalate(flow);
        goes_on = is_escalated;
        if is_escalated {
            notice = Some(format!(
                "the approval {} is escalated: nobody has decided",
                flow.id
            ));
        }
        if is_escalated {
            // In a step of its own: they decide over the API although their messages may find no room.
            Vec::new()
        } else {
            approval.tell(flow, notices)?
        }
    } else {
        if approval.ended_by == Some(EndedBy::Fault) {
            let why = approval.comment.as_deref().unwrap_or("its policy is wrong");
            notice = Some(format!(
                "the approval {} could not be asked for: {why}",
                flow.id
            ));
        }
        approval.follow(flow)?
    };
    Ok(Step {
        status: approval.status.as_str(),
        body: approval.to_json()?,
        due: if goes_on {
            Due::Counted(flow.due_now)
        } else {
            approval.due()
        },
        effects,
        notice,
    })
}

/// Whether the chain that an approval is part of does not wait for it any more. `chain` is that chain, where it is there.
pub fn is_left(approval: &Approval, chain: Option<&LookedFlow>) -> bool {
    let parent = approval.parent.as_ref();
    parent.is_some_and(|parent| !is_wanted(chain, &parent.step))
}

impl Approval {
    /// Whether a flow is the chain that it is part of.
    fn is_of(&self, flow: &LookedFlow) -> bool {
        let parent = self.parent.as_ref();
        parent.is_some_and(|parent| flow.name == chain_name(&parent.chain))
    }

    /// Ends it where nobody waits for it any more, or its time is over.
    fn by_time(&mut self, flow: &Looked<'_>) {
        if self.status != Status::Pending {
            return;
        }
        let chain = flow.flows.iter().find(|other| self.is_of(other));
        if is_left(self, chain) {
            self.end(Status::Cancelled, (EndedBy::Chain, ""), None, flow.now);
        } else if flow.due_now >= self.expires_due {
            let status = self.status_of_timeout();
            self.end(status, (EndedBy::Timeout, ""), None, flow.now);
        }
    }

    /// Lets further people decide, where it is time for that.
    fn escalate(&mut self, flow: &Looked<'_>) -> bool {
        let is_due = self.escalate_due.is_some_and(|due| due <= flow.due_now);
        if is_due {
            // Whoever had it from somebody before, and lost it, is told anew.
            self.forget_who_lost_it();
            self.escalate_due = None;
            self.escalated_at = Some(flow.now);
            self.updated_at = flow.now;
        }
        is_due
    }

    /// Tells those who may decide and were not told yet, and reminds the others where it is time for that.
    fn tell(
        &mut self,
        flow: &Looked<'_>,
        notices: &Notices<'_>,
    ) -> Result<Vec<Effect>, InvalidBody> {
        let is_reminder = self.take_reminder(flow);
        let Some(provider) = self.policy.notify_provider.clone() else {
            return Ok(Vec::new());
        };
        let mut effects = Vec::new();
        let (mut told, mut cards) = (self.told.clone(), Vec::new());
        for person in self.to_tell() {
            let id = person.map_or("", |person| person.id.as_str());
            let known = told.iter().position(|other| same(other, id));
            let (at, round, reason) = match known {
                None => {
                    told.push(id.to_owned());
                    (told.len() - 1, 0, self.reason(id))
                }
                Some(at) if is_reminder => {
                    // A message that still waits, for a provider or the end of a silence, would come with this one.
                    for before in self.rounds_before() {
                        effects.push(Effect::Cancel(notice_id(flow.id, before, at)?));
                    }
                    (at, self.rounds, Reason::Reminded)
                }
                Some(_) => continue,
            };
            // Who has to say why writes that on the page, and reminders have a link: only one card a person is to be kept right.
            let asks_by_card = round == 0 && self.policy.comment != CommentPolicy::Required;
            let card = notice_id(flow.id, round, at)?;
            let card = card_id(card.as_str()).filter(|_| asks_by_card);
            let notice = Notice {
                id: flow.id,
                approval: self,
                provider: &provider,
                person,
                reason,
                card: card.as_deref(),
            };
            if let Some((effect, is_card)) = notices.notice(flow, &notice, (round, at))? {
                effects.push(effect);
                cards.extend(is_card.then_some(at));
            }
        }
        if told.len() > self.told.len() {
            self.updated_at = flow.now;
        }
        self.told = told;
        self.cards.extend(cards);
        Ok(effects)
    }

    /// Those who may decide and have not; `None` stands for whoever has the link.
    pub fn to_tell(&self) -> Vec<Option<&Person>> {
        if self.is_open_to_all() {
            return vec![None];
        }
        let mut open = self.deciders();
        open.retain(|person| !self.has_decided(person));
        open.into_iter().map(Some).collect()
    }

    /// Why a person is told for the first time.
    fn reason(&self, id: &str) -> Reason {
        let mut further = self.escalation.iter().flat_map(|entry| &entry.people);
        if self.escalated_at.is_some() && further.any(|person| person.is(id)) {
            Reason::Escalated
        } else {
            Reason::Asked
        }
    }

    /// Whether a reminder goes out now: it is time for one, or somebody asked for one.
    fn take_reminder(&mut self, flow: &Looked<'_>) -> bool {
        let is_due = self.remind_due.is_some_and(|due| due <= flow.due_now);
        let is_asked = self.remind.take().is_some();
        if !is_due && !is_asked {
            return false;
        }
        // Those that passed while nobody looked come as one, and the next a whole pause later.
        let every = self.policy.remind_every_seconds.map(Duration::from_secs);
        self.remind_due = every
            .map(|every| flow.due_now + every)
            .filter(|next| *next < self.expires_due);
        self.rounds = self.rounds.saturating_add(1);
        self.updated_at = flow.now;
        true
    }

    /// What follows from the end: what was approved goes, a chain goes on, and messages that nobody has begun to send ask for nothing any more.
    fn follow(&self, flow: &Looked<'_>) -> Result<Vec<Effect>, InvalidBody> {
        let mut effects = self.call_off(flow.id)?;
        let cards = self.card_names(flow.id)?.into_iter();
        effects.extend(cards.map(Effect::Poke));
        match &self.parent {
            Some(parent) => effects.push(Effect::Poke(chain_name(&parent.chain))),
            None if self.status == Status::Approved => effects.push(approved(self, flow)?),
            None => {}
        }
        Ok(effects)
    }

    /// Rounds whose messages may wait when the next reminders go: each of them calls off the one before, and a person may have come in between.
    fn rounds_before(&self) -> impl Iterator<Item = u32> + use<> {
        let last = self.rounds.saturating_sub(1);
        std::iter::once(0).chain(Some(last).filter(|last| *last > 0))
    }

    /// Calls off the messages of the first round and of the last: reminders call off those in between.
    fn call_off(&self, id: &str) -> Result<Vec<Effect>, InvalidBody> {
        let last = Some(self.rounds).filter(|last| *last > 0);
        let mut effects = Vec::new();
        for round in std::iter::once(0).chain(last) {
            for person in 0..self.told.len() {
                effects.push(Effect::Cancel(notice_id(id, round, person)?));
            }
        }
        Ok(effects)
    }

    /// Names of its cards' flows.
    pub fn card_names(&self, id: &str) -> Result<Vec<FlowName>, InvalidBody> {
        let mut names = Vec::with_capacity(self.cards.len());
        for place in &self.cards {
            let notice = notice_id(id, 0, *place)?;
            names.extend(card_id(notice.as_str()).map(|card| card_name(&card)));
        }
        Ok(names)
    }

    /// When it goes on.
    fn due(&self) -> Due {
        if self.status != Status::Pending {
            return Due::Never;
        }
        let next = [self.escalate_due, self.remind_due]
            .into_iter()
            .flatten()
            .fold(self.expires_due, Ord::min);
        Due::Counted(next)
    }
}
