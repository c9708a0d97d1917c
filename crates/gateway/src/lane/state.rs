//! The state of a lane. Pure: instants come in, turns go out.
//!
//! A fresh lane starts slowly: a few in flight, one more with each success that found it full. When the service says that there were too
//! many calls, the lane *pauses*; after the pause one call goes through as a *probe*. A refused probe doubles the pause, a successful one
//! opens the lane again, slowly, at a *pace* a little under what had gone through before the refusal. The pace is counted over the length
//! of the pause, because the pause shows how long the service's own window is. It creeps up again while nothing is refused.

use std::collections::VecDeque;
use std::time::Duration;

use acteon_core::LaneLimits;

/// Calls in flight that a fresh or reopened lane starts with.
const SLOW_START: usize = 4;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How much of the rate that went through is used.
const CAUTION: f64 = 0.9;
/// Slowest pace, in calls per second: a lane must not starve for a bad guess.
const SLOWEST: f64 = 0.5;
/// The pace grows by a tenth whenever this long passes without a refusal.
const GROWS_EVERY: Duration = Duration::from_mins(1);
const GROWTH: f64 = 1.1;
/// A learned pace above this is no limit worth keeping.
const UNPACED: f64 = 20_000.0;
/// How far back successes are counted, in seconds.
const HORIZON: u64 = 64;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Open,
    Paused { until: Duration },
    Probing,
}

/// May the next call go?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Yes, as a probe or not.
    Go { probe: bool },
    /// Not before this instant.
    At(Duration),
    /// Not before another call ends.
    Later,
}

/// How a call ended, as far as the lane cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallEnd {
    /// The service took it, or refused it for reasons of its own.
    Passed,
    /// Too many calls; perhaps with the time after which to come back.
    Refused(Option<Duration>),
    /// It says nothing about the service's limits: no connection, or never made.
    Unknown,
}

#[derive(Debug)]
pub(super) struct LaneState {
    limits: LaneLimits,
    mode: Mode,
    window: usize,
    in_flight: usize,
    /// Calls per second that were learned to be allowed.
    pace: Option<f64>,
    next_slot: Duration,
    pause: Duration,
    refused_at: Duration,
    last_growth: Duration,
    passed: VecDeque<(u64, u32)>,
}

impl LaneState {
    pub(super) fn new(limits: LaneLimits) -> Self {
        Self {
            limits,
            mode: Mode::Open,
            window: SLOW_START.min(limits.max_concurrency),
            in_flight: 0,
            pace: None,
            next_slot: Duration::ZERO,
            pause: FIRST_PAUSE,
            refused_at: Duration::ZERO,
            last_growth: Duration::ZERO,
            passed: VecDeque::new(),
        }
    }

    /// Continues where an earlier process stood.
    pub(super) fn restore(&mut self, now: Duration, paused_for: Duration, pause: Duration, pace: Option<f64>) {
        self.pace = pace;
        self.last_growth = now;
        self.pause = pause.clamp(FIRST_PAUSE, LONGEST_PAUSE);
        if !paused_for.is_zero() {
            self.refused_at = now;
            self.mode = Mode::Paused { until: now + paused_for.min(LONGEST_PAUSE) };
        }
    }

    /// Lets another sender share the lane.
    pub(super) fn widen(&mut self, limits: LaneLimits) {
        self.limits.max_concurrency += limits.max_concurrency;
        self.limits.max_per_second = match (self.limits.max_per_second, limits.max_per_second) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }

    pub(super) fn turn(&mut self, now: Duration) -> Turn {
        match self.mode {
            Mode::Paused { until } if now < until => Turn::At(until),
            Mode::Paused { .. } => {
                self.mode = Mode::Probing;
                self.in_flight += 1;
                Turn::Go { probe: true }
            }
            Mode::Probing => Turn::Later,
            Mode::Open if self.in_flight >= self.window => Turn::Later,
            Mode::Open => {
                if let Some(pace) = self.current_pace(now) {
                    if now < self.next_slot {
                        return Turn::At(self.next_slot);
                    }
                    self.next_slot = now + Duration::from_secs_f64(1.0 / pace);
                }
                self.in_flight += 1;
                Turn::Go { probe: false }
            }
        }
    }

    /// A call ended. Says whether pause or pace changed.
    pub(super) fn ended(&mut self, now: Duration, probe: bool, end: CallEnd) -> bool {
        let was_full = self.in_flight >= self.window;
        self.in_flight = self.in_flight.saturating_sub(1);
        match end {
            CallEnd::Passed => {
                self.count(now);
                if probe {
                    self.reopen(now);
                    return true;
                }
                if was_full && self.mode == Mode::Open {
                    self.window = (self.window + 1).min(self.limits.max_concurrency);
                }
                false
            }
            CallEnd::Refused(retry_after) => self.refused(now, probe, retry_after),
            CallEnd::Unknown => {
                if probe {
                    self.mode = Mode::Paused { until: now + self.pause };
                }
                false
            }
        }
    }

    /// When the next probe may go; `None` while the lane is open.
    pub(super) fn paused_until(&self, now: Duration) -> Option<Duration> {
        match self.mode {
            Mode::Open => None,
            Mode::Paused { until } => Some(until),
            Mode::Probing => Some(now + self.pause),
        }
    }

    pub(super) fn pause(&self) -> Duration {
        self.pause
    }

    pub(super) fn pace(&self) -> Option<f64> {
        self.pace
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    fn refused(&mut self, now: Duration, probe: bool, retry_after: Option<Duration>) -> bool {
        match self.mode {
            Mode::Open => {
                self.refused_at = now;
                self.pause = FIRST_PAUSE;
            }
            Mode::Probing if probe => self.pause = (self.pause * 2).min(LONGEST_PAUSE),
            // Sent before the pause began: it tells nothing new.
            Mode::Paused { .. } | Mode::Probing => return false,
        }
        let pause = retry_after.map_or(self.pause, |asked| asked.clamp(FIRST_PAUSE, LONGEST_PAUSE));
        self.mode = Mode::Paused { until: now + pause };
        true
    }

    fn reopen(&mut self, now: Duration) {
        let horizon = now.saturating_sub(self.refused_at).clamp(FIRST_PAUSE, Duration::from_secs(HORIZON - 1));
        let from = self.refused_at.saturating_sub(horizon).as_secs();
        let until = self.refused_at.as_secs();
        let passed: u32 = self.passed.iter().filter(|(second, _)| (from..=until).contains(second)).map(|(_, count)| count).sum();
        let seen = f64::from(passed) / horizon.as_secs_f64() * CAUTION;
        let learned = self.pace.map_or(seen, |pace| seen.min(pace * CAUTION));
        self.pace = Some(learned.max(SLOWEST));
        self.next_slot = now;
        self.last_growth = now;
        self.pause = FIRST_PAUSE;
        self.window = SLOW_START.min(self.limits.max_concurrency);
        self.mode = Mode::Open;
    }

    fn current_pace(&mut self, now: Duration) -> Option<f64> {
        if now.saturating_sub(self.last_growth) >= GROWS_EVERY {
            self.last_growth = now;
            self.pace = self.pace.map(|pace| pace * GROWTH).filter(|pace| *pace < UNPACED);
        }
        match (self.pace, self.limits.max_per_second) {
            (Some(learned), Some(configured)) => Some(learned.min(configured)),
            (learned, configured) => learned.or(configured),
        }
    }

    fn count(&mut self, now: Duration) {
        let second = now.as_secs();
        match self.passed.back_mut() {
            Some((last, count)) if *last == second => *count += 1,
            _ => self.passed.push_back((second, 1)),
        }
        while self.passed.front().is_some_and(|(first, _)| first + HORIZON < second) {
            self.passed.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
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
}
