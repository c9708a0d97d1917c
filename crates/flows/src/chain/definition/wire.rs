//! Steps as the wire format has them: the keys of all kinds side by side.

use std::time::Duration;

use acteon_core::{ActionType, ProviderName};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;

use super::branch::Branch;
use super::retry::Retry;
use super::step::{Join, OnParallelFailure, OnStepFailure, Parallel, StepDefinition, StepKind};

/// Keys of a step that say what it does, beside `provider`.
pub(super) const KINDS: [&str; 5] = [
    "timer",
    "wait_for_signal",
    "approval",
    "parallel",
    "sub_chain",
];

/// Step with the keys of all kinds. `provider`, `action_type` and `payload_template` are always there, since published clients ask for them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepWire {
    name: String,
    provider: String,
    action_type: String,
    payload_template: TemplateWire,
    #[serde(default)]
    on_failure: OnStepFailure,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delay_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry: Option<Retry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    branches: Vec<Branch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default_next: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timer: Option<TimerWire>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wait_for_signal: Option<WaitWire>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approval: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parallel: Option<ParallelWire>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sub_chain: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct TimerWire {
    duration_seconds: u64,
}

#[derive(Serialize, Deserialize)]
struct WaitWire {
    signal_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on_timeout: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ParallelWire {
    join: Join,
    on_failure: OnParallelFailure,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_concurrency: Option<usize>,
    steps: Vec<StepDefinition>,
}

impl Serialize for StepDefinition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        StepWire::from(self.clone()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for StepDefinition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = StepWire::deserialize(deserializer)?;
        Self::try_from(wire).map_err(de::Error::custom)
    }
}

/// The one key of a policy that is needed outside of it.
#[derive(Deserialize)]
struct PolicyWire {
    #[serde(default)]
    notify_provider: Option<ProviderName>,
}

impl From<StepDefinition> for StepWire {
    fn from(step: StepDefinition) -> Self {
        let mut wire = Self {
            name: step.name,
            provider: String::new(),
            action_type: String::new(),
            payload_template: TemplateWire(None),
            on_failure: step.on_failure,
            delay_seconds: step.delay.map(|delay| delay.as_secs()),
            retry: step.retry,
            branches: step.branches,
            default_next: step.default_next,
            timer: None,
            wait_for_signal: None,
            approval: None,
            parallel: None,
            sub_chain: None,
        };
        match step.kind {
            StepKind::Send {
                provider,
                action_type,
                payload_template,
            } => {
                wire.provider = provider.to_string();
                wire.action_type = action_type.to_string();
                wire.payload_template = TemplateWire(Some(payload_template));
            }
            StepKind::Timer { duration } => {
                wire.timer = Some(TimerWire {
                    duration_seconds: duration.as_secs(),
                });
            }
            StepKind::WaitForSignal {
                signal_name,
                timeout,
                on_timeout,
            } => {
                wire.wait_for_signal = Some(WaitWire {
                    signal_name,
                    timeout_seconds: timeout.map(|timeout| timeout.as_secs()),
                    on_timeout,
                });
            }
            StepKind::Approval { policy, .. } => wire.approval = Some(policy),
            StepKind::Parallel(parallel) => wire.parallel = Some(parallel.into()),
            StepKind::SubChain { chain } => wire.sub_chain = Some(chain),
        }
        wire
    }
}

impl From<Parallel> for ParallelWire {
    fn from(parallel: Parallel) -> Self {
        Self {
            join: parallel.join,
            on_failure: parallel.on_failure,
            timeout_seconds: parallel.timeout.map(|timeout| timeout.as_secs()),
            max_concurrency: parallel.max_concurrency,
            steps: parallel.steps,
        }
    }
}

impl TryFrom<StepWire> for StepDefinition {
    type Error = String;

    fn try_from(mut wire: StepWire) -> Result<Self, String> {
        let kind = kind(&mut wire).map_err(|error| format!("step {:?}: {error}", wire.name))?;
        Ok(Self {
            name: wire.name,
            kind,
            delay: wire.delay_seconds.map(Duration::from_secs),
            retry: wire.retry,
            on_failure: wire.on_failure,
            branches: wire.branches,
            default_next: wire.default_next,
        })
    }
}

fn kind(wire: &mut StepWire) -> Result<StepKind, String> {
    if let Some(timer) = &wire.timer {
        let duration = Duration::from_secs(timer.duration_seconds);
        return Ok(StepKind::Timer { duration });
    }
    if let Some(wait) = wire.wait_for_signal.take() {
        return Ok(StepKind::WaitForSignal {
            signal_name: wait.signal_name,
            timeout: wait.timeout_seconds.map(Duration::from_secs),
            on_timeout: wait.on_timeout,
        });
    }
    if let Some(policy) = wire.approval.take() {
        let read: PolicyWire =
            serde_json::from_str(policy.get()).map_err(|error| error.to_string())?;
        return Ok(StepKind::Approval {
            policy,
            notify_provider: read.notify_provider,
        });
    }
    if let Some(parallel) = wire.parallel.take() {
        return Ok(StepKind::Parallel(Parallel {
            join: parallel.join,
            on_failure: parallel.on_failure,
            timeout: parallel.timeout_seconds.map(Duration::from_secs),
            max_concurrency: parallel.max_concurrency,
            steps: parallel.steps,
        }));
    }
    if let Some(chain) = wire.sub_chain.take() {
        return Ok(StepKind::SubChain { chain });
    }
    Ok(StepKind::Send {
        provider: ProviderName::parse(&wire.provider).map_err(|e| format!("provider: {e}"))?,
        action_type: ActionType::parse(&wire.action_type)
            .map_err(|e| format!("action_type: {e}"))?,
        payload_template: wire
            .payload_template
            .0
            .clone()
            .ok_or("payload_template: is not there")?,
    })
}

/// Payload template, which is written as `{}` of a step that sends nothing.
#[derive(Deserialize)]
#[serde(transparent)]
struct TemplateWire(Option<Box<RawValue>>);

impl Serialize for TemplateWire {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(template) => template.serialize(serializer),
            None => serializer.serialize_map(Some(0))?.end(),
        }
    }
}
