//! Budgets in time that is made up.

mod windows;

use std::sync::atomic::{AtomicU64, Ordering as Order};

use acteon_core::{BoxFuture, Timestamp};

use super::recipient::HOUR;
use super::*;

const BUDGET: Budget = Budget {
    per_minute: 30,
    per_hour: 1000,
};

#[derive(Default)]
struct At(AtomicU64);

impl At {
    fn set(&self, at: Duration) {
        self.0.store(at.as_millis() as u64, Order::SeqCst);
    }
}

impl Clock for At {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(0) + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.load(Order::SeqCst))
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

fn to(names: &[&str]) -> Arc<Prepared> {
    Arc::new(Prepared {
        recipients: names.iter().map(|name| (*name).to_owned()).collect(),
        ..Prepared::default()
    })
}

fn budgets(budget: Budget) -> (Arc<At>, Arc<Budgets>) {
    let clock = Arc::new(At::default());
    let budgets = Budgets::new(budget, Arc::clone(&clock) as Arc<dyn Clock>);
    (clock, Arc::new(budgets))
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Sends at once, or says when the turn is.
fn send(budgets: &Arc<Budgets>, to: &Arc<Prepared>, returns: bool) -> Option<Duration> {
    match budgets.begin(
        to,
        Claimant {
            returns,
            is_first: false,
        },
    ) {
        Ok(reservation) => {
            reservation.end(true);
            None
        }
        Err(turn) => Some(turn),
    }
}

#[test]
fn the_thirty_first_within_a_minute_gets_a_turn() {
    let (clock, budgets) = budgets(BUDGET);
    let one = to(&["1/u1"]);
    for second in 0..30 {
        clock.set(secs(second));
        assert_eq!(send(&budgets, &one, false), None);
    }
    clock.set(secs(30));
    assert_eq!(send(&budgets, &one, false), Some(secs(62)));
    assert_eq!(
        send(&budgets, &one, false),
        Some(secs(63)),
        "the next gets the next turn"
    );
    assert_eq!(send(&budgets, &to(&["1/u2"]), false), None);
    clock.set(secs(62));
    assert_eq!(
        send(&budgets, &one, false),
        Some(secs(64)),
        "one that comes now does not take another's turn"
    );
    assert_eq!(send(&budgets, &one, true), None);
}

#[test]
fn what_was_not_made_or_surely_did_not_arrive_is_not_counted() {
    let (_, budgets) = budgets(Budget {
        per_minute: 1,
        per_hour: 1000,
    });
    let one = to(&["1/u1"]);
    let reservation = budgets.begin(&one, Claimant::default()).expect("room");
    assert!(
        budgets.look(&one.recipients, Claimant::default()).is_err(),
        "one is in flight"
    );
    drop(reservation);
    // The turn that the look gave is kept for a row that may come.
    let (_, budgets) = self::budgets(Budget {
        per_minute: 1,
        per_hour: 1000,
    });
    budgets
        .begin(&one, Claimant::default())
        .expect("room")
        .end(false);
    let mut reservation = budgets.begin(&one, Claimant::default()).expect("room");
    reservation.begin();
    drop(reservation);
    assert!(
        budgets.begin(&one, Claimant::default()).is_err(),
        "it may have arrived"
    );
}

#[test]
fn what_is_first_waits_for_no_turn_of_others_and_for_the_budget_all_the_same() {
    let (clock, budgets) = budgets(BUDGET);
    let one = to(&["1/u1"]);
    for _ in 0..BUDGET.per_minute {
        assert_eq!(send(&budgets, &one, false), None);
    }
    let others: Vec<Duration> = (0..400)
        .map(|_| send(&budgets, &one, false).expect("a turn"))
        .collect();
    let first = Claimant {
        returns: false,
        is_first: true,
    };
    let turn = budgets
        .look(&one.recipients, first)
        .expect_err("the minute is used up");
    assert!(
        turn <= secs(62) && others.iter().all(|other| turn <= *other),
        "{turn:?} {:?}",
        others[0]
    );
    clock.set(turn);
    assert!(
        budgets
            .begin(
                &one,
                Claimant {
                    returns: true,
                    is_first: true
                }
            )
            .is_ok()
    );
}

#[test]
fn turns_that_nobody_came_for_are_over_by_themselves() {
    let (clock, budgets) = budgets(BUDGET);
    let one = to(&["1/u1"]);
    for _ in 0..30 {
        assert_eq!(send(&budgets, &one, false), None);
    }
    let last = (0..300)
        .filter_map(|_| send(&budgets, &one, false))
        .max()
        .expect("turns");
    assert_eq!(last, secs(10 * 62));
    // All of them went through other gateways.
    clock.set(last + secs(11));
    for _ in 0..30 {
        assert_eq!(send(&budgets, &one, false), None);
    }
    assert_eq!(send(&budgets, &one, false), Some(last + secs(11 + 62)));
}

#[test]
fn a_message_to_many_blocks_none_of_those_who_have_room() {
    let (_, budgets) = budgets(Budget {
        per_minute: 1,
        per_hour: 1000,
    });
    assert_eq!(send(&budgets, &to(&["1/u1"]), false), None);
    assert_eq!(
        send(&budgets, &to(&["1/u1", "1/u2"]), false),
        Some(secs(62))
    );
    assert_eq!(send(&budgets, &to(&["1/u2"]), false), None);
}

#[test]
fn idle_recipients_are_forgotten_a_few_at_a_time() {
    let (clock, budgets) = budgets(BUDGET);
    for number in 0..1000 {
        assert_eq!(send(&budgets, &to(&[&format!("1/u{number}")]), false), None);
    }
    clock.set(HOUR + secs(2));
    let count = || budgets.lock().size().0;
    for number in 0..600 {
        assert_eq!(send(&budgets, &to(&[&format!("2/u{number}")]), false), None);
    }
    assert_eq!(count(), 600);
}

fn strangers(from: usize, count: usize) -> Vec<String> {
    (from..from + count)
        .map(|number| format!("1/stranger-{number:032}"))
        .collect()
}

#[test]
fn who_is_only_named_beside_somebody_without_room_is_not_kept() {
    let (_, budgets) = budgets(Budget {
        per_minute: 1,
        per_hour: 1000,
    });
    assert_eq!(send(&budgets, &to(&["1/u1"]), false), None);
    for round in 0..100 {
        let mut names = strangers(round * 999, 999);
        names.push("1/u1".into());
        assert!(budgets.look(&names, Claimant::default()).is_err());
    }
    assert_eq!(budgets.lock().size().0, 1);
}

#[test]
fn messages_to_many_are_forgotten_as_fast_as_they_come() {
    let (clock, budgets) = budgets(BUDGET);
    for hour in 0..6 {
        clock.set((HOUR + secs(2)) * hour);
        for round in 0..10 {
            let recipients = strangers(hour as usize * 10_000 + round * 1000, 1000);
            assert_eq!(
                send(
                    &budgets,
                    &Arc::new(Prepared {
                        recipients,
                        ..Prepared::default()
                    }),
                    false
                ),
                None
            );
        }
        assert!(
            budgets.lock().size().0 <= 20_000,
            "{:?}",
            budgets.lock().size()
        );
    }
}

#[test]
fn what_is_known_has_a_bound_and_keeps_those_who_are_near_their_budget() {
    const MOST: usize = 1024 * 1024;
    let (clock, mut budgets) = budgets(BUDGET);
    Arc::get_mut(&mut budgets).expect("the only one").known = Mutex::new(Recipients::new(MOST));
    let near = to(&["1/near"]);
    for second in 0..30 {
        clock.set(secs(second));
        assert_eq!(send(&budgets, &near, false), None);
    }
    for round in 0..100 {
        let recipients = strangers(round * 1000, 1000);
        assert_eq!(
            send(
                &budgets,
                &Arc::new(Prepared {
                    recipients,
                    ..Prepared::default()
                }),
                false
            ),
            None
        );
        let (count, bytes) = budgets.lock().size();
        assert!(
            bytes < MOST + 1000 * 512,
            "{count} recipients take {bytes} bytes"
        );
    }
    assert!(
        send(&budgets, &near, false).is_some(),
        "who is near the budget is not forgotten"
    );
}

#[test]
fn where_all_are_near_their_budget_strangers_wait_and_nobody_is_forgotten() {
    let (clock, mut budgets) = budgets(Budget {
        per_minute: 1,
        per_hour: 1000,
    });
    Arc::get_mut(&mut budgets).expect("the only one").known =
        Mutex::new(Recipients::new(64 * 1024));
    let mut sent = 0;
    while send(&budgets, &to(&[&format!("1/u{sent}")]), false).is_none() {
        sent += 1;
    }
    assert!((150..250).contains(&sent), "{sent}");
    assert!(
        (0..sent).all(|number| send(&budgets, &to(&[&format!("1/u{number}")]), false).is_some())
    );
    clock.set(secs(90));
    assert_eq!(
        send(&budgets, &to(&["1/stranger"]), false),
        None,
        "after a minute there is room"
    );
}

#[test]
fn earlier_sends_count_in_whatever_order_they_are_told() {
    let (clock, budgets) = budgets(BUDGET);
    clock.set(HOUR);
    for ago in [5, 1, 9, 3, 7].into_iter().cycle().take(30) {
        budgets.remember(&["1/u1".to_owned()], HOUR, secs(ago));
    }
    assert_eq!(
        send(&budgets, &to(&["1/u1"]), false),
        Some(HOUR + secs(62 - 9))
    );
}

#[test]
fn closed_budgets_let_nothing_fit_until_what_was_sent_is_known_or_over() {
    let (clock, budgets) = budgets(BUDGET);
    let one = to(&["1/u1"]);
    budgets.close();
    assert_eq!(send(&budgets, &one, false), Some(secs(15)));
    clock.set(secs(20));
    for ago in 0..30 {
        budgets.remember(&one.recipients, secs(20), Duration::from_millis(ago));
    }
    assert_eq!(
        send(&budgets, &one, true),
        Some(secs(35)),
        "not all is known yet"
    );
    budgets.open();
    assert!(
        send(&budgets, &one, false).is_some_and(|turn| turn > secs(80)),
        "what was told of counts"
    );
    assert_eq!(send(&budgets, &to(&["1/u2"]), false), None);
    budgets.close();
    clock.set(secs(3620));
    assert_eq!(send(&budgets, &one, true), Some(secs(3621)));
    clock.set(secs(3621));
    assert_eq!(
        send(&budgets, &one, true),
        None,
        "all that was sent before is over"
    );
}
