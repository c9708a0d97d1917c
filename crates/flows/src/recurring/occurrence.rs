//! Ids of the actions of occurrences.

use acteon_core::{ActionId, Timestamp};

use crate::kind::InvalidBody;

/// Beginning of the ids of all actions for occurrences.
pub const OCCURRENCE_IDS: &str = "rec:";

/// Id of the action for an occurrence of a recurring action.
pub fn occurrence_id(id: &str, occurrence: Timestamp) -> Result<ActionId, InvalidBody> {
    let seconds = occurrence.as_millis().div_euclid(1000);
    ActionId::parse(&format!("{OCCURRENCE_IDS}{id}:{seconds}"))
        .map_err(|error| InvalidBody(format!("the id of an occurrence: {error}")))
}
