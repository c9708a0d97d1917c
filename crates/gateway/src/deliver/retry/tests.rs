//! When sends are retried: the instants of durable retries and the pauses of quick ones.

use super::*;

/// Randomness that is always one half.
struct Half;

impl Entropy for Half {
    fn bits(&self) -> u64 {
        1 << 63
    }
}

#[test]
fn a_durable_retry_comes_at_a_step_of_its_delay() {
    // Retries before, when the delivery began and when it failed, and the instant of the retry, all in milliseconds. The quick retries of a delivery
    // take 1400 at most, and a delay has ten steps.
    let table = [
        (0, 0, 0, 12_000),
        (0, 0, 1_400, 12_000),
        (0, 0, 5_000, 15_000),
        (0, 0, 5_001, 16_000),
        (0, 999, 999, 13_000),
        (1, 0, 0, 33_000),
        (2, 0, 0, 132_000),
        (3, 0, 0, 660_000),
        (4, 0, 0, 660_000),
        (u32::MAX, 0, 0, 660_000),
    ];
    let at = Timestamp::from_millis;
    for (done, began, failed, expected) in table {
        let retried = RetryPolicy::default().durable_at(done, at(began), at(failed));
        assert_eq!(retried.as_millis(), expected, "{done} {began} {failed}");
    }
}

#[test]
fn a_quick_retry_waits_up_to_a_span_that_doubles_until_its_cap() {
    let table = [
        (0, 100),
        (1, 200),
        (2, 400),
        (3, 800),
        (4, 1_000),
        (40, 1_000),
    ];
    for (done, expected) in table {
        let pause = RetryPolicy::default().quick_pause(done, &Half);
        assert_eq!(pause, Duration::from_millis(expected), "{done}");
    }
}

#[test]
fn no_list_of_delays_means_ten_minutes() {
    let policy = RetryPolicy {
        delays: Vec::new(),
        max_quick: 0,
        ..RetryPolicy::default()
    };
    let began = Timestamp::from_millis(0);
    assert_eq!(policy.durable_at(0, began, began).as_millis(), 600_000);
}

#[test]
fn what_began_earlier_comes_back_no_later_whenever_it_failed() {
    let policy = RetryPolicy::default();
    let at = Timestamp::from_millis;
    let instants = |done: u32| {
        // Each fails at some time within its quick retries, none of them in order.
        let retried = move |number: i64| {
            RetryPolicy::default().durable_at(
                done,
                at(number * 7),
                at(number * 7 + (number * 379) % 1400),
            )
        };
        (0..500).map(retried).collect::<Vec<_>>()
    };
    for done in 0..5 {
        let instants = instants(done);
        assert!(instants.is_sorted(), "{done}");
        let delay = policy.delay(done).as_millis() as i64;
        assert!(
            instants
                .iter()
                .all(|instant| instant.as_millis() % (delay / 10) == 0)
        );
    }
    let (began, failed) = (at(1_000_000), at(1_000_100));
    let pause = policy.durable_at(0, began, failed).since(failed);
    assert!(
        (Duration::from_secs(10)..=policy.longest_pause(0)).contains(&pause),
        "{pause:?}"
    );
}
