//! The state of a lane. Pure: instants come in, turns go out.
//!
//! A fresh lane starts slowly: a few in flight, one more with each success that found it full. When the service says that there were too
//! many calls, the lane *pauses*; after the pause one call goes through as a *probe*. A refused probe doubles the pause, a successful one
//! opens the lane again, slowly, at a [`Pace`]. A call that had its turn and was not made gives it back, and tells nothing.
//!
//! A pace is learned only from a lane that was busy: where calls waited for a turn. What had gone through before the refusal is counted over the
//! length of the pause, because the pause shows how long the service's own window is. A refusal on a lane that nobody waited for teaches no
//! pace; the lane then finds out fast how much goes. A configured rate is known: nothing else is learned.
//!
//! Where several gateways share a lane, each starts and grows by its share, and keeps to its share of the pace. Who met the limit probes and
//! learns the pace, from what it saw go through itself and what the others saw.

use std::time::Duration;

use acteon_core::LaneLimits;
use acteon_core::limits::MAX_RETRY_AFTER;

use super::pace::Pace;
use super::passed::{HORIZON, Passed};

/// Calls in flight that a fresh or reopened lane starts with.
const SLOW_START: usize = 4;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// Time before a refusal within which a call had to wait for its turn, if the lane was busy.
const BUSY_FOR: Duration = Duration::from_secs(2);
/// Time without a refusal after which a pace is forgotten: limits change, and an old pace would hold calls back for good.
const PACE_KEEPS: Duration = Duration::from_mins(10);
/// Time that a paced call may start too early, to make up for those that timers let go too late.
const SLACK: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Open,
    Paused { until: Duration },
    Probing,
}

/// Decision whether the next call may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StartDecision {
    /// It may start, as a probe or not.
    Go { probe: bool },
    /// It may not start before this instant.
    At(Duration),
    /// It may not start before another call ends.
    AfterCall,
}

/// End of a call, as far as it tells of the service's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallEnd {
    /// The service took it, or refused it for reasons of its own.
    Passed,
    /// The service refused it for too many calls; perhaps with the time after which to come back.
    Refused(Option<Duration>),
    /// It says nothing about the service's limits: no connection, no answer.
    Unknown,
    /// It was not made: its turn is another's.
    NotMade,
}

/// Change of a lane by the end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing that others should know.
    None,
    /// The lane pauses, or goes on pausing.
    Paused,
    /// The lane is open again.
    Reopened,
}

/// State of a lane as another gateway or an earlier process shared it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SharedState {
    /// Time for which it is paused; zero when it is open.
    pub(super) paused_for: Duration,
    /// Length of the pause.
    pub(super) pause: Duration,
    /// Pace, how often it was confirmed, and for how long it is kept.
    pub(super) pace: Option<(f64, u32, Duration)>,
}

#[derive(Debug)]
pub(super) struct LaneState {
    limits: LaneLimits,
    mode: Mode,
    /// Most calls in flight. Grows by parts where others grow as well.
    window: f64,
    in_flight: usize,
    pace: Option<Pace>,
    /// Number of gateways that share the lane: each keeps to its part of the pace.
    share: f64,
    next_slot: Duration,
    pause: Duration,
    refused_at: Duration,
    /// Instant at which a call last had to wait for its turn although the lane was open.
    waited_at: Option<Duration>,
    /// Whether the lane was busy when it was refused.
    was_busy: bool,
    /// Pace before the refusal, the rate that was seen here, and how long the pause lasted: what
    /// the pace was last learned from.
    learned_from: (Option<Pace>, f64, Duration),
    passed: Passed,
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
            next_slot: Duration::ZERO,
            pause: FIRST_PAUSE,
            refused_at: Duration::ZERO,
            waited_at: None,
            was_busy: false,
            learned_from: (None, 0.0, Duration::ZERO),
            passed: Passed::default(),
        }
    }

    /// Continues where an earlier process stood. What that one was sure of may no longer be so.
    pub(super) fn restore(&mut self, now: Duration, shared: SharedState) {
        self.refused_at = now;
        self.pace = shared
            .pace
            .map(|(rate, ..)| Pace::shared(now, rate, 0, BUSY_FOR));
        self.pause = shared.pause.clamp(FIRST_PAUSE, LONGEST_PAUSE);
        if !shared.paused_for.is_zero() {
            self.mode = Mode::Paused {
                until: now + shared.paused_for.min(MAX_RETRY_AFTER),
            };
        }
    }

    /// Goes on as another gateway says that the lane stands. Who met the limit probes; the others hold back one pause longer, so that they
    /// hear of the probe first. Returns the rate that was seen here, if this is a pause that was not known.
    pub(super) fn adopt(&mut self, now: Duration, shared: SharedState) -> Option<f64> {
        let mut seen = None;
        let probing = self.mode == Mode::Probing;
        if let Some((rate, confirmed, keep)) = shared.pace {
            self.pace = Some(Pace::shared(now, rate, confirmed, keep));
        }
        if !shared.paused_for.is_zero() {
            self.pause = shared.pause.clamp(FIRST_PAUSE, LONGEST_PAUSE);
            if self.mode == Mode::Open {
                self.meet_limit(now);
                seen = Some(self.seen(self.pause));
            }
            if !probing {
                self.mode = Mode::Paused {
                    until: now + shared.paused_for.min(MAX_RETRY_AFTER) + self.pause,
                };
            }
        } else if matches!(self.mode, Mode::Paused { .. }) {
            self.start_slowly(now);
        }
        seen
    }

    /// Forgets pause and pace, as if nothing had been refused.
    pub(super) fn reset(&mut self, now: Duration) {
        self.pace = None;
        self.start_slowly(now);
    }

    /// Rate that was seen here before the pause, while there is one.
    pub(super) fn seen_before_pause(&self) -> Option<f64> {
        matches!(self.mode, Mode::Paused { .. }).then(|| self.seen(self.pause))
    }

    /// Sets how many gateways share the lane.
    pub(super) fn set_share(&mut self, gateways: usize) {
        let share = gateways.max(1) as f64;
        self.window = (self.window * self.share / share).max(1.0);
        self.share = share;
    }

    /// Takes into the pace what the other gateways saw go through.
    pub(super) fn learn(&mut self, now: Duration, others: f64) {
        if self.mode != Mode::Open || self.limits.max_per_second.is_some() {
            return;
        }
        let (before, own, pause) = self.learned_from;
        let seen = own + others;
        self.pace = Some(match (self.was_busy, before) {
            (true, Some(pace)) => pace.refused(now, seen, pause),
            (true, None) => Pace::guess(now, seen, pause),
            (false, Some(pace)) => pace.unharmed(now),
            (false, None) => Pace::unknown(now),
        });
    }

    /// Lets another sender share the lane.
    pub(super) fn widen(&mut self, limits: LaneLimits) {
        self.limits.max_concurrency += limits.max_concurrency;
        self.limits.max_per_second = match (self.limits.max_per_second, limits.max_per_second) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }

    pub(super) fn turn(&mut self, now: Duration) -> StartDecision {
        match self.mode {
            Mode::Paused { until } if now < until => StartDecision::At(until),
            Mode::Paused { .. } => {
                // One call alone: had the limit not passed, all who wait would be refused together.
                self.mode = Mode::Probing;
                self.in_flight += 1;
                StartDecision::Go { probe: true }
            }
            Mode::Probing => StartDecision::AfterCall,
            Mode::Open if self.in_flight as f64 >= self.window.floor().max(1.0) => {
                self.waited_at = Some(now);
                StartDecision::AfterCall
            }
            Mode::Open => {
                if let Some(interval) = self.interval(now) {
                    if now < self.next_slot {
                        self.waited_at = Some(now);
                        return StartDecision::At(self.next_slot);
                    }
                    // From the slot and not from now, so that timers which fire late do not slow
                    // the lane; but no further back than the slack, or the slots of an idle hour
                    // would go out as one burst.
                    self.next_slot = self.next_slot.max(now.saturating_sub(SLACK)) + interval;
                }
                if let Some(pace) = &mut self.pace {
                    pace.started();
                }
                self.in_flight += 1;
                StartDecision::Go { probe: false }
            }
        }
    }

    /// Takes in that a call ended, or was not made.
    pub(super) fn ended(&mut self, now: Duration, probe: bool, end: CallEnd) -> Change {
        let was_full = self.in_flight as f64 >= self.window.floor();
        self.in_flight = self.in_flight.saturating_sub(1);
        match end {
            CallEnd::Passed => {
                self.passed.count(now);
                if probe && self.mode == Mode::Probing {
                    self.reopen(now);
                    return Change::Reopened;
                }
                if self.mode == Mode::Open {
                    // A window that was never full says nothing about a larger one: grown in quiet
                    // hours it would let everything go at once in a busy one.
                    if was_full {
                        self.window = (self.window + 1.0 / self.share)
                            .min(self.limits.max_concurrency as f64);
                    }
                    if let Some(pace) = &mut self.pace {
                        pace.passed();
                    }
                }
            }
            CallEnd::Refused(retry_after) => return self.refused(now, probe, retry_after),
            // No answer proves neither that the limit is over nor that it holds: the lane pauses as long again, and no longer.
            CallEnd::Unknown if probe && self.mode == Mode::Probing => {
                self.mode = Mode::Paused {
                    until: now + self.pause,
                }
            }
            // The next call is the probe at once: a pause that is over must not begin again for a call that never left.
            CallEnd::NotMade if probe && self.mode == Mode::Probing => {
                self.mode = Mode::Paused { until: now }
            }
            // Its start is given back to the pace, but no further than the slack: unused turns must not add up to a burst.
            CallEnd::NotMade => {
                if let Some(interval) = self
                    .interval(now)
                    .filter(|_| self.mode == Mode::Open && !probe)
                {
                    self.next_slot = self
                        .next_slot
                        .saturating_sub(interval)
                        .max(now.saturating_sub(SLACK));
                }
            }
            CallEnd::Unknown => {}
        }
        Change::None
    }

    /// Time until the next probe may go; `None` while the lane is open.
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

    /// Whether a probe is in flight.
    pub(super) fn is_probing(&self) -> bool {
        self.mode == Mode::Probing
    }

    /// Calls a second that are started at most, over all gateways, and whether that is configured.
    pub(super) fn pace(&self) -> Option<(f64, bool)> {
        let configured = self.limits.max_per_second.map(|rate| (rate, true));
        configured.or_else(|| self.pace.map(|pace| (pace.shown(), false)))
    }

    /// Learned pace, as others should hear it.
    pub(super) fn told(&self, now: Duration) -> Option<(f64, u32, Duration)> {
        self.pace.map(|pace| pace.told(now))
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    fn refused(&mut self, now: Duration, probe: bool, retry_after: Option<Duration>) -> Change {
        match self.mode {
            Mode::Open => {
                self.meet_limit(now);
                self.pause = FIRST_PAUSE;
            }
            Mode::Probing if probe => self.pause = (self.pause * 2).min(LONGEST_PAUSE),
            // Sent before the pause began: it tells nothing new.
            Mode::Paused { .. } | Mode::Probing => return Change::None,
        }
        let pause = retry_after.map_or(self.pause, |asked| {
            asked.clamp(FIRST_PAUSE, MAX_RETRY_AFTER)
        });
        self.mode = Mode::Paused { until: now + pause };
        Change::Paused
    }

    fn meet_limit(&mut self, now: Duration) {
        self.refused_at = now;
        self.was_busy = self
            .waited_at
            .is_some_and(|at| now.saturating_sub(at) <= BUSY_FOR);
    }

    fn reopen(&mut self, now: Duration) {
        let pause = now.saturating_sub(self.refused_at);
        // The service forgave after `pause`, so its window is about as long: what went through in
        // such a time is what it lets through.
        let own = self.seen(pause);
        self.learned_from = (self.pace, own, pause);
        let window = self.window;
        self.start_slowly(now);
        if self.was_busy && self.learned_from.0.is_some() {
            // The pace is known about, and keeps it from too much.
            self.window = self.window.max(window / 2.0);
        }
        // A guess, until the others have said what they saw.
        self.learn(now, own * (self.share - 1.0));
        // The probe was a call as well.
        self.next_slot = now + self.interval(now).unwrap_or_default();
    }

    /// Rate that went through before the refusal, over a time as long as the pause.
    fn seen(&self, pause: Duration) -> f64 {
        let horizon = pause.clamp(FIRST_PAUSE, HORIZON);
        self.passed.rate(self.refused_at, horizon)
    }

    fn start_slowly(&mut self, now: Duration) {
        self.next_slot = now;
        self.pause = FIRST_PAUSE;
        self.window = (SLOW_START.min(self.limits.max_concurrency) as f64 / self.share).max(1.0);
        self.mode = Mode::Open;
    }

    /// Time between the starts of two calls of this gateway; `None` where nothing limits them.
    fn interval(&mut self, now: Duration) -> Option<Duration> {
        if self.pace.is_some() && now.saturating_sub(self.refused_at) >= PACE_KEEPS {
            self.pace = None;
        }
        let learned = self
            .pace
            .as_mut()
            .and_then(|pace| pace.rate(now, self.share));
        if learned.is_none() {
            self.pace = None;
        }
        let rate = self.limits.max_per_second.or(learned)?;
        Some(Duration::from_secs_f64(self.share / rate))
    }
}

#[cfg(test)]
mod tests;
