//! Rules of the gateways of a run.

use acteon_rules::{Context, RuleFile, RuleSet};

use crate::harness::Failure;

/// Rules as YAML. They throttle replays, so that some letters must stay on the list of dead letters; they postpone some actions in the first minutes of
/// a day, and a whole queue after noon; and they give some actions a high priority whatever their sender asks for.
const RULES: &str = r#"
time_intervals:
  - {name: first-minutes, on_mute: postpone, time_ranges: [{times: [{start: "00:00", end: "00:03"}]}]}
  - {name: second-minute, on_mute: postpone, time_ranges: [{times: [{start: "00:01", end: "00:02"}]}]}
  - {name: noon, on_mute: postpone, time_ranges: [{times: [{start: "12:00", end: "12:05"}]}]}
rules:
  - name: few-replays
    condition: 'has(action.metadata.replayed_from)'
    action: {type: throttle, max_count: 2, window_seconds: 15}
  - name: urgent
    condition: 'has(action.metadata.urgent)'
    action: {type: allow, priority: high}
  - name: later
    condition: 'action.metadata.goes == "later"'
    mute_time_intervals: [first-minutes]
    action: {type: allow}
  - name: between
    condition: 'action.metadata.goes == "between"'
    mute_time_intervals: [second-minute]
    action: {type: allow}
  - name: after-noon
    condition: 'action.metadata.goes == "after noon"'
    mute_time_intervals: [noon]
    action: {type: allow}
"#;

pub(super) fn rules() -> Result<RuleSet, Failure> {
    let file = RuleFile {
        name: "rules.yaml".to_owned(),
        text: RULES.to_owned(),
    };
    Ok(RuleSet::compile(&[file], &Context::default())?)
}
