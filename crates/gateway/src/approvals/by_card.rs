//! Decisions of members who press buttons of cards.

use acteon_core::Scope;
use acteon_flows::approval::{Approval, Choice, Deciding, decide};
use acteon_flows::card::Card;
use acteon_store::Flow;

use super::ApprovalError;
use super::change::Decider;
use super::look::shown;
use crate::shared::Gateway;

impl Gateway {
    /// Writes down what a member says by a button of a card; the approval's next step does what follows. `event` is the digest of the press: one that is
    /// told of again changes nothing.
    pub(crate) async fn decide_by_card(
        &self,
        (member, card): (&str, &Card),
        choice: Choice,
        event: &str,
    ) -> Result<(), ApprovalError> {
        // Told of again, it changes nothing, also where the approval is over and was followed already.
        let (_, known) = self.find_approval_of(card).await?;
        if known.has_event(Some(event)) {
            return Ok(());
        }
        let decider = Decider::Card(member, card);
        let (flow, approval) = self
            .change_approval(decider, |approval, at| {
                let deciding = Deciding {
                    voter: decider.voter(),
                    choice,
                    comment: None,
                    event: Some(event),
                    now: at.now,
                    due_now: at.due,
                };
                Ok(decide(approval, &deciding)?)
            })
            .await?;
        tracing::info!(approval = %flow.key.id, by = %decider.name(), way = decider.way(), decision = choice.as_str(), status = %approval.status, "somebody decided about an approval");
        Ok(())
    }

    /// Approval that a card asks about, as it stands now and may be shown; `None` where it cannot be read.
    pub(crate) async fn approval_of_card(&self, card: &Card) -> Option<Approval> {
        let (flow, _) = self.find_approval_of(card).await.ok()?;
        Some(shown(&self.inner, &flow).ok()?.approval)
    }

    pub(super) async fn find_approval_of(
        &self,
        card: &Card,
    ) -> Result<(Flow, Approval), ApprovalError> {
        let scope = Scope::exactly(&card.notice.namespace, &card.notice.tenant);
        self.find_approval(&scope, &card.approval).await
    }
}
