//! Random work on flows: every engine does what the store in memory does.

mod side;
mod work;

use std::sync::Arc;

use acteon_store::MemoryStore;

use self::side::Side;
use self::work::{Dice, work};
use crate::Engine;

on_every_engine! {
    random_work_does_the_same_on_every_engine,
}

/// Steps of one run.
const STEPS: u64 = 150;

pub(crate) async fn random_work_does_the_same_on_every_engine(engine: &Engine) {
    let seed = std::env::var("ACTEON_SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
    println!("ACTEON_SEED={seed}");
    let mut dice = Dice(seed);
    let mut real = Side::begin(engine.open().await).await;
    let mut model = Side::begin(Arc::new(MemoryStore::default())).await;
    // The store in memory may be this engine, which has another of its own.
    for number in 0..STEPS {
        let work = work(&mut dice);
        let (came_to, expected) = (real.work(&work).await, model.work(&work).await);
        assert_eq!(came_to, expected, "step {number} of seed {seed}: {work:?}");
        let (now, expected) = (real.look().await, model.look().await);
        assert_eq!(
            now, expected,
            "after step {number} of seed {seed}: {work:?}"
        );
    }
    assert_eq!(real.actions().await, model.actions().await, "seed {seed}");
}
