//! A lane against services of every kind, in time that is made up.

use super::*;
use proptest::prelude::*;

const LIMITS: LaneLimits = LaneLimits { max_concurrency: 100, max_per_second: None };

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn a_fresh_lane_starts_slowly_and_grows_with_success() {
    let mut lane = LaneState::new(LIMITS);
    let go = |lane: &mut LaneState| lane.turn(millis(0)) == Turn::Go { probe: false };
    assert_eq!((0..10).filter(|_| go(&mut lane)).count(), 4);
    for _ in 0..4 {
        lane.ended(millis(1), false, CallEnd::Passed);
    }
    assert_eq!((0..10).filter(|_| go(&mut lane)).count(), 5, "one success had found it full");
}

#[test]
fn pauses_double_and_a_single_probe_goes_through() {
    let mut lane = LaneState::new(LIMITS);
    assert_eq!(lane.turn(millis(0)), Turn::Go { probe: false });
    assert!(lane.ended(millis(0), false, CallEnd::Refused(None)));
    let mut now = millis(0);
    for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(lane.turn(now), Turn::At(now + Duration::from_secs(pause)));
        now += Duration::from_secs(pause);
        assert_eq!(lane.turn(now), Turn::Go { probe: true });
        assert_eq!(lane.turn(now), Turn::Later);
        assert!(lane.ended(now, true, CallEnd::Refused(None)));
    }
}

/// Sends as many as the lane lets go, to a service that takes `limit` in each second and answers at once.
fn run(limit: u32, total: u32) -> (Duration, u32) {
    let mut lane = LaneState::new(LIMITS);
    let (mut now, mut sent, mut refused, mut second, mut used) = (millis(0), 0, 0, 0, 0);
    while sent < total {
        if now.as_secs() != second {
            (second, used) = (now.as_secs(), 0);
        }
        match lane.turn(now) {
            Turn::Go { probe } if used < limit => {
                used += 1;
                sent += 1;
                lane.ended(now, probe, CallEnd::Passed);
            }
            Turn::Go { probe } => {
                refused += 1;
                lane.ended(now, probe, CallEnd::Refused(None));
            }
            Turn::At(later) => now = later,
            Turn::Later => unreachable!("calls end at once"),
        }
        now += Duration::from_micros(200);
    }
    (now, refused)
}

#[test]
fn it_finds_the_rate_that_is_allowed() {
    let (took, refused) = run(20, 1000);
    assert!(took < Duration::from_secs(70), "{took:?}");
    assert!(refused < 10, "{refused}");
}

#[test]
fn a_restored_lane_stays_paused_and_paced() {
    let mut lane = LaneState::new(LIMITS);
    lane.restore(millis(0), millis(3000), millis(4000), Some(10.0));
    assert_eq!(lane.turn(millis(0)), Turn::At(millis(3000)));
    assert_eq!(lane.turn(millis(3000)), Turn::Go { probe: true });
}

#[test]
fn who_hears_of_a_pause_holds_back_until_the_probe_of_the_other() {
    let mut lane = LaneState::new(LIMITS);
    lane.set_share(2);
    assert_eq!(lane.adopt(millis(0), millis(1000), millis(1000), None), Some(0.0), "nothing went through here");
    assert_eq!(lane.adopt(millis(0), millis(1000), millis(1000), None), None, "known by now");
    assert_eq!(lane.turn(millis(0)), Turn::At(millis(2000)), "one pause longer");
    lane.adopt(millis(1100), Duration::ZERO, millis(1000), Some(20.0));
    assert_eq!(lane.turn(millis(1100)), Turn::Go { probe: false }, "the other's probe passed");
    assert_eq!(lane.turn(millis(1150)), Turn::At(millis(1200)), "half of twenty a second");
}

proptest! {
    #[test]
    fn it_never_exceeds_its_window_and_never_starves(steps in prop::collection::vec((0u8..5, 0u64..2000), 1..300)) {
        let mut lane = LaneState::new(LaneLimits { max_concurrency: 8, max_per_second: Some(50.0) });
        let (mut now, mut flying) = (millis(0), Vec::new());
        for (step, pass) in steps {
            now += millis(pass);
            match step {
                0 | 1 => if let Turn::Go { probe } = lane.turn(now) { flying.push(probe) },
                2 => if let Some(probe) = flying.pop() { lane.ended(now, probe, CallEnd::Passed); },
                3 => if let Some(probe) = flying.pop() { lane.ended(now, probe, CallEnd::Refused(None)); },
                _ => if let Some(probe) = flying.pop() { lane.ended(now, probe, CallEnd::Unknown); },
            }
            prop_assert!(flying.len() <= 9, "window 8 and a probe");
            prop_assert_eq!(lane.in_flight(), flying.len());
            prop_assert!(flying.iter().filter(|probe| **probe).count() <= 1);
        }
        for probe in flying.drain(..) { lane.ended(now, probe, CallEnd::Passed); }
        let turn = lane.turn(now + Duration::from_mins(2));
        prop_assert_ne!(turn, Turn::Later);
    }
}
