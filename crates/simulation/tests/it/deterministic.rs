//! Runs out of seeds: whatever goes wrong, the promises hold, and the same seed does the same.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use acteon_simulation::deterministic::run;

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

#[test]
fn the_promises_hold_for_every_seed() {
    let (first, count) = (number("ACTEON_SEED", 1), number("ACTEON_SEEDS", 200));
    let began = tokio::time::Instant::now();
    let next = AtomicU64::new(first);
    let broken = Mutex::new(Vec::new());
    let (digest, answered, sends, crashes, takeovers) = (
        AtomicU64::new(0),
        AtomicU64::new(0),
        AtomicU64::new(0),
        AtomicU64::new(0),
        AtomicU64::new(0),
    );
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= first + count {
                        return;
                    }
                    let run = match run(seed) {
                        Ok(run) => run,
                        Err(why) => {
                            broken.lock().expect("a list").push(why.to_string());
                            continue;
                        }
                    };
                    // A sum, because the threads end their seeds in any order.
                    digest.fetch_add(run.hash.wrapping_mul(seed | 1), Ordering::SeqCst);
                    answered.fetch_add(run.answered as u64, Ordering::SeqCst);
                    sends.fetch_add(run.sends as u64, Ordering::SeqCst);
                    crashes.fetch_add(run.crashes as u64, Ordering::SeqCst);
                    takeovers.fetch_add(run.takeovers as u64, Ordering::SeqCst);
                }
            });
        }
    });
    println!(
        "{count} seeds in {:?}: {answered:?} answers, {sends:?} sends, {crashes:?} crashes, {takeovers:?} take-overs; \
         digest of what happened in each {:016x}",
        began.elapsed(),
        digest.into_inner()
    );
    let broken = broken.into_inner().expect("a list");
    let first: Vec<&str> = broken.iter().take(20).map(String::as_str).collect();
    assert!(
        broken.is_empty(),
        "{} seeds show a promise that does not hold, such as\n{}",
        broken.len(),
        first.join("\n")
    );
    assert!(
        crashes.into_inner() > count / 2 && takeovers.into_inner() > 0,
        "there was trouble"
    );
}

#[test]
fn a_seed_does_the_same_again() {
    for seed in 1..=number("ACTEON_SEEDS", 200) / 10 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}
