//! Specification of a time interval, as it is written.

use serde::Serialize;

use super::range::TimeRange;
use crate::on_mute::OnMute;

/// Specification of a time interval, as JSON has it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Spec {
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) on_mute: Option<OnMute>,
    pub(super) time_ranges: Vec<TimeRange>,
}
