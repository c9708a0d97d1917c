//! Status of a lane, for people and their monitoring.

use std::sync::Arc;
use std::time::Duration;

/// Mode of a lane: whether calls go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneMode {
    /// Calls go, as far as the limits let them.
    Open,
    /// The service said that it was too much: nothing goes before the next probe.
    Paused,
    /// A probe is in flight; the others wait for its end.
    Probing,
}

impl LaneMode {
    /// Name of the mode in answers and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paused => "paused",
            Self::Probing => "probing",
        }
    }
}

/// Status of a lane as it is now on this gateway.
#[derive(Clone, Debug)]
pub struct LaneStatus {
    /// Name of the lane, which several providers may share.
    pub name: Arc<str>,
    /// Mode of the lane: whether calls go.
    pub mode: LaneMode,
    /// Time until the next probe may go; zero while the lane is open.
    pub probe_in: Duration,
    /// Calls a second that are started at most, by all gateways together; `None` where nothing limits them.
    pub pace: Option<f64>,
    /// Whether `pace` is what the configuration says.
    pub pace_is_configured: bool,
    /// Service's words when it last refused calls for their rate.
    pub reason: Option<String>,
    /// Number of pauses that were met here since the start.
    pub pauses: u64,
    /// Number of calls in flight.
    pub in_flight: usize,
    /// Number of actions in memory that wait for a turn.
    pub waiting: usize,
    /// Whether more wait in the store for want of room here.
    pub more_in_store: bool,
}
