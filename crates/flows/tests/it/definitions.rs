//! Definitions: what is read, and what is refused with which words.

use acteon_flows::chain::Definition;
use acteon_flows::chain::limits::{MAX_DEFINITION_BYTES, MAX_STEPS};
use serde_json::{Value, json};

use crate::example::example;
use crate::world::{chain, read, send, step, with};

/// Problems of a definition, as they are told.
fn problems(definition: &Value) -> Vec<String> {
    match Definition::read(&definition.to_string()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

pub(crate) fn check(definition: &Value, expected: &[&str]) {
    assert_eq!(problems(definition), expected, "{definition:#}");
}

#[test]
fn what_is_written_comes_back_as_the_wire_format_has_it() {
    let definition = read(&example());
    let json = serde_json::to_string(&definition).expect("JSON");
    let mut expected = example();
    // What says nothing is left out, and what is the default is said.
    expected["steps"][0]
        .as_object_mut()
        .expect("a step")
        .remove("delay_seconds");
    for step in expected["steps"].as_array_mut().expect("steps") {
        if step.get("on_failure").is_none() {
            step["on_failure"] = json!("abort");
        }
    }
    expected["steps"][3]["parallel"]["steps"][0]["on_failure"] = json!("abort");
    let found: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(found, expected);
    let stored: Definition = serde_json::from_str(&json).expect("a definition");
    assert_eq!(serde_json::to_string(&stored).expect("JSON"), json);
    let again = Definition::read(&json).expect("a definition");
    assert_eq!(serde_json::to_string(&again).expect("JSON"), json);
}

#[test]
fn keys_that_say_nothing_may_be_left_out() {
    let bare = chain(&[
        step("pause", &json!({"timer": {"duration_seconds": 1}})),
        send("a"),
    ]);
    let full = chain(&[
        step(
            "pause",
            &json!({
                "timer": {"duration_seconds": 1}, "provider": "", "action_type": "", "payload_template": {}, "branches": [], "default_next": null,
                "sub_chain": null, "parallel": null, "retry": null
            }),
        ),
        send("a"),
    ]);
    let json = |definition: &Value| serde_json::to_string(&read(definition)).expect("JSON");
    assert_eq!(json(&bare), json(&full));
}

#[test]
fn all_problems_are_told_at_once_with_their_paths() {
    let mut wrong = example();
    wrong["timout_seconds"] = json!(1);
    wrong["version"] = json!("two");
    wrong["steps"][0]["retry"]["max_retries"] = json!(99);
    wrong["steps"][0]["branches"][0]["operator"] = json!("equals");
    wrong["steps"][1]["wait_for_signal"]["timeout_seconds"] = json!(0);
    wrong["steps"][2]["timer"] = json!({"duration_seconds": -1});
    wrong["steps"][3]["parallel"]["join"] = json!("al");
    wrong["steps"][5]["approval"]["quorum"] = json!(51);
    wrong["steps"][5]["approval"]["remind"] = json!(3);
    wrong["steps"][6]["on_failure"] = json!("ignore");
    check(
        &wrong,
        &[
            "timout_seconds: is no known key; did you mean timeout_seconds?",
            "version: found \"two\", expected an integer from 0 to 9223372036854775807",
            "steps[0].retry.max_retries: found 99, expected an integer from 0 to 10",
            "steps[0].branches[0].operator: found \"equals\", expected eq, neq, contains, exists, gt, lt, gte, lte",
            "steps[1].wait_for_signal.timeout_seconds: found 0, expected an integer from 1 to 3456000",
            "steps[2].timer.duration_seconds: found -1, expected an integer from 0 to 3456000",
            "steps[3].parallel.join: found \"al\", expected all, any; did you mean all?",
            "steps[5].approval.remind: is no known key; expected approvers, quorum, timeout_seconds, on_timeout, notify_provider, remind_every_seconds, escalate_to, escalate_after_seconds, separate, message, comment",
            "steps[5].approval.quorum: found 51, expected an integer from 1 to 50",
            "steps[6].on_failure: found \"ignore\", expected abort, skip, dlq",
        ],
    );
}

#[test]
fn a_step_is_of_one_kind() {
    let kinds = |keys: Value| chain(&[step("s", &keys)]);
    check(
        &kinds(json!({})),
        &[
            "steps[0]: says not what it does, expected provider, or one of timer, wait_for_signal, approval, parallel, sub_chain",
        ],
    );
    check(
        &kinds(json!({"timer": {"duration_seconds": 1}, "sub_chain": "x"})),
        &["steps[0]: is of several kinds: timer, sub_chain; expected one"],
    );
    check(
        &kinds(json!({"timer": {"duration_seconds": 1}, "provider": "p"})),
        &["steps[0]: is of several kinds: timer, provider; expected one"],
    );
    check(
        &kinds(
            json!({"timer": {"duration_seconds": 1}, "action_type": "a", "retry": {"max_retries": 1}}),
        ),
        &[
            "steps[0].action_type: has no effect at a step with timer; expected none",
            "steps[0].retry: stands at a step that sends nothing itself; expected none",
        ],
    );
    check(
        &kinds(json!({"provider": "p"})),
        &["steps[0].action_type: is not there, expected a type of actions"],
    );
    check(
        &kinds(json!({"worker": {}})),
        &[
            "steps[0].worker: is no known key; expected name, provider, action_type, payload_template, branches, default_next, retry, delay_seconds, on_failure, timer, wait_for_signal, approval, parallel, sub_chain",
            "steps[0]: says not what it does, expected provider, or one of timer, wait_for_signal, approval, parallel, sub_chain",
        ],
    );
}

#[test]
fn targets_are_there_and_lead_nowhere_back() {
    let to = |name: &str, next: &str| with(send(name), &json!({"default_next": next}));
    check(
        &chain(&[to("a", "c"), send("b"), to("c", "b")]),
        &[
            "steps[2].default_next: leads back (b -> c -> b), and loops are refused; expected a step that does not lead here",
        ],
    );
    check(
        &chain(&[to("a", "a")]),
        &[
            "steps[0].default_next: leads back (a -> a), and loops are refused; expected a step that does not lead here",
        ],
    );
    // Backwards in order, and no circle: b is next to nobody else.
    check(
        &chain(&[to("a", "c"), to("b", "d"), to("c", "b"), send("d")]),
        &[],
    );
    check(
        &chain(&[to("ann", "annn"), send("b")]),
        &["steps[0].default_next: no step is named \"annn\"; did you mean ann?"],
    );
    let wait = step(
        "w",
        &json!({"wait_for_signal": {"signal_name": "go", "timeout_seconds": 1, "on_timeout": "x"}}),
    );
    let fan = step(
        "fan",
        &json!({"parallel": {"steps": [send("in")]}, "default_next": "in"}),
    );
    check(
        &chain(&[wait, fan]),
        &[
            "steps[0].wait_for_signal.on_timeout: no step is named \"x\", expected one of w, fan",
            "steps[1].default_next: \"in\" stands within a parallel step; expected a step of the chain itself",
        ],
    );
    let wait = step(
        "w",
        &json!({"wait_for_signal": {"signal_name": "go", "on_timeout": "w2"}}),
    );
    let branch = json!({"branches": [{"field": "bodies", "operator": "eq", "target": "w"}, {"field": "body.a", "operator": "gt", "value": [1], "target": "w"}]});
    check(
        &chain(&[wait, with(send("w2"), &branch)]),
        &[
            "steps[0].wait_for_signal.on_timeout: never happens without timeout_seconds; expected both or none",
            "steps[1].branches[0].field: expected success, body or body.NAME, such as body.errcode; found \"bodies\"",
            "steps[1].branches[0].value: is not there, expected what the field is compared with",
            "steps[1].branches[1].value: found a list, expected a number or a text",
        ],
    );
}

#[test]
fn names_are_unique_and_fit_into_ids() {
    let fan = step(
        "fan",
        &json!({"parallel": {"steps": [send("a"), send("fan")]}}),
    );
    check(
        &chain(&[send("a"), fan]),
        &[
            "steps[1].parallel.steps[0].name: \"a\" is the name of steps[0] as well; expected another",
            "steps[1].parallel.steps[1].name: \"fan\" is the name of steps[1] as well; expected another",
        ],
    );
    check(
        &chain(&[send("a:b"), send("on_cancel"), send(&"x".repeat(41))]),
        &[
            "steps[0].name: must not contain : or /, which part ids and paths; found \"a:b\"",
            "steps[1].name: must not be on_cancel, the name of what is sent when the chain is cancelled; found \"on_cancel\"",
            "steps[2].name: is 41 bytes long, at most 40 are allowed; found \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...",
        ],
    );
}

#[test]
fn templates_read_what_there_is() {
    let reads = |expression: &str| {
        let template = json!({"payload_template": {"content": format!("{{{{ {expression} }}}}")}});
        let wait = step("w", &json!({"wait_for_signal": {"signal_name": "go"}}));
        problems(&chain(&[send("first"), with(send("me"), &template), wait]))
    };
    for good in [
        "origin.payload.anything",
        "origin.metadata.team",
        "prev.body.x",
        "prev.success",
        "steps.first.body.id",
        "signal.x",
        "chain_id",
        "step_index",
        "steps['first'].success",
        "steps.first.body.a.b | default('x')",
    ] {
        assert_eq!(reads(good), [""; 0], "{good}");
    }
    let at = "steps[1].payload_template.content";
    for (bad, expected) in [
        (
            "orign.payload.x",
            "reads orign.payload.x, but no name is called \"orign\"; did you mean origin?",
        ),
        (
            "origin.paylod.x",
            "reads origin.paylod.x, but no part of it is called \"paylod\"; did you mean payload?",
        ),
        (
            "steps.fist.body",
            "reads steps.fist.body, but no other step is called \"fist\"; did you mean first?",
        ),
        (
            "steps.first.bdy",
            "reads steps.first.bdy, but no part of a step is called \"bdy\"; did you mean body?",
        ),
        (
            "steps.me.body",
            "reads steps.me.body, but no other step is called \"me\"; expected one of first, w",
        ),
        (
            "cancel.by",
            "reads cancel.by, but no name is called \"cancel\"; expected one of origin, prev, steps, signal, chain_id, step_index",
        ),
    ] {
        assert_eq!(reads(bad), [format!("{at}: {expected}")], "{bad}");
    }
    let broken = reads("origin.payload.");
    assert!(broken.len() == 1 && broken[0].starts_with(at), "{broken:?}");
    let mut cancel = chain(&[send("a")]);
    cancel["on_cancel"] = json!({"provider": "p", "action_type": "x", "payload_template": {"content": "{{ cancel.by }} {{ step_index }}"}});
    check(
        &cancel,
        &[
            "on_cancel.payload_template.content: reads step_index, but no name is called \"step_index\"; expected one of origin, prev, steps, signal, chain_id, cancel",
        ],
    );
}

#[test]
fn what_stands_within_a_parallel_step_is_as_simple_as_that() {
    let fan = |child: Value| {
        chain(&[
            step("fan", &json!({"parallel": {"steps": [child]}})),
            send("b"),
        ])
    };
    check(
        &fan(step("t", &json!({"timer": {"duration_seconds": 1}}))),
        &[
            "steps[0].parallel.steps[0].timer: stands within a parallel step, expected a step with provider, sub_chain or approval",
        ],
    );
    check(
        &fan(with(send("t"), &json!({"default_next": "b"}))),
        &[
            "steps[0].parallel.steps[0].default_next: stands within a parallel step, whose steps all begin together; expected at the parallel step itself",
        ],
    );
    check(
        &chain(&[step("fan", &json!({"parallel": {"steps": []}}))]),
        &["steps[0].parallel.steps: has 0 steps, expected 1 to 20"],
    );
}

#[test]
fn what_is_no_definition_at_all_is_told_in_one_line() {
    let one = |text: &str| {
        let problems = Definition::read(text).expect_err("a problem");
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems[0].to_string()
    };
    assert!(one("{").starts_with("is no JSON: "));
    assert_eq!(one("[]"), "found a list, expected an object");
    assert_eq!(
        one(&format!("\"{}\"", "x".repeat(MAX_DEFINITION_BYTES))),
        format!(
            "is {} bytes long, at most {MAX_DEFINITION_BYTES} are allowed",
            MAX_DEFINITION_BYTES + 2
        )
    );
    assert_eq!(
        one(&format!("{}1{}", "[".repeat(65), "]".repeat(65))),
        "nests deeper than 64 levels"
    );
    assert_eq!(
        one(r#"{"name":"a","steps":[]}"#),
        "steps: is empty, expected at least one step"
    );
    let many: Vec<Value> = (0..=MAX_STEPS).map(|n| send(&format!("s{n}"))).collect();
    assert_eq!(
        one(&chain(&many).to_string()),
        "steps: has 101 steps, at most 100 are allowed"
    );
    let twice = r#"{"name":"a","name":"b","steps":[{"name":"t","timer":{"duration_seconds":1}}]}"#;
    assert_eq!(
        one(twice),
        "name: stands there twice; expected one of a name"
    );
    let many: Vec<Value> = (0..100).map(|_| json!(1)).collect();
    let problems =
        Definition::read(&json!({"steps": many, "x": 1}).to_string()).expect_err("problems");
    assert_eq!(
        problems.last().map(ToString::to_string).as_deref(),
        Some("2 more problems are not listed")
    );
}
