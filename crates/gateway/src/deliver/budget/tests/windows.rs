//! Whatever comes in whatever order: no window sees too many, and no turn is later than it must be.

use proptest::prelude::*;

use super::*;

/// A backlog to one recipient on several gateways that share its budget: rows come back at their turns, to whichever gateway. Returns the
/// arrivals and how often a row was put off.
fn drain(rows: usize, gateways: usize, seed: u64) -> (Vec<Duration>, usize) {
    let all: Vec<_> = (0..gateways).map(|_| budgets(BUDGET)).collect();
    for (_, budgets) in &all {
        budgets.set_share(gateways);
    }
    let one = to(&["1/u1"]);
    let mut random = seed;
    let mut any = || {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % gateways
    };
    let mut due: std::collections::BinaryHeap<_> = (0..rows)
        .map(|row| std::cmp::Reverse((Duration::from_millis(row as u64), row, false)))
        .collect();
    let (mut arrived, mut put_off) = (Vec::new(), 0);
    while let Some(std::cmp::Reverse((now, row, returns))) = due.pop() {
        let (clock, budgets) = &all[any()];
        clock.set(now.max(clock.monotonic()));
        match send(budgets, &one, returns) {
            None => arrived.push(now),
            Some(turn) => {
                put_off += 1;
                due.push(std::cmp::Reverse((turn, row, true)));
            }
        }
    }
    (arrived, put_off)
}

#[test]
fn a_backlog_takes_what_the_budget_needs_and_its_rows_come_back_seldom() {
    let (arrived, put_off) = drain(900, 1, 1);
    let last = *arrived.last().expect("arrivals");
    assert!((secs(29 * 62)..=secs(30 * 62)).contains(&last), "{last:?}");
    assert_eq!(put_off, 870, "each came back once");
    for seed in 1..20 {
        let (arrived, put_off) = drain(600, 3, seed);
        let last = *arrived.last().expect("arrivals");
        assert!(last <= secs(25 * 62), "{last:?} for {seed}");
        assert!(put_off < 600 * 4, "{put_off} for {seed}");
        no_window_has_too_many(&arrived, BUDGET).expect("within the budget");
    }
}

fn no_window_has_too_many(arrived: &[Duration], budget: Budget) -> Result<(), TestCaseError> {
    for (index, at) in arrived.iter().enumerate() {
        let within = |window: Duration| {
            arrived[index..]
                .iter()
                .take_while(|other| **other < *at + window)
                .count()
        };
        prop_assert!(
            within(secs(60)) <= budget.per_minute,
            "{} within a minute of {at:?}",
            within(secs(60))
        );
        prop_assert!(within(HOUR) <= budget.per_hour);
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_window_ever_sees_too_many(gaps in prop::collection::vec((0u64..4000, any::<bool>()), 1..400), took in 0u64..500) {
        let budget = Budget { per_minute: 5, per_hour: 40 };
        let (clock, budgets) = budgets(budget);
        let one = to(&["1/u1"]);
        let (mut now, mut arrived) = (Duration::ZERO, Vec::new());
        for (gap, returns) in gaps {
            now += Duration::from_millis(gap);
            clock.set(now);
            if let Ok(reservation) = budgets.begin(&one, Claimant { returns, is_first: false }) {
                arrived.push(now + Duration::from_millis(took / 2));
                now += Duration::from_millis(took);
                clock.set(now);
                reservation.end(true);
            }
        }
        no_window_has_too_many(&arrived, budget)?;
    }

    #[test]
    fn no_turn_is_later_than_the_budget_needs(gaps in prop::collection::vec((0u64..4000, any::<bool>()), 1..400), gateways in 1usize..4) {
        let budget = Budget { per_minute: 6, per_hour: 1000 };
        let (clock, budgets) = budgets(budget);
        budgets.set_share(gateways);
        let one = to(&["1/u1"]);
        let (mut now, mut turns) = (Duration::ZERO, Vec::new());
        for (gap, returns) in gaps {
            now += Duration::from_millis(gap);
            clock.set(now);
            turns.retain(|turn| *turn + secs(10) > now);
            if let Some(turn) = send(&budgets, &one, returns) {
                let windows = turns.len() / budget.per_minute + 1;
                prop_assert!(turn <= now + secs(62) * windows as u32, "{turn:?} at {now:?} behind {} turns", turns.len());
                turns.push(turn);
            }
        }
    }
}
