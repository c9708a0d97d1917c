//! Silences that are created while faults are injected, by clients that may leave before the answer.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Scope, with_causes};
use acteon_gateway::{Gateway, Silence};
use acteon_rules::{MatchOp, MatcherSpec};
use acteon_store::{DocumentKind, Documents as _};

use super::broken::Broken;
use super::clock::epoch;
use super::world::World;

/// Longest time until every gateway has taken over a change, once there are no more faults.
const HEARD_WITHIN: Duration = Duration::from_mins(2);

impl World {
    /// Creates a silence at a random gateway. Half of the clients leave before they are answered.
    pub(super) fn make_silence(&self, number: u64) {
        let Some(gateway) = self.some_gateway() else {
            return;
        };
        let patience = if self.below(2) == 0 {
            Duration::from_millis(self.below(30))
        } else {
            Duration::from_secs(30)
        };
        let trace = Arc::clone(&self.trace);
        drop(tokio::spawn(async move {
            let made =
                tokio::time::timeout(patience, gateway.create_silence(silence(number))).await;
            trace.note("silence", u64::from(matches!(made, Ok(Ok(_)))), "");
        }));
    }

    /// Checks that every gateway has exactly the silences of the store in force.
    pub(super) async fn check_silences(&self) -> Result<(), Broken> {
        let written = self
            .memory
            .documents(DocumentKind::Silence)
            .await
            .map_err(|error| self.broken(with_causes(&error).to_string()))?;
        let mut written: Vec<String> = written.into_iter().map(|document| document.id).collect();
        written.sort_unstable();
        let give_up = self.time.monotonic() + HEARD_WITHIN;
        for (place, node) in self.nodes.iter().enumerate() {
            let Some(node) = node else { continue };
            while in_force(&node.gateway) != written {
                if self.time.monotonic() > give_up {
                    let held = in_force(&node.gateway).len();
                    return Err(self.broken(format!(
                        "gateway {place} holds to {held} silences; {} were written",
                        written.len()
                    )));
                }
                self.time.sleep(Duration::from_secs(1)).await;
            }
        }
        Ok(())
    }
}

fn in_force(gateway: &Gateway) -> Vec<String> {
    let mut ids: Vec<String> = gateway
        .silences(&Scope::everything(), true)
        .into_iter()
        .map(|silence| silence.id)
        .collect();
    ids.sort_unstable();
    ids
}

fn silence(number: u64) -> Silence {
    Silence {
        id: String::new(),
        namespace: "quiet".into(),
        tenant: "t".into(),
        matchers: vec![MatcherSpec {
            name: "number".into(),
            value: number.to_string(),
            op: MatchOp::Equal,
        }],
        starts_at: epoch(),
        ends_at: epoch() + Duration::from_hours(24 * 365),
        created_by: String::new(),
        comment: String::new(),
        created_at: epoch(),
        updated_at: epoch(),
        deleted_at: None,
    }
}
