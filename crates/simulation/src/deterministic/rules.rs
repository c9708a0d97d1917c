//! The rules in force.

use acteon_rules::{Context, RuleFile, RuleSet};

use crate::harness::Failure;

/// Replays beyond a few are held back: these must stay on the list of dead letters. The first minutes of a day, or the second, postpone some
/// actions, and a queue can be postponed whole. Some are of high priority whatever their sender says.
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
