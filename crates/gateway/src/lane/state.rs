//! The state of a lane. Pure: instants come in, turns go out.
//!
//! A fresh lane starts slowly: a few in flight, one more with each success that found it full. When the service says that there were too
//! many calls, the lane *pauses*; after the pause one call goes through as a *probe*. A refused probe doubles the pause, a successful one
//! opens the lane again, slowly, at a *pace* a little under what had gone through before the refusal. The pace is counted over the length
//! of the pause, because the pause shows how long the service's own window is. It creeps up again while nothing is refused.
//!
//! Where several gateways share a lane, each starts and grows by its share, and keeps to its share of the pace. Who met the limit probes and
//! learns the pace, from what it saw go through itself and what the others saw.

use std::collections::VecDeque;
use std::time::Duration;

use acteon_core::LaneLimits;
use acteon_core::limits::MAX_RETRY_AFTER;

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
    /// Most calls in flight. Grows by parts where others grow as well.
    window: f64,
    in_flight: usize,
    /// Calls per second that were learned to be allowed, for all gateways together.
    pace: Option<f64>,
    /// How many gateways share the lane: each keeps to its part of the pace.
    share: f64,
    /// What it had learned before, and the rate that it saw, when it last opened.
    learned_from: (Option<f64>, f64),
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
            window: SLOW_START.min(limits.max_concurrency) as f64,
            in_flight: 0,
            pace: None,
            share: 1.0,
            learned_from: (None, 0.0),
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

    /// Goes on as another gateway says that the lane stands. Who met the limit probes; the others hold back one pause longer, so that they
    /// hear of the probe first. Returns the rate that was seen here, if this is a pause that was not known.
    pub(super) fn adopt(&mut self, now: Duration, paused_for: Duration, pause: Duration, pace: Option<f64>) -> Option<f64> {
        let mut seen = None;
        let probing = self.mode == Mode::Probing;
        if pace.is_some() {
            self.pace = pace;
            self.last_growth = now;
        }
        if !paused_for.is_zero() {
            self.pause = pause.clamp(FIRST_PAUSE, LONGEST_PAUSE);
            if self.mode == Mode::Open {
                self.refused_at = now;
                seen = Some(self.seen(self.pause));
            }
            if !probing {
                self.mode = Mode::Paused { until: now + paused_for.min(LONGEST_PAUSE) + self.pause };
            }
        } else if matches!(self.mode, Mode::Paused { .. }) {
            self.start_slowly(now);
        }
        seen
    }

    /// The rate that was seen here before the pause, while there is one.
    pub(super) fn seen_before_pause(&self) -> Option<f64> {
        matches!(self.mode, Mode::Paused { .. }).then(|| self.seen(self.pause))
    }

    /// Says how many gateways share the lane.
    pub(super) fn set_share(&mut self, gateways: usize) {
        let share = gateways.max(1) as f64;
        self.window = (self.window * self.share / share).max(1.0);
        self.share = share;
    }

    /// Takes into the pace what the other gateways saw go through. Says whether the lane is open.
    pub(super) fn learn(&mut self, others: f64) -> bool {
        if self.mode != Mode::Open {
            return false;
        }
        let (before, own) = self.learned_from;
        let seen = (own + others) * CAUTION;
        self.pace = Some(before.map_or(seen, |pace| seen.min(pace * CAUTION)).max(SLOWEST));
        true
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
            Mode::Open if self.in_flight as f64 >= self.window.floor().max(1.0) => Turn::Later,
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
        let was_full = self.in_flight as f64 >= self.window.floor();
        self.in_flight = self.in_flight.saturating_sub(1);
        match end {
            CallEnd::Passed => {
                self.count(now);
                if probe {
                    self.reopen(now);
                    return true;
                }
                if was_full && self.mode == Mode::Open {
                    self.window = (self.window + 1.0 / self.share).min(self.limits.max_concurrency as f64);
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
        let pause = retry_after.map_or(self.pause, |asked| asked.clamp(FIRST_PAUSE, MAX_RETRY_AFTER));
        self.mode = Mode::Paused { until: now + pause };
        true
    }

    fn reopen(&mut self, now: Duration) {
        let own = self.seen(now.saturating_sub(self.refused_at));
        self.learned_from = (self.pace, own);
        self.last_growth = now;
        self.start_slowly(now);
        // A guess, until the others have said what they saw.
        self.learn(own * (self.share - 1.0));
    }

    /// The rate that went through before the refusal, over a time as long as the pause.
    fn seen(&self, pause: Duration) -> f64 {
        let horizon = pause.clamp(FIRST_PAUSE, Duration::from_secs(HORIZON - 1));
        let from = self.refused_at.saturating_sub(horizon).as_secs();
        let until = self.refused_at.as_secs();
        let passed: u32 = self.passed.iter().filter(|(second, _)| (from..=until).contains(second)).map(|(_, count)| count).sum();
        f64::from(passed) / horizon.as_secs_f64()
    }

    fn start_slowly(&mut self, now: Duration) {
        self.next_slot = now;
        self.pause = FIRST_PAUSE;
        self.window = (SLOW_START.min(self.limits.max_concurrency) as f64 / self.share).max(1.0);
        self.mode = Mode::Open;
    }

    fn current_pace(&mut self, now: Duration) -> Option<f64> {
        if now.saturating_sub(self.last_growth) >= GROWS_EVERY {
            self.last_growth = now;
            self.pace = self.pace.map(|pace| pace * GROWTH).filter(|pace| *pace < UNPACED);
        }
        let pace = match (self.pace, self.limits.max_per_second) {
            (Some(learned), Some(configured)) => Some(learned.min(configured)),
            (learned, configured) => learned.or(configured),
        };
        pace.map(|pace| pace / self.share)
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
mod tests;
