//! Cards: messages by whose buttons people decide about an approval, and which say from then on what became of it.
//!
//! A card is sent by its flow, which follows the send: its answer has the handle by which the card can be changed, once. Each press brings another
//! handle. Where there is none that can be used, a short message says what the card would.

mod body;
mod face;
mod ids;
mod step;
mod write;

pub use body::{Card, Pressed};
pub use face::Face;
pub(crate) use ids::card_id;
pub use ids::{CARD_ACTION_IDS, card_name, card_of, is_of_card, notice_of_card};
pub use write::WriteCards;

use std::sync::Arc;

use acteon_core::{ActionId, Origin};

use crate::approval::{ApprovalFlow, Directory};
use crate::kind::{FlowName, InvalidBody, Kind, Looked, LooksAt, Step, is_newer};

/// Kind of the flows of cards.
pub struct CardFlow {
    directory: Arc<dyn Directory>,
    writer: Arc<dyn WriteCards>,
}

impl CardFlow {
    /// Name of the kind.
    pub const NAME: &'static str = ids::KIND;

    /// Kind that knows people by this directory, and has what cards say written by this writer.
    pub fn new(directory: Arc<dyn Directory>, writer: Arc<dyn WriteCards>) -> Self {
        Self { directory, writer }
    }
}

impl Kind for CardFlow {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn origin(&self, id: &ActionId) -> Origin {
        // The message itself is its approval's; what changes it later is the gateway's own word, which no rule has a say in.
        if is_of_card(id.as_str()) {
            Origin::Notice
        } else {
            Origin::Approval
        }
    }

    fn follows_actions(&self) -> bool {
        true
    }

    fn waits_for_the_wall_clock(&self) -> bool {
        false
    }

    fn is_newer(&self, body: &str) -> bool {
        is_newer(body, body::VERSION)
    }

    fn looks_at(&self, body: &str) -> Result<LooksAt, InvalidBody> {
        let card = Card::read(body)?;
        Ok(LooksAt {
            actions: card.awaited().cloned().into_iter().collect(),
            flows: vec![FlowName {
                kind: ApprovalFlow::NAME.into(),
                id: card.approval.as_str().into(),
            }],
        })
    }

    fn step(&self, flow: &Looked<'_>) -> Result<Step, InvalidBody> {
        let card = Card::read(flow.body)?;
        step::step(card, flow, (&*self.directory, &*self.writer))
    }
}
