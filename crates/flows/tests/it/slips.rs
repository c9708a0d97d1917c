//! Slips in definitions that would show only once people have decided, or at a provider.

use acteon_flows::chain::Definition;
use serde_json::{Value, json};

use crate::definitions::check;
use crate::world::{chain, send, with};

#[test]
fn what_readers_of_json_do_not_agree_about_is_no_payload() {
    for (payload, expected) in [
        (
            r#"{"a": 1, "b": {"c": 1, "c": 2}}"#,
            "steps[0].payload_template.b.c: ",
        ),
        (r#"{"n": 1e400}"#, "steps[0].payload_template.n: "),
        (r#"{"text": "\ud83d"}"#, "steps[0].payload_template.text: "),
    ] {
        let text = format!(
            r#"{{"name":"a","steps":[{{"name":"s","provider":"p","action_type":"t","payload_template":{payload}}}]}}"#
        );
        let problems = Definition::read(&text).expect_err(payload);
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(
            told.len() == 1 && told[0].starts_with(expected),
            "{payload}: {told:?}"
        );
    }
    let name = r#"{"name":"a","steps":[{"name":"a\ud83d","timer":{"duration_seconds":1}}]}"#;
    assert!(Definition::read(name).is_err());
}

#[test]
fn what_no_approval_comes_to_is_told() {
    let ask = |branches: &Value| json!({"name": "ask", "approval": {}, "on_failure": "skip", "branches": branches});
    let tell = |text: &str| {
        with(
            send("tell"),
            &json!({"payload_template": {"content": text}}),
        )
    };
    check(
        &chain(&[
            ask(&json!([
                {"field": "body.decison", "operator": "eq", "value": "approved", "target": "tell"},
                {"field": "body.decision", "operator": "eq", "value": "aproved", "target": "tell"},
                {"field": "body.decision", "operator": "neq", "value": "yes", "target": "tell"},
            ])),
            tell("{{ prev.body.dicided_by }} {{ steps.ask.body.coment }}"),
        ]),
        &[
            "steps[0].branches[0].field: reads body.decison, which no approval has; did you mean decision?",
            "steps[0].branches[1].value: is \"aproved\", which no approval comes to; did you mean approved?",
            "steps[0].branches[2].value: is \"yes\", which no approval comes to; expected one of approved, rejected, expired, cancelled, not_asked",
            "steps[1].payload_template.content: reads prev.body.dicided_by, but no part of it is called \"dicided_by\"; did you mean decided_by?",
            "steps[1].payload_template.content: reads steps.ask.body.coment, but no part of it is called \"coment\"; did you mean comment?",
        ],
    );
    let fine = chain(&[
        ask(
            &json!([{"field": "body.decision", "operator": "eq", "value": "not_asked", "target": "tell"}]),
        ),
        tell("{{ prev.body.decided_by }} {{ steps.ask.body.comment }} {{ steps.ask.success }}"),
    ]);
    Definition::read(&fine.to_string()).expect("a definition");
}
