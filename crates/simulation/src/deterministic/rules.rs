//! Rules of the gateways of a run.

use acteon_rules::{Context, RuleFile, RuleSet};

use crate::harness::Failure;

/// Rules as YAML. They throttle replays, so that some letters must stay on the list of dead letters; they postpone some actions in the first minutes of
/// a day, and a whole queue after noon; they give some actions a high priority whatever their sender asks for; some start a chain, and some are asked
/// about.
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
  - name: chains
    condition: 'action.action_type == "chain"'
    action: {type: chain, chain: deploy}
  - name: asks
    condition: 'action.action_type == "asks"'
    action: {type: request_approval, notify_provider: plain, timeout_seconds: 60, remind_every_seconds: 20}
chains:
  - name: deploy
    timeout_seconds: 240
    on_cancel: {provider: plain, action_type: x}
    steps:
      - {name: announce, provider: plain, action_type: x, payload_template: {n: "{{ origin.payload.number }}"}, retry: {max_retries: 1, backoff_ms: 1000}}
      - name: ask
        approval: {notify_provider: plain, timeout_seconds: 60, remind_every_seconds: 20}
        on_failure: skip
        branches: [{field: body.decision, operator: eq, value: approved, target: both}]
        default_next: declined
      - {name: declined, provider: plain, action_type: x, payload_template: {by: "{{ prev.body.decision }}"}, on_failure: skip, default_next: wait}
      - name: both
        on_failure: skip
        parallel:
          on_failure: best_effort
          max_concurrency: 2
          steps:
            - {name: left, provider: plain, action_type: x, payload_template: {}}
            - {name: right, provider: plain, action_type: x, payload_template: {}}
            - {name: below, sub_chain: inner}
      - {name: wait, wait_for_signal: {signal_name: go, timeout_seconds: 30, on_timeout: late}, default_next: end}
      - {name: late, provider: plain, action_type: x, payload_template: {}, on_failure: skip}
      - {name: end, timer: {duration_seconds: 5}}
  - name: inner
    steps:
      - {name: hold, timer: {duration_seconds: 3}}
      - {name: ask, approval: {approvers: [lena, max], quorum: 2, timeout_seconds: 50, on_timeout: approve}}
      - {name: last, provider: plain, action_type: x, payload_template: {}}
"#;

pub(super) fn rules() -> Result<RuleSet, Failure> {
    let file = RuleFile {
        name: "rules.yaml".to_owned(),
        text: RULES.to_owned(),
    };
    Ok(RuleSet::compile(&[file], &Context::default())?)
}
