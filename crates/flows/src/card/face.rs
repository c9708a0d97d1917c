//! Faces of cards: what one says about its approval.

use serde::{Deserialize, Serialize};

use crate::approval::{Approval, Choice, Person, Status};

/// Face of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Face {
    /// It asks, as it was sent.
    Asks,
    /// Its person has decided, and others have still to.
    Said(Choice),
    /// The approval is over.
    Over(Status),
}

impl Face {
    /// Face of the card of a person, or of whoever has it, as its approval stands.
    pub(super) fn of(approval: &Approval, person: Option<&Person>) -> Self {
        if approval.status != Status::Pending {
            return Self::Over(approval.status);
        }
        let said = person.and_then(|person| approval.choice_of(person));
        said.map_or(Self::Asks, Self::Said)
    }
}
