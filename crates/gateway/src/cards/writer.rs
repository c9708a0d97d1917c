//! Writer of what cards say after they were sent.

use std::sync::Arc;

use acteon_core::{CardChange, Outcome, ProviderName, visible};
use acteon_flows::approval::Approval;
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

    fn message(&self, card: &Card, approval: &Approval, face: Face) -> Option<Box<RawValue>> {
        let member = card.person.as_ref()?.wechat.as_deref()?;
        let words = Words::of_person(card.person.as_ref());
        let seen = self.redaction.asked_for(&approval.origin);
        let said = telling(&seen).unwrap_or_default();
        let said: String = visible(&said)
            .replace('\n', " ")
            .chars()
            .take(MAX_ABOUT)
            .collect();
        let about = &seen.action_type;
        let state = self.text(words, card, approval, face);
        let text = format!("{about} {said}\n{state}");
        let provider = self.providers.get(card.provider())?;
        provider.provider().text_to(member, &text)
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
                if let Some(comment) = seen.comment.as_mut()
                    && self.redaction.hides_something()
                {
                    self.redaction.blotter(&approval.origin).text(comment);
                }
                words.over(&seen, card.person.as_ref())
            }
        }
    }
}
