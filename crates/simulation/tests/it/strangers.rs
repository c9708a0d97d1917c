//! What is asked of a store about rows that are not there.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{ProviderName, Scope, Timestamp};
use acteon_store::{
    Advance, Charges, Expect, FlowClaim, FlowFilter, FlowHasten, FlowKey, Hasten, Hold, Order,
    OwnerId, Reroute, ScheduledRequest, Seq,
};

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

/// An advance of a flow that is not there.
pub(crate) fn no_flow(now: Timestamp) -> Advance {
    Advance {
        key: FlowKey::new("none", "x"),
        expect: Expect::Version(1),
        at: now,
        due: now,
        state: None,
        admissions: Vec::new(),
        begins: Vec::new(),
        cancels: Vec::new(),
        pokes: Vec::new(),
        events: Vec::new(),
    }
}

/// A claim that finds no flow.
pub(crate) fn no_flow_claim(now: Timestamp) -> FlowClaim {
    FlowClaim {
        owner: OwnerId(7),
        now,
        kinds: vec!["none".into()],
        limit: 5,
    }
}

/// Flows that are made due earlier, of which there are none.
pub(crate) fn no_flow_hasten(now: Timestamp) -> FlowHasten {
    FlowHasten {
        kind: "none".into(),
        by: Duration::from_hours(1),
        now,
        from: now,
        until: now,
        limit: 5,
    }
}

/// A list of flows with nothing on it.
pub(crate) fn no_flow_filter() -> FlowFilter {
    FlowFilter {
        kind: "none".into(),
        scope: Scope::everything(),
        status: None,
        after: None,
        order: Order::OldestFirst,
        limit: 5,
        max_bytes: usize::MAX,
    }
}
