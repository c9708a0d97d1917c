//! Health of the server and its providers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The answer of `GET /v1/providers/health`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProvidersHealthBody {
    /// Each provider.
    pub providers: Vec<ProviderHealthBody>,
}

/// A provider's health and statistics since the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProviderHealthBody {
    /// Its configured name.
    pub provider: String,
    /// Whether a send would work, as far as is known.
    pub healthy: bool,
    /// What the check found wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_check_error: Option<String>,
    /// The class of that error, such as `CONFIGURATION`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Whether it may go away by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retryable: Option<bool>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// How old the finding is, in seconds.
    pub age_seconds: u64,
    /// `closed` as long as there are no breakers; clients index it.
    pub circuit_breaker_state: String,
    /// Calls.
    pub total_requests: u64,
    /// Calls that the service took.
    pub successes: u64,
    /// Calls that failed.
    pub failures: u64,
    /// From 0 to 100.
    pub success_rate: f64,
    /// Mean.
    pub avg_latency_ms: f64,
    /// Median of the latest calls.
    pub p50_latency_ms: f64,
    /// 95th percentile of the latest calls.
    pub p95_latency_ms: f64,
    /// 99th percentile of the latest calls.
    pub p99_latency_ms: f64,
    /// In milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_request_at: Option<i64>,
    /// What the last failed call failed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// The lane that its calls go through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<LaneBody>,
}

/// A lane: what a service limits together, as one gateway sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LaneBody {
    /// Its name.
    pub name: String,
    /// `open`, `paused` or `probing`.
    pub state: String,
    /// Until the next probe may go; 0 while it is open.
    pub next_probe_in_seconds: f64,
    /// Calls a second that all gateways start at most; absent where nothing limits them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_second: Option<f64>,
    /// Whether that is configured, and not found out.
    pub configured: bool,
    /// What the service said when it last was too much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Pauses since the start.
    pub pauses: u64,
    /// Calls in flight.
    pub in_flight: usize,
    /// Actions in memory that wait for a turn.
    pub waiting: usize,
    /// Whether more wait in the store for want of room in memory.
    pub more_in_store: bool,
}

/// The answer of `GET /ready`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadyBody {
    /// `ready`, `degraded` or `unavailable`.
    pub status: String,
    /// Why not `ready`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}
