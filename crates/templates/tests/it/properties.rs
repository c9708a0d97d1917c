//! Whatever a template says and whatever it is given: nobody panics, it ends soon, its text has a bound, and an error names the field.

use std::time::{Duration, Instant};

use acteon_core::limits::MAX_RENDERED_BYTES;
use acteon_templates::{Context, Escaping, Payload, Texts};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

/// More than any rendering may take, by far, also in a debug build on a busy machine.
const LONG: Duration = Duration::from_secs(5);

/// Pieces of templates, right and wrong ones.
const PIECES: &[&str] = &[
    "{{ ",
    " }}",
    "{% ",
    " %}",
    "{# ",
    " #}",
    "{{-",
    "-}}",
    "{% if host %}",
    "{% elif x is defined %}",
    "{% else %}",
    "{% endif %}",
    "{% for a in list %}",
    "{% for a in range(99) %}",
    "{% endfor %}",
    "{% set x = host %}",
    "{% raw %}",
    "{% endraw %}",
    "{{ a }}",
    "{{ host }}",
    "{{ payload }}",
    "{{ payload.host }}",
    "{{ list[0] }}",
    "{{ absent.b.c }}",
    "host",
    "payload",
    "list",
    "x",
    "loop.index",
    "self",
    "super()",
    " | toUpper",
    " | title",
    " | join(', ')",
    " | default('-')",
    " | tojson",
    " | safe",
    " | escape('html')",
    " | length",
    " | sort",
    " | url",
    " | truncate_bytes(3)",
    " | truncate_utf16(0)",
    " | bytes",
    " | duration",
    " | duration(host)",
    " | humanize",
    " | humanizeDuration",
    " | local_time('Asia/Shanghai', '%H:%M')",
    " | local_time(host, host)",
    " | relink('http://a', host)",
    " | reReplaceAll('(', 'x')",
    " | reReplaceAll('a*', host)",
    " | match(host)",
    " | stripPort",
    " | map('upper')",
    " | list",
    " + 1",
    " * 99999999999",
    " / 0",
    " ~ host",
    " // 0",
    " % 0",
    " ** 99",
    " == list",
    " in list",
    " not in ",
    "[",
    "]",
    "(",
    ")",
    ".",
    ",",
    ":",
    "'",
    "\"",
    "-1",
    "1e400",
    "9223372036854775807",
    "\u{202e}",
    "\u{0}",
    "张三",
    "<@all>",
    "</font>",
    "\r\n",
    " ",
];

fn source() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => proptest::sample::select(PIECES).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let name = prop_oneof![
        3 => proptest::sample::select(&["host", "list", "x", "payload", "a"][..]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        let members = vec((name.clone(), inner.clone()), 0..6);
        prop_oneof![
            vec(inner, 0..6).prop_map(Value::from),
            members.prop_map(|members| members.into_iter().collect::<Value>()),
        ]
    })
}

const ESCAPINGS: &[Escaping] = &Escaping::ALL;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    #[expect(clippy::disallowed_methods, reason = "what is measured is real time")]
    fn any_text_on_any_payload_ends_soon_and_errors_name_the_field(
        source in source(),
        payload in json(),
        escaping in proptest::sample::select(ESCAPINGS),
    ) {
        let payload = payload.to_string();
        let begun = Instant::now();
        match Texts::compile([("title", "fixed"), ("content", source.as_str())]) {
            Err(problems) => {
                prop_assert_eq!(problems.len(), 1);
                prop_assert_eq!(&problems[0].path, "content");
                prop_assert!(!problems[0].message.is_empty());
            }
            Ok(texts) => {
                let context = Context::new().with("payload", &payload).with_members_of(&payload);
                match texts.render(&context, escaping) {
                    Err(error) => {
                        prop_assert_eq!(&error.path, "content");
                        prop_assert!(!error.message.is_empty());
                    }
                    Ok(fields) => {
                        let bytes: usize = fields.iter().map(|(_, text)| text.len()).sum();
                        prop_assert!(bytes <= MAX_RENDERED_BYTES);
                    }
                }
            }
        }
        prop_assert!(begun.elapsed() < LONG, "took {:?}", begun.elapsed());
    }

    #[test]
    fn a_payload_of_any_texts_renders_to_json_or_tells_where_it_cannot(
        source in source(),
        payload in json(),
    ) {
        let template = serde_json::json!({ "a": [source], "b": payload }).to_string();
        match Payload::compile(&template, "steps[0]") {
            Err(problems) => prop_assert!(problems.iter().all(|problem| problem.path.starts_with("steps[0]"))),
            Ok(compiled) => {
                let payload = payload.to_string();
                let context = Context::new().with("payload", &payload).with_members_of(&payload);
                match compiled.render(&context, Escaping::None) {
                    Err(error) => prop_assert!(error.path.starts_with("steps[0]"), "{}", error),
                    Ok(json) => prop_assert!(serde_json::from_str::<Value>(&json).is_ok(), "{}", json),
                }
            }
        }
    }
}
