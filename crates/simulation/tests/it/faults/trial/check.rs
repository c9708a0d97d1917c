//! What must hold at the end of a trial.

use std::sync::PoisonError;
use std::time::Duration;

use acteon_core::{ActionId, Outcome, Scope};

use super::{CAP, Trial};

impl Trial {
    /// What was accepted has ended, and arrived once, or is marked.
    pub(in crate::faults) async fn check(&self) {
        let call = self.call.as_str();
        tokio::time::sleep(Duration::from_mins(10)).await;
        let arrived = self
            .service
            .arrived
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for id in &self.accepted {
            let found = self
                .node()
                .find(&Scope::everything(), &ActionId::parse(id).expect("an id"))
                .await
                .expect("found");
            let [view] = found.as_slice() else {
                panic!(
                    "{call}: {id} was accepted, and is there {} times",
                    found.len()
                )
            };
            assert_ne!(view.state, "open", "{call}: {id} has not ended: {view:?}");
            let times = arrived.get(id).copied().unwrap_or(0);
            let ends_well = matches!(view.outcome, Outcome::Executed(_));
            assert!(!ends_well || times >= 1, "{call}: {id} did not arrive");
            assert!(
                times <= 1 || view.possible_duplicate,
                "{call}: {id} arrived {times} times, unmarked"
            );
        }
        let of = |kind: &str| {
            arrived
                .keys()
                .filter(|id| id.split('-').next() == Some(kind))
                .count()
        };
        assert_eq!(
            (of("silenced"), of("once")),
            (0, 1),
            "{call}: a silence and a key hold"
        );
        let cap = usize::try_from(CAP).expect("a number");
        let accepted = self
            .accepted
            .iter()
            .filter(|id| id.starts_with("capped"))
            .count();
        assert!(
            (accepted.min(cap)..=cap).contains(&of("capped")),
            "{call}: {} of {accepted} left under a quota of {cap}",
            of("capped")
        );
        for (id, times) in arrived {
            let found = self
                .node()
                .find(&Scope::everything(), &ActionId::parse(&id).expect("an id"))
                .await
                .expect("found");
            assert!(
                !found.is_empty(),
                "{call}: {id} arrived {times} times, and is not in the journal"
            );
        }
    }
}
