//! Random definitions.

use serde_json::{Value, json};

use super::choices::Choices;
use crate::approvals::random::policy;
use crate::world::{send, step, with};

pub(super) fn definition(choices: &mut Choices<'_>, name: &str, others: &[&str]) -> Value {
    // What waits for a time must be over before the chain is.
    let most = 1000 - choices.below(990);
    let count = 1 + choices.below(6);
    let names: Vec<String> = (0..count).map(|n| format!("s{n}")).collect();
    let mut steps = Vec::new();
    for (at, own) in names.iter().enumerate() {
        let mut step = one_step(choices, own, others, most);
        let later = &names[at + 1..];
        let is_wait = step.get("wait_for_signal").is_some();
        if let Some(target) = choices.one(later).filter(|_| is_wait) {
            step["wait_for_signal"]["on_timeout"] = json!(target);
        }
        if let Some(target) = choices.one(later).filter(|_| choices.rarely(3)) {
            step["default_next"] = json!(target);
        }
        if let Some(target) = choices.one(later).filter(|_| choices.rarely(3)) {
            let field = choices.one(&["success", "body.n"]).expect("a field");
            let asks = step.get("approval").is_some();
            let (field, value) = match field {
                "success" => ("success", json!(true)),
                _ if asks => ("body.decision", json!("approved")),
                other => (other, json!(1)),
            };
            step["branches"] =
                json!([{"field": field, "operator": "eq", "value": value, "target": target}]);
        }
        if choices.rarely(6) {
            step["delay_seconds"] = json!(choices.below(20.min(most)));
        }
        step["on_failure"] = json!(choices.one(&["abort", "skip", "dlq"]));
        steps.push(step);
    }
    let mut definition = json!({"name": name, "steps": steps, "timeout_seconds": most});
    if choices.rarely(2) {
        definition["on_cancel"] = json!({"provider": "p", "action_type": "told"});
    }
    definition
}

fn one_step(choices: &mut Choices<'_>, name: &str, others: &[&str], most: usize) -> Value {
    let within = |wanted: usize| wanted.min(most - 1);
    match choices.below(6) {
        1 => step(
            name,
            &json!({"timer": {"duration_seconds": within(choices.below(30))}}),
        ),
        2 => step(
            name,
            &json!({"wait_for_signal": {"signal_name": format!("go{}", choices.below(2)), "timeout_seconds": within(1 + choices.below(60))}}),
        ),
        3 => {
            let children: Vec<Value> = (0..=choices.below(3))
                .map(|at| {
                    let child = simple_step(choices, &format!("{name}-{at}"), others, most);
                    with(
                        child,
                        &json!({"on_failure": choices.one(&["abort", "skip"])}),
                    )
                })
                .collect();
            let mut parallel = json!({
                "join": choices.one(&["all", "any"]), "on_failure": choices.one(&["fail_fast", "best_effort"]), "steps": children
            });
            if choices.rarely(2) {
                parallel["max_concurrency"] = json!(1 + choices.below(2));
            }
            if choices.rarely(2) {
                parallel["timeout_seconds"] = json!(within(1 + choices.below(60)));
            }
            step(name, &json!({"parallel": parallel}))
        }
        _ => simple_step(choices, name, others, most),
    }
}

/// Step that may stand within a parallel one.
fn simple_step(choices: &mut Choices<'_>, name: &str, others: &[&str], most: usize) -> Value {
    match (choices.below(5), others) {
        (1, [_, ..]) => step(name, &json!({"sub_chain": choices.one(others)})),
        (2, _) => step(name, &json!({"approval": asked(choices, most)})),
        (3, _) => {
            let strategy = choices.one(&["fixed", "linear", "exponential"]);
            let retry = json!({
                "max_retries": choices.below(3), "backoff_ms": choices.below(3000), "strategy": strategy, "jitter_ms": choices.below(2000)
            });
            with(send(name), &json!({"retry": retry}))
        }
        // Nothing comes before the first.
        (4, _) if !name.starts_with("s0") => with(
            send(name),
            // Said to be minded: otherwise it is refused behind an approval, which has no such thing.
            &json!({"payload_template": {"prev": "{{ prev.body.n if true }}"}}),
        ),
        _ => send(name),
    }
}

/// Policy of an approval within a chain that takes so long at most.
fn asked(choices: &mut Choices<'_>, most: usize) -> Value {
    let mut policy = policy(choices);
    let approvers = policy["approvers"].as_array().map_or(0, Vec::len);
    if approvers == 0 {
        policy = json!({"on_timeout": choices.one(&["approve", "reject"])});
    } else if approvers == 1 && policy["quorum"] == 2 {
        policy["quorum"] = json!(1);
    }
    policy["message"] = json!("{{ origin.payload.build }}?");
    let timeout = (1 + choices.below(300)).min(most - 1);
    policy["timeout_seconds"] = json!(timeout);
    // Nothing comes after its end.
    for (time, with) in [
        ("remind_every_seconds", None),
        ("escalate_after_seconds", Some("escalate_to")),
    ] {
        let is_late = policy[time]
            .as_u64()
            .is_some_and(|time| time >= timeout as u64);
        if let Some(policy) = policy.as_object_mut().filter(|_| is_late) {
            policy.retain(|key, _| key != time && with != Some(key.as_str()));
        }
    }
    if choices.rarely(2) {
        policy["notify_provider"] = json!("p");
    }
    policy
}
