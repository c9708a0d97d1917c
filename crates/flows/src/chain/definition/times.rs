//! Times that can never be over, since the chain ends before.

use std::time::Duration;

use serde::Deserialize;

use super::check::with_paths;
use super::problem::Problems;
use super::step::{OnStepFailure, StepDefinition, StepKind};
use crate::chain::limits::DEFAULT_TIMEOUT;

/// What a policy of an approval says of its time.
#[derive(Deserialize)]
struct PolicyTime {
    #[serde(default)]
    timeout_seconds: Option<u64>,
    #[serde(default)]
    on_timeout: Option<String>,
}

/// Checks that what a chain waits for comes before its own end. A time-out that only ends the chain may come after that.
pub(super) fn check(steps: &[StepDefinition], timeout: Option<u64>, problems: &mut Problems) {
    let most = timeout.unwrap_or(DEFAULT_TIMEOUT.as_secs());
    for (step, path) in with_paths(steps) {
        let delay = step.delay.map(|delay| delay.as_secs());
        let skips = step.on_failure == OnStepFailure::Skip;
        let own = match &step.kind {
            StepKind::Timer { duration } => {
                Some(("timer.duration_seconds", Some(duration.as_secs())))
            }
            StepKind::WaitForSignal {
                timeout,
                on_timeout,
                ..
            } if skips || on_timeout.is_some() => {
                Some(("wait_for_signal.timeout_seconds", seconds(*timeout)))
            }
            StepKind::Parallel(parallel) if skips => {
                Some(("parallel.timeout_seconds", seconds(parallel.timeout)))
            }
            StepKind::Approval { policy, .. } => {
                // What is of another type was told when it was read.
                let time = serde_json::from_str::<PolicyTime>(policy.get()).ok();
                let matters =
                    |time: &PolicyTime| skips || time.on_timeout.as_deref() == Some("approve");
                let seconds = time.filter(matters).and_then(|time| time.timeout_seconds);
                Some(("approval.timeout_seconds", seconds))
            }
            StepKind::WaitForSignal { .. }
            | StepKind::Parallel(_)
            | StepKind::Send { .. }
            | StepKind::SubChain { .. } => None,
        };
        for (key, seconds) in own.into_iter().chain([("delay_seconds", delay)]) {
            let Some(seconds) = seconds.filter(|seconds| *seconds >= most) else {
                continue;
            };
            let message = format!(
                "is {seconds}, but the chain ends after {most} seconds; expected less, or a longer timeout_seconds of the chain ({} where it has none)",
                DEFAULT_TIMEOUT.as_secs()
            );
            problems.add(&format!("{path}.{key}"), message);
        }
    }
}

fn seconds(timeout: Option<Duration>) -> Option<u64> {
    timeout.map(|timeout| timeout.as_secs())
}
