//! How a lane is, for people and their monitoring.

use std::sync::Arc;
use std::time::Duration;

/// Whether calls go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneMode {
    /// They do, as far as the limits let them.
    Open,
    /// The service said that it was too much: nothing goes before the next probe.
    Paused,
    /// A probe is in flight; the others wait for its end.
    Probing,
}

impl LaneMode {
    /// The word in answers and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paused => "paused",
            Self::Probing => "probing",
        }
    }
}

/// A lane as it is now on this gateway.
#[derive(Clone, Debug)]
pub struct LaneStatus {
    /// Its name.
    pub name: Arc<str>,
    /// Whether calls go.
    pub mode: LaneMode,
    /// How long until the next probe may go; zero while the lane is open.
    pub probe_in: Duration,
    /// Calls a second that are started at most, by all gateways together; `None` where nothing limits them.
    pub pace: Option<f64>,
    /// Whether that is what the configuration says.
    pub pace_is_configured: bool,
    /// What the service said when it last was too much.
    pub reason: Option<String>,
    /// Pauses that were met here since the start.
    pub pauses: u64,
    /// Calls in flight.
    pub in_flight: usize,
    /// Actions in memory that wait for a turn.
    pub waiting: usize,
    /// Whether more wait in the store for want of room here.
    pub more_in_store: bool,
}
