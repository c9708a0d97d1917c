//! Writer of what cards say after they were sent.

use std::sync::Arc;

use acteon_core::{Action, CardChange, Outcome, ProviderName, visible};
use acteon_flows::InvalidBody;
use acteon_flows::approval::{Approval, Notice, Reason, WriteNotices};
use acteon_flows::card::{Card, Face, WriteCards};
use serde_json::value::RawValue;

use super::words::Words;
use crate::approvals::notices::telling;
use crate::history::redaction::Redaction;
use crate::registry::Providers;

/// Most characters of what an action says that a message repeats.
const MAX_ABOUT: usize = 60;

/// Writer of what cards say.
pub(crate) struct CardWriter {
    pub(crate) providers: Arc<Providers>,
    pub(crate) redaction: Redaction,
    /// Writer of what asks by a link.
    pub(crate) notices: Arc<dyn WriteNotices>,
}

impl WriteCards for CardWriter {
    fn handle(&self, provider: &ProviderName, outcome: &Outcome) -> Option<String> {
        let (Outcome::Executed(answer)
        | Outcome::Rerouted {
            response: answer, ..
        }) = outcome
        else {
            return None;
        };
        self.providers.get(provider)?.provider().handle(answer)
    }

    fn change(
        &self,
        card: &Card,
        approval: &Approval,
        face: Face,
        handle: &str,
    ) -> Option<Box<RawValue>> {
        let words = Words::of_person(card.person.as_ref());
        let label = match face {
            Face::Asks => return None,
            Face::Said(choice) => words.label_said(choice),
            Face::Over(status) => words.label_over(status),
        };
        let text = self.text(words, card, approval, face);
        let change = CardChange {
            sent: &card.notice.payload,
            handle,
            text: &text,
            label,
        };
        let provider = self.providers.get(card.provider())?;
        provider.provider().change_card(&change)
    }

    fn link(&self, card: &Card, approval: &Approval) -> Result<Option<Box<RawValue>>, InvalidBody> {
        let notice = Notice {
            id: &card.approval,
            approval,
            provider: card.provider(),
            person: card.person.as_ref(),
            reason: Reason::Asked,
            card: None,
        };
        Ok(self
            .notices
            .payload(&notice)?
            .map(|written| written.payload))
    }

    fn message(&self, card: &Card, approval: &Approval, face: Face) -> Option<Box<RawValue>> {
        let member = card.person.as_ref()?.wechat.as_deref()?;
        let words = Words::of_person(card.person.as_ref());
        let about = about(&self.redaction.asked_for(&approval.origin));
        let state = self.text(words, card, approval, face);
        let text = format!("{about}\n{state}");
        let provider = self.providers.get(card.provider())?;
        provider.provider().text_to(member, &text)
    }
}

/// What an approval is about, in a line.
pub(super) fn about(seen: &Action) -> String {
    let said = telling(seen).unwrap_or_default();
    let said = visible(&said).replace('\n', " ");
    let said: String = said.chars().take(MAX_ABOUT).collect();
    let about = &seen.action_type;
    if said.is_empty() {
        about.to_string()
    } else {
        format!("{about}: {said}")
    }
}

impl CardWriter {
    /// What a card says, without what is redacted in what is asked about.
    fn text(&self, words: &Words, card: &Card, approval: &Approval, face: Face) -> String {
        match face {
            Face::Asks => String::new(),
            Face::Said(choice) => words.said(choice),
            Face::Over(_) => {
                let mut seen = approval.clone();
                if self.redaction.hides_something() {
                    let blotter = self.redaction.blotter(&approval.origin);
                    let said = seen.decisions.iter_mut().map(|it| &mut it.comment);
                    let comments = said.chain([&mut seen.comment]);
                    comments.flatten().for_each(|text| blotter.text(text));
                }
                words.over(&seen, card.person.as_ref())
            }
        }
    }
}
