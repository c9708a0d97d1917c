//! Switches that turn rules on and off over the API. They outlive reloads and restarts.

use std::collections::BTreeMap;

use acteon_store::Document;
use serde::{Deserialize, Serialize};

use crate::policies::document::parsed;

#[derive(Serialize, Deserialize)]
pub(super) struct Toggle {
    pub(super) name: String,
    pub(super) enabled: bool,
}

/// Takes a switch over; says whether that changes anything.
pub(super) fn put(toggles: &mut BTreeMap<String, bool>, document: &Document) -> bool {
    parsed(document)
        .is_some_and(|Toggle { name, enabled }| toggles.insert(name, enabled) != Some(enabled))
}
