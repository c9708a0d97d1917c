//! JSON whose strings are templates.

use acteon_templates::{Context, Escaping, Payload};

/// What a payload renders to, with a payload of an action and the results of steps to read.
fn rendered(json: &str) -> Result<String, String> {
    let payload = Payload::compile(json, "").map_err(|problems| {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })?;
    let context = Context::new()
        .with(
            "payload",
            r#"{"build": 1.10, "id": 123456789012345678901234567890123456789012345, "big": 18446744073709551616, "ok": true,
                "tags": ["a", "b"], "gone": null, "nested": {"z": 1, "a": [1.0]}}"#,
        )
        .with("steps", r#"{"deploy":{"success":true,"body":{"url":"https://a.example"}}}"#)
        .with_text("status", "firing \"now\"");
    payload
        .render(&context, Escaping::None)
        .map_err(|error| error.to_string())
}

fn check(json: &str, expected: &str) {
    assert_eq!(rendered(json), Ok(expected.to_owned()), "{json}");
}

fn check_error(json: &str, expected: &str) {
    assert_eq!(rendered(json), Err(expected.to_owned()), "{json}");
}

#[test]
fn what_is_no_template_stays_as_it_is_written() {
    check(
        r#"{"a": 1.50, "b": [ 1e3, "x\u0041" ], "c": {}, "d": []}"#,
        r#"{"a":1.50,"b":[1e3,"x\u0041"],"c":{},"d":[]}"#,
    );
    check("3", "3");
}

#[test]
fn a_string_that_is_one_path_is_copied_as_it_is_written() {
    check(
        r#"["{{ payload.build }}", "{{payload.id}}", "{{ payload.tags[1] }}", " {{ payload['ok'] }} ", "{{ payload.gone }}"]"#,
        r#"[1.10,123456789012345678901234567890123456789012345,"b",true,null]"#,
    );
    check(r#""{{- payload.nested -}}""#, r#"{"z": 1, "a": [1.0]}"#);
}

#[test]
fn a_string_that_is_one_expression_keeps_its_type() {
    check(
        r#"["{{ payload.tags | length }}", "{{ payload.big + 1 }}", "{{ payload.build * 2 }}", "{{ [1, 'a', none, {'b': true}] }}",
            "{{ not payload.ok }}", "{{ 1 / 4 }}", "{{ '}}' }}"]"#,
        r#"[2,18446744073709551617,2.2,[1,"a",null,{"b":true}],false,0.25,"}}"]"#,
    );
}

#[test]
fn everything_else_renders_to_text() {
    check(
        r#"{"content": "{{ status }}: {{ payload.tags | join(', ') }}\n{% for tag in payload.tags %}<{{ tag }}>{% endfor %}", "n": "{{ payload.big }} {{ payload.ok }}"}"#,
        r#"{"content":"firing \"now\": a, b\n<a><b>","n":"18446744073709551616 true"}"#,
    );
    check(
        r#""{{ payload.tags }} {{ payload.gone }}.""#,
        r#""[\"a\",\"b\"] .""#,
    );
    check(r#""{{ payload.ok }}{{ payload.ok }}""#, r#""truetrue""#);
}

#[test]
fn what_is_not_there_is_an_error_that_names_path_and_place() {
    let hint =
        "correct the name, or say what stands there without it: {{ name | default(\"...\") }}";
    check_error(
        r#"{"a": {"content": "one\n{{ steps.deploy.body.id }}"}}"#,
        &format!("a.content, line 2: `steps.deploy.body.id` is undefined; {hint}"),
    );
    check_error(
        r#"["{{ steps.deploi.body.id }}"]"#,
        &format!("[0], line 1: `steps.deploi` is undefined; {hint}"),
    );
    check_error(
        r#""{{ absent }}""#,
        &format!("line 1: `absent` is undefined; {hint}"),
    );
    check(
        r#""{{ steps.deploy.body.id | default('none') }}""#,
        r#""none""#,
    );
    check(
        r#""{% if steps.deploy.body.id is defined %}a{% else %}b{% endif %}""#,
        r#""b""#,
    );
}

#[test]
fn a_number_that_json_cannot_write_is_an_error() {
    check_error(
        r#""{{ 1e308 * 10 }}""#,
        "could not serialize to value: JSON has no way to write inf, a number",
    );
}

#[test]
fn all_problems_are_told_each_with_its_place() {
    let json = r#"{"a": "{{ x", "b": ["ok {{ x }}", "{% for %}"], "c": {"d": "{% if x %}"}}"#;
    let problems = Payload::compile(json, "steps[2].payload_template").unwrap_err();
    let places: Vec<_> = problems
        .iter()
        .map(|problem| (problem.path.as_str(), problem.line))
        .collect();
    assert_eq!(
        places,
        [
            ("steps[2].payload_template.a", Some(1)),
            ("steps[2].payload_template.b[1]", Some(1)),
            ("steps[2].payload_template.c.d", Some(1)),
        ]
    );
    assert!(
        problems
            .iter()
            .all(|problem| problem.message.starts_with("syntax error: "))
    );
}

#[test]
fn it_says_what_it_reads() {
    let json = r#"{"a": "{{ steps.deploy.body.id }}", "b": ["{% for x in payload.list %}{{ x.name }}{{ range(3) }}{% endfor %}{{ prev }}"]}"#;
    let payload = Payload::compile(json, "template").unwrap();
    let read: Vec<_> = payload
        .variables()
        .iter()
        .map(|variable| format!("{} at {}", variable.name, variable.at))
        .collect();
    assert_eq!(
        read,
        [
            "steps.deploy.body.id at template.a",
            "payload.list at template.b[0]",
            "prev at template.b[0]",
        ]
    );
}
