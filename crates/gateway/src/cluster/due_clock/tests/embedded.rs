//! Due times on an embedded store, where no other gateway knows the time.

use acteon_store::Layered;
use tokio::time::{Instant, sleep};

use super::*;

/// An embedded store, and a gateway on it that looks for ten minutes.
async fn alone(clock: &Arc<Stepped>) -> Layered<Failing> {
    let store = Layered(Failing {
        is_embedded: true,
        ..Failing::default()
    });
    let one = start(clock, &store).await;
    store
        .register()
        .await
        .expect("a beat that nobody gives back");
    let mut told = Vec::new();
    for _ in 0..120 {
        sleep(Duration::from_secs(5)).await;
        one.follow(&store).await.expect("a look");
        told.push(note(clock, &store).await.text);
    }
    told.dedup();
    assert_eq!(told.len(), 10, "it tells each minute, and no more often");
    store
}

#[tokio::test(start_paused = true)]
async fn on_an_embedded_store_a_clock_that_is_behind_at_the_start_was_set_back() {
    for behind in [HOUR, 1_767_225_600_000] {
        let clock = Stepped::new();
        let store = alone(&clock).await;
        let (before, began) = (clock.now(), Instant::now());
        clock.step(-behind);
        let later = start(&clock, &store).await;
        assert_eq!(
            began.elapsed(),
            Duration::ZERO,
            "there is nobody to wait for"
        );
        assert!(
            (0..60_000).contains(&between(later.now(), before)),
            "{behind}"
        );
        let due = later.now();
        later.follow(&store).await.expect("a look");
        clock.step(behind);
        later.follow(&store).await.expect("a look");
        assert_eq!((later.now(), later.to_wall(due)), (due, clock.now()));
        let again = start(&clock, &store).await;
        assert_eq!((again.now(), again.to_wall(due)), (due, clock.now()));
    }
}

#[tokio::test(start_paused = true)]
async fn on_an_embedded_store_time_in_which_nobody_ran_has_passed() {
    let clock = Stepped::new();
    let store = alone(&clock).await;
    for pause in [
        Duration::from_secs(30),
        Duration::from_mins(10),
        Duration::from_hours(48),
    ] {
        sleep(pause).await;
        let began = Instant::now();
        assert_eq!(start(&clock, &store).await.now(), clock.now());
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
