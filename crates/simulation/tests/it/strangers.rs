//! What is asked of a store about rows that are not there.

use std::sync::Arc;

use acteon_core::{ProviderName, Scope, Timestamp};
use acteon_store::{Charges, Hasten, Hold, OwnerId, Reroute, ScheduledRequest, Seq};

use crate::faults::action;

pub(crate) fn nothing_to_hasten(now: Timestamp) -> Hasten {
    Hasten {
        provider: ProviderName::parse("nobody").expect("a name"),
        now,
        limit: 1,
        maybe_sent: true,
    }
}

pub(crate) fn nothing_scheduled(now: Timestamp) -> ScheduledRequest {
    ScheduledRequest {
        scope: Scope::everything(),
        now,
        after: None,
        limit: 1,
    }
}

pub(crate) fn nobodys_row() -> Reroute {
    let action = Arc::new(action("nobodys"));
    Reroute {
        hold: Hold {
            seq: Seq(i64::MAX),
            owner: OwnerId(i64::MAX),
            fence: 0,
        },
        provider: action.provider.clone(),
        priority: action.priority,
        action,
        prepared: Arc::default(),
        charges: Charges::default(),
        quotas: Vec::new(),
        refund: Vec::new(),
    }
}
