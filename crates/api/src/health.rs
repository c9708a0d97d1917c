//! Health of the server and its providers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer of `GET /v1/providers/health`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProvidersHealthBody {
    /// Each of the configured providers.
    pub providers: Vec<ProviderHealthBody>,
}

/// Health of a provider, and its statistics since the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProviderHealthBody {
    /// Name of the provider in the configuration.
    pub provider: String,
    /// Whether a send would work, as far as is known.
    pub healthy: bool,
    /// What the check found wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_check_error: Option<String>,
    /// The class of that error, such as `CONFIGURATION`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Whether the error may go away by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retryable: Option<bool>,
    /// Advice on what to do about the error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// How old the finding is, in seconds.
    pub age_seconds: u64,
    /// `closed` as long as there are no breakers; clients index it.
    pub circuit_breaker_state: String,
    /// Calls since the start.
    pub total_requests: u64,
    /// Calls since the start that the service took.
    pub successes: u64,
    /// Calls since the start that failed.
    pub failures: u64,
    /// Share of calls that the service took, from 0 to 100.
    pub success_rate: f64,
    /// Mean duration of a call, in milliseconds.
    pub avg_latency_ms: f64,
    /// Median duration of the latest calls, in milliseconds.
    pub p50_latency_ms: f64,
    /// 95th percentile of the latest calls' durations, in milliseconds.
    pub p95_latency_ms: f64,
    /// 99th percentile of the latest calls' durations, in milliseconds.
    pub p99_latency_ms: f64,
    /// When the last call began, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_request_at: Option<i64>,
    /// Error of the last call that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// The lane that its calls go through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<LaneBody>,
}

/// Lane: what a service limits together, as one gateway sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LaneBody {
    /// Name of the lane, which several providers may share.
    pub name: String,
    /// `open`, `paused` or `probing`.
    pub state: String,
    /// Seconds until the next probe may go; 0 while it is open.
    pub next_probe_in_seconds: f64,
    /// Calls a second that all gateways start at most; absent where nothing limits them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_second: Option<f64>,
    /// Whether `max_per_second` is configured, and not found out.
    pub configured: bool,
    /// What the service said when it last refused calls for their rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Pauses since the start.
    pub pauses: u64,
    /// Calls that have begun and are not answered.
    pub in_flight: usize,
    /// Actions in memory that wait for a turn.
    pub waiting: usize,
    /// Whether more wait in the store for want of room in memory.
    pub more_in_store: bool,
}

/// Answer of `GET /ready`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadyBody {
    /// `ready`, `degraded` or `unavailable`.
    pub status: String,
    /// Reasons why it is not `ready`, for a person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}
