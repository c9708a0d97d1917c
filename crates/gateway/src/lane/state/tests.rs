//! A lane against services of every kind, in time that is made up.

use std::collections::VecDeque;

use super::*;
use proptest::prelude::*;

const LIMITS: LaneLimits = LaneLimits {
    max_concurrency: 100,
    max_per_second: None,
};

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_fresh_lane_starts_slowly_and_grows_with_success() {
    let mut lane = LaneState::new(LIMITS);
    let go = |lane: &mut LaneState| lane.turn(millis(0)) == StartDecision::Go { probe: false };
    assert_eq!((0..10).filter(|_| go(&mut lane)).count(), 4);
    for _ in 0..4 {
        lane.ended(millis(1), false, CallEnd::Passed);
    }
    assert_eq!(
        (0..10).filter(|_| go(&mut lane)).count(),
        5,
        "one success had found it full"
    );
}

#[test]
fn pauses_double_and_a_single_probe_goes_through() {
    let mut lane = LaneState::new(LIMITS);
    assert_eq!(lane.turn(millis(0)), StartDecision::Go { probe: false });
    assert_eq!(
        lane.ended(millis(0), false, CallEnd::Refused(None)),
        Change::Paused
    );
    let mut now = millis(0);
    for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(lane.turn(now), StartDecision::At(now + secs(pause)));
        now += secs(pause);
        assert_eq!(lane.turn(now), StartDecision::Go { probe: true });
        assert_eq!(lane.turn(now), StartDecision::AfterCall);
        assert_eq!(
            lane.ended(now, true, CallEnd::Refused(None)),
            Change::Paused
        );
    }
}

#[test]
fn a_probe_that_was_not_made_is_the_next_ones() {
    let mut lane = LaneState::new(LIMITS);
    lane.turn(millis(0));
    lane.ended(millis(0), false, CallEnd::Refused(None));
    for _ in 0..5 {
        assert_eq!(lane.turn(secs(1)), StartDecision::Go { probe: true });
        assert_eq!(lane.ended(secs(1), true, CallEnd::NotMade), Change::None);
    }
    assert_eq!(lane.turn(secs(1)), StartDecision::Go { probe: true });
    lane.ended(secs(1), true, CallEnd::Unknown);
    assert_eq!(
        lane.turn(secs(1)),
        StartDecision::At(secs(2)),
        "one that came to nothing is not tried again at once, and doubles nothing"
    );
    assert_eq!(lane.turn(secs(2)), StartDecision::Go { probe: true });
    assert_eq!(lane.ended(secs(2), true, CallEnd::Passed), Change::Reopened);
}

#[test]
fn a_paced_turn_that_was_not_used_is_the_next_ones() {
    let mut lane = LaneState::new(LaneLimits {
        max_per_second: Some(10.0),
        ..LIMITS
    });
    assert_eq!(lane.turn(secs(1)), StartDecision::Go { probe: false });
    lane.ended(secs(1), false, CallEnd::NotMade);
    assert_eq!(lane.turn(secs(1)), StartDecision::Go { probe: false });
    assert_eq!(lane.turn(secs(1)), StartDecision::At(millis(1080)));
}

#[test]
fn a_service_that_says_when_is_left_alone_until_then_but_not_for_ever() {
    for (asked, pause) in [(0, 1), (9, 9), (300, 300), (86_400, 3600)] {
        let mut lane = LaneState::new(LIMITS);
        lane.turn(millis(0));
        lane.ended(millis(0), false, CallEnd::Refused(Some(secs(asked))));
        assert_eq!(
            lane.turn(millis(0)),
            StartDecision::At(secs(pause)),
            "asked for {asked} s"
        );
    }
}

/// A service that takes `limit` calls in any `window`, and answers after `latency`.
struct Service {
    limit: usize,
    window: Duration,
    latency: Duration,
    /// Before this instant it refuses everything.
    blocked_until: Duration,
    taken: VecDeque<Duration>,
    refused: u32,
}

impl Service {
    fn taking(limit: usize, window: Duration) -> Self {
        Self {
            limit,
            window,
            latency: millis(50),
            blocked_until: Duration::ZERO,
            taken: VecDeque::new(),
            refused: 0,
        }
    }

    fn call(&mut self, now: Duration) -> CallEnd {
        while self
            .taken
            .pop_front_if(|taken| *taken + self.window <= now)
            .is_some()
        {}
        if now < self.blocked_until || self.taken.len() >= self.limit {
            self.refused += 1;
            return CallEnd::Refused(None);
        }
        self.taken.push_back(now);
        CallEnd::Passed
    }
}

/// Sends `total` as the lane lets them go, from `now` on, and returns when each was taken.
fn drain(
    lane: &mut LaneState,
    service: &mut Service,
    mut now: Duration,
    total: usize,
) -> Vec<Duration> {
    let mut flying: VecDeque<(Duration, bool, CallEnd)> = VecDeque::new();
    let (mut took, mut waiting) = (Vec::new(), total);
    while took.len() < total {
        let turn = if waiting > 0 {
            lane.turn(now)
        } else {
            StartDecision::AfterCall
        };
        let next_end = flying.front().map(|(end, ..)| *end);
        now = match turn {
            StartDecision::Go { probe } => {
                waiting -= 1;
                flying.push_back((now + service.latency, probe, service.call(now)));
                continue;
            }
            StartDecision::At(at) => next_end.map_or(at, |end| end.min(at)),
            StartDecision::AfterCall => next_end.expect("nothing is in flight and nothing may go"),
        };
        while let Some((_, probe, end)) = flying.pop_front_if(|(end, ..)| *end <= now) {
            lane.ended(now, probe, end);
            if end == CallEnd::Passed {
                took.push(now);
            } else {
                waiting += 1;
            }
        }
    }
    took
}

/// One call, which is refused.
fn meet_a_refusal(lane: &mut LaneState, now: Duration) {
    let StartDecision::Go { probe } = lane.turn(now) else {
        panic!("the lane is open")
    };
    lane.ended(now, probe, CallEnd::Refused(None));
}

#[test]
fn one_refusal_of_a_quiet_lane_holds_nobody_up() {
    for later in [0, 1, 30, 300] {
        for (count, limit, within) in [
            (60, 100_000, 5),
            (800, 100_000, 9),
            (60, 25, 8),
            (800, 25, 50),
        ] {
            let mut lane = LaneState::new(LIMITS);
            for call in 0..10 {
                assert!(matches!(
                    lane.turn(secs(call * 10)),
                    StartDecision::Go { .. }
                ));
                lane.ended(secs(call * 10), false, CallEnd::Passed);
            }
            meet_a_refusal(&mut lane, secs(100));
            let start = secs(100 + later);
            let mut service = Service::taking(limit, secs(1));
            let took = drain(&mut lane, &mut service, start, count);
            let last = took
                .last()
                .copied()
                .unwrap_or_default()
                .saturating_sub(start);
            println!(
                "{count} at {limit} a second, {later} s after a stray refusal: {last:?}, {} refused",
                service.refused
            );
            assert!(
                last <= secs(within),
                "{count} at {limit} a second, {later} s later took {last:?}"
            );
        }
    }
}

#[test]
fn a_limit_that_is_real_is_kept_to_with_few_refusals() {
    for (limit, window) in [(20, 1), (5, 1), (200, 1), (100, 10), (2000, 1)] {
        for latency in [1, 50, 400] {
            let mut lane = LaneState::new(LIMITS);
            let mut service = Service {
                latency: millis(latency),
                ..Service::taking(limit, secs(window))
            };
            let rate = limit as f64 / window as f64;
            let total = (rate * 120.0) as usize;
            let took = drain(&mut lane, &mut service, secs(1000), total);
            let half = took[total / 2];
            let whole = total as f64 / took[total - 1].saturating_sub(secs(1000)).as_secs_f64();
            let later = (total / 2) as f64 / took[total - 1].saturating_sub(half).as_secs_f64();
            println!(
                "{limit} in {window} s, {latency} ms: {:.2} and {:.2} of it, {} of {total} refused",
                whole / rate,
                later / rate,
                service.refused
            );
            // Where not even in-flight calls are in the way.
            if window == 1 && rate * latency as f64 <= LIMITS.max_concurrency as f64 * 400.0 {
                assert!(
                    later >= 0.8 * rate && whole >= 0.75 * rate,
                    "{limit} in {window} s, {latency} ms"
                );
                assert!(
                    (service.refused as usize) < total / 20,
                    "{} of {total}",
                    service.refused
                );
            }
        }
    }
}

#[test]
fn a_storm_drains_at_what_the_service_takes_once_the_limit_is_lifted() {
    for blocked in [0, 5, 20, 100, 300] {
        // Busy before, at what a limit lets through, or refused from the start.
        for busy in [0, 100, 2000] {
            let mut lane = LaneState::new(LIMITS);
            let mut strict = Service::taking(20, secs(1));
            let mut now = secs(1000);
            if busy > 0 {
                now = drain(&mut lane, &mut strict, now, busy)
                    .last()
                    .copied()
                    .unwrap_or_default();
            }
            let lifted = now + secs(blocked);
            let mut service = Service {
                blocked_until: lifted,
                ..Service::taking(100_000, secs(1))
            };
            let took = drain(&mut lane, &mut service, now, 20_000);
            let at_full_speed = took
                .windows(1500)
                .find(|some| some[1499].saturating_sub(some[0]) < secs(1))
                .expect("2,000 a second")[0];
            let first = took[0].max(lifted);
            println!(
                "blocked for {blocked} s, {busy} before: first after {:?}, then full speed after {:?}",
                first.saturating_sub(lifted),
                at_full_speed.saturating_sub(first)
            );
            assert!(
                at_full_speed.saturating_sub(first) <= secs(if busy == 2000 { 18 } else { 12 })
            );
        }
    }
}

#[test]
fn a_configured_rate_is_known() {
    let mut lane = LaneState::new(LaneLimits {
        max_per_second: Some(20.0),
        ..LIMITS
    });
    meet_a_refusal(&mut lane, secs(100));
    let mut service = Service::taking(25, secs(1));
    let took = drain(&mut lane, &mut service, secs(100), 200);
    assert!(
        took[199].saturating_sub(secs(100)) < secs(12),
        "{:?}",
        took[199]
    );
    assert_eq!((service.refused, lane.pace()), (0, Some((20.0, true))));
}

#[test]
fn a_reset_lane_is_a_fresh_one() {
    let mut lane = LaneState::new(LIMITS);
    let mut service = Service::taking(5, secs(1));
    drain(&mut lane, &mut service, secs(100), 100);
    assert!(lane.pace().is_some());
    lane.reset(secs(200));
    assert_eq!((lane.pace(), lane.paused_until(secs(200))), (None, None));
}

#[test]
fn a_restored_lane_stays_paused_and_paced() {
    let mut lane = LaneState::new(LIMITS);
    let shared = SharedState {
        paused_for: millis(3000),
        pause: millis(4000),
        pace: Some((10.0, 3, secs(100))),
    };
    lane.restore(millis(0), shared);
    assert_eq!(lane.turn(millis(0)), StartDecision::At(millis(3000)));
    assert_eq!(lane.turn(millis(3000)), StartDecision::Go { probe: true });
}

#[test]
fn who_hears_of_a_pause_holds_back_until_the_probe_of_the_other() {
    let mut lane = LaneState::new(LIMITS);
    lane.set_share(2);
    let paused = SharedState {
        paused_for: secs(1),
        pause: secs(1),
        pace: None,
    };
    assert_eq!(
        lane.adopt(millis(0), paused),
        Some(0.0),
        "nothing went through here"
    );
    assert_eq!(lane.adopt(millis(0), paused), None, "known by now");
    assert_eq!(
        lane.turn(millis(0)),
        StartDecision::At(millis(2000)),
        "one pause longer"
    );
    lane.adopt(
        millis(1100),
        SharedState {
            paused_for: Duration::ZERO,
            pause: secs(1),
            pace: Some((20.0, 0, secs(2))),
        },
    );
    assert_eq!(
        lane.turn(millis(1100)),
        StartDecision::Go { probe: false },
        "the other's probe passed"
    );
    assert_eq!(
        lane.turn(millis(1150)),
        StartDecision::At(millis(1200)),
        "half of twenty a second"
    );
}

proptest! {
    #[test]
    fn it_never_exceeds_its_window_and_never_starves(steps in prop::collection::vec((0u8..6, 0u64..2000), 1..300)) {
        let mut lane = LaneState::new(LaneLimits { max_concurrency: 8, max_per_second: Some(50.0) });
        let (mut now, mut flying) = (millis(0), Vec::new());
        for (step, pass) in steps {
            now += millis(pass);
            match step {
                0 | 1 => if let StartDecision::Go { probe } = lane.turn(now) { flying.push(probe) },
                2 => if let Some(probe) = flying.pop() { lane.ended(now, probe, CallEnd::Passed); },
                3 => if let Some(probe) = flying.pop() { lane.ended(now, probe, CallEnd::Refused(None)); },
                4 => if let Some(probe) = flying.pop() { lane.ended(now, probe, CallEnd::NotMade); },
                _ => if let Some(probe) = flying.pop() { lane.ended(now, probe, CallEnd::Unknown); },
            }
            prop_assert!(flying.len() <= 9, "window 8 and a probe");
            prop_assert_eq!(lane.in_flight(), flying.len());
            prop_assert!(flying.iter().filter(|probe| **probe).count() <= 1);
        }
        for probe in flying.drain(..) { lane.ended(now, probe, CallEnd::Passed); }
        let turn = lane.turn(now + Duration::from_mins(2));
        prop_assert_ne!(turn, StartDecision::AfterCall);
    }
}
