//! Definitions: waits that can never come to their end, and templates that can never be rendered.

use acteon_flows::chain::Definition;
use serde_json::{Value, json};

use crate::world::{chain, send, step, with};

fn check(definition: &Value, expected: &[&str]) {
    let found = match Definition::read(&definition.to_string()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(found, expected, "{definition:#}");
}

#[test]
fn what_takes_longer_than_the_chain_is_refused() {
    let timer = |seconds: u64| step("t", &json!({"timer": {"duration_seconds": seconds}}));
    let within =
        |seconds: u64, steps: &[Value]| with(chain(steps), &json!({"timeout_seconds": seconds}));
    check(&chain(&[timer(86_399)]), &[]);
    check(
        &chain(&[timer(259_200)]),
        &[
            "steps[0].timer.duration_seconds: is 259200, but the chain ends after 86400 seconds; expected less, or a longer timeout_seconds of the chain (86400 where it has none)",
        ],
    );
    let wait = |seconds: u64, keys: &Value| {
        let wait = json!({"signal_name": "go", "timeout_seconds": seconds});
        step("w", &json!({"wait_for_signal": with(wait, keys)}))
    };
    let page = json!({"on_timeout": "page"});
    let late = "steps[0].wait_for_signal.timeout_seconds: is 100, but the chain ends after 100 seconds; expected less, or a longer timeout_seconds of the chain (86400 where it has none)";
    check(&within(100, &[wait(100, &page), send("page")]), &[late]);
    check(&within(100, &[wait(99, &page), send("page")]), &[]);
    check(&within(100, &[wait(100, &json!({})), send("page")]), &[]);
    let skips = with(wait(100, &json!({})), &json!({"on_failure": "skip"}));
    check(&within(100, &[skips, send("page")]), &[late]);
    let inner = with(send("in"), &json!({"delay_seconds": 100}));
    let fan = step(
        "fan",
        &json!({"parallel": {"timeout_seconds": 100, "steps": [inner]}, "on_failure": "skip"}),
    );
    let ask = step(
        "ask",
        &json!({"approval": {"timeout_seconds": 200, "on_timeout": "approve"}}),
    );
    check(
        &within(100, &[fan, ask]),
        &[
            "steps[0].parallel.timeout_seconds: is 100, but the chain ends after 100 seconds; expected less, or a longer timeout_seconds of the chain (86400 where it has none)",
            "steps[0].parallel.steps[0].delay_seconds: is 100, but the chain ends after 100 seconds; expected less, or a longer timeout_seconds of the chain (86400 where it has none)",
            "steps[1].approval.timeout_seconds: is 200, but the chain ends after 100 seconds; expected less, or a longer timeout_seconds of the chain (86400 where it has none)",
        ],
    );
}

#[test]
fn a_chain_waits_for_few_signals() {
    let wait = |n: usize| {
        step(
            &format!("w{n}"),
            &json!({"wait_for_signal": {"signal_name": "go"}}),
        )
    };
    let steps = |count: usize| chain(&(0..count).map(wait).collect::<Vec<_>>());
    check(&steps(32), &[]);
    check(
        &steps(33),
        &["steps: has 33 steps with wait_for_signal, at most 32 are allowed"],
    );
}

fn reads(expression: &str) -> Value {
    json!({"payload_template": {"content": format!("{{{{ {expression} }}}}")}})
}

#[test]
fn what_is_never_there_is_refused() {
    let at = |n: usize| format!("steps[{n}].payload_template.content");
    let first = |expression: &str| with(send("a"), &reads(expression));
    check(
        &chain(&[first("prev.body.x")]),
        &[&format!(
            "{}: reads prev.body.x, but this is the first step of the chain; expected origin, or a step that others come before",
            at(0)
        )],
    );
    check(&chain(&[first("prev.body.x | default('none')")]), &[]);
    check(&chain(&[first("'x' if prev is defined else 'y'")]), &[]);
    check(
        &chain(&[first("signal.who")]),
        &[&format!(
            "{}: reads signal.who, but no step of the chain waits for a signal",
            at(0)
        )],
    );
    check(
        &chain(&[first("steps.b.body.x"), send("b")]),
        &[&format!(
            "{}: reads steps.b.body.x, but no way leads from \"b\" to this step",
            at(0)
        )],
    );
    let inner = [with(send("x"), &reads("steps.y.body")), send("y")];
    let fan = |keys: Value| {
        step(
            "fan",
            &json!({"parallel": with(keys, &json!({"steps": inner}))}),
        )
    };
    check(
        &chain(&[fan(json!({}))]),
        &[
            "steps[0].parallel.steps[0].payload_template.content: reads steps.y.body, but no way leads from \"y\" to this step",
        ],
    );
}

#[test]
fn names_in_brackets_are_checked_as_well() {
    let second = |expression: &str| chain(&[send("db-1"), with(send("b"), &reads(expression))]);
    check(&second("steps['db-1'].body.x"), &[]);
    check(&second("steps[\"db-1\"]['body']"), &[]);
    let at = "steps[1].payload_template.content";
    check(
        &second("steps['db1'].body"),
        &[&format!(
            "{at}: reads steps.db1.body, but no other step is called \"db1\"; did you mean db-1?"
        )],
    );
    check(
        &second("steps['db-1'].bdy.x"),
        &[&format!(
            "{at}: reads steps.db-1.bdy.x, but no part of a step is called \"bdy\"; did you mean body?"
        )],
    );
    check(
        &second("steps.db-1.body"),
        &[&format!(
            "{at}: reads steps.db, but no other step is called \"db\"; did you mean steps['db-1']?"
        )],
    );
}
