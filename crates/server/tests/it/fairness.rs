//! Callers who post full batches, and those beside them who post one action at a time.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Gateway, action};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// Eight callers post a thousand actions each, and one posts single ones until all are answered: none of those waits for the batches. In time
/// alone nothing could be said on a machine that is busy; so it is compared with how long the batches took.
pub(crate) async fn singles_do_not_wait_behind_batches(gateway: &Gateway) {
    let one = |id: String| action(&id, "log", &json!({}));
    let batch = |caller: usize| {
        Value::Array(
            (0..1000)
                .map(|number| one(format!("b-{caller}-{number}")))
                .collect(),
        )
    };
    let bodies: Vec<Value> = (0..8).map(batch).collect();
    let begun = Instant::now();
    let batches = async {
        let answers = join_all(
            bodies
                .iter()
                .map(|body| gateway.post("/v1/dispatch/batch", body)),
        )
        .await;
        (begun.elapsed(), answers)
    };
    tokio::pin!(batches);
    let mut waits: Vec<Duration> = Vec::new();
    let (took, answers) = loop {
        let begun = Instant::now();
        let id = format!("s-{}", waits.len());
        let single = async { gateway.dispatch(&one(id)).await };
        tokio::pin!(single);
        let mut ended = None;
        let outcome = loop {
            tokio::select! {
                outcome = &mut single => break outcome,
                done = &mut batches, if ended.is_none() => ended = Some(done),
            }
        };
        assert!(outcome.get("Executed").is_some(), "{outcome}");
        waits.push(begun.elapsed());
        if let Some(ended) = ended {
            break ended;
        }
    };
    for answer in answers {
        let outcomes = answer.body.as_array().expect("outcomes").clone();
        let taken = outcomes
            .iter()
            .filter(|outcome| {
                outcome.get("Executed").is_some() || outcome.get("Scheduled").is_some()
            })
            .count();
        assert_eq!(taken, 1000, "all of a batch are accepted");
    }
    waits.sort_unstable();
    let (middle, longest) = (waits[waits.len() / 2], waits[waits.len() - 1]);
    println!(
        "batches took {took:?}; {} singles beside them: p50 {middle:?}, longest {longest:?}",
        waits.len()
    );
    // One of them may meet a moment at which the machine stands still; who waits for batches waits for most of them.
    assert!(longest < took / 2, "{longest:?} of {took:?}");
    let longest_but_one = waits[waits.len().saturating_sub(2)];
    assert!(
        longest_but_one < took / 4,
        "{longest_but_one:?} of {took:?}"
    );
    assert!(middle < took / 12, "{middle:?} of {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn singles_do_not_wait_behind_batches_on_sqlite() {
    singles_do_not_wait_behind_batches(&Gateway::start(LOG).await).await;
}

#[cfg(all(feature = "postgres", feature = "wechat"))]
#[tokio::test(flavor = "multi_thread")]
async fn singles_do_not_wait_behind_batches_on_postgresql() {
    let Some(shared) = crate::shared::Shared::find().await else {
        return;
    };
    singles_do_not_wait_behind_batches(&shared.gateway(LOG).await).await;
}
