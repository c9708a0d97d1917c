//! Ids of the actions of occurrences.

use acteon_core::{ActionId, Timestamp};

use crate::kind::InvalidBody;

/// Id of the action for an occurrence of a recurring action.
pub fn occurrence_id(id: &str, occurrence: Timestamp) -> Result<ActionId, InvalidBody> {
    let seconds = occurrence.as_millis().div_euclid(1000);
    ActionId::parse(&format!("rec:{id}:{seconds}"))
        .map_err(|error| InvalidBody(format!("the id of an occurrence: {error}")))
}
