//! A silence for tests.

use std::time::Duration;

use acteon_core::Timestamp;
use acteon_gateway::Silence;
use acteon_rules::{MatchOp, MatcherSpec};

/// A silence of one label's value, from `now` on, of the namespace `n` and the tenant `t`.
pub(crate) fn silence(now: Timestamp, (name, value): (&str, &str), lasts: Duration) -> Silence {
    Silence {
        id: String::new(),
        namespace: "n".into(),
        tenant: "t".into(),
        matchers: vec![MatcherSpec {
            name: name.into(),
            value: value.into(),
            op: MatchOp::Equal,
        }],
        starts_at: now,
        ends_at: now + lasts,
        created_by: String::new(),
        comment: String::new(),
        created_at: now,
        updated_at: now,
        deleted_at: None,
    }
}
