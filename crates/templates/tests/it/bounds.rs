//! Whoever writes a template: its work and its output are bounded.

use std::time::{Duration, Instant};

use acteon_core::limits::{
    MAX_RENDERED_BYTES, MAX_TEMPLATE_BYTES, MAX_TEMPLATE_ELIFS, MAX_TEMPLATE_STRINGS,
    MAX_TEMPLATE_TAG_TOKENS,
};
use acteon_templates::{Context, Escaping, Payload, Text};

/// More than any rendering may take, by far, also in a debug build on a busy machine.
const LONG: Duration = Duration::from_secs(5);

/// Error of a text that does too much.
#[expect(clippy::disallowed_methods, reason = "what is measured is real time")]
fn error(source: &str) -> String {
    let text = Text::compile(source).expect("a template");
    let long = format!("[{}0]", "\"xxxxxxxx\",".repeat(20_000));
    let context = Context::new().with("list", long);
    let begun = Instant::now();
    let rendered = text.render(&context, Escaping::Html);
    let error = rendered.map(|text| text.len()).expect_err(source);
    assert!(
        begun.elapsed() < LONG,
        "{source} took {:?}",
        begun.elapsed()
    );
    error.to_string()
}

#[test]
fn lists_that_are_written_out_are_not_repeated() {
    for source in [
        "{{ 5 in [1] * 100000000 }}",
        "{{ [[1] * 3000] * 3000 == [[1] * 3000] * 3000 }}",
        "{{ ([1] or 5) * 100000000 == 3 }}",
        "{{ 9 * ([1]) }}",
        "{{ 9 * [1] }}",
        "\n{{ (('a', [1]) ) * 9 }}",
    ] {
        let error = Text::compile(source).expect_err(source);
        assert!(error.message.contains("repeats a list"), "{error}");
    }
    for source in [
        "{{ a[0] * 9 }}",
        "{{ 9 * (a[0] + 1) }}",
        "{{ ('x' ~ a['b']) * 3 }}",
    ] {
        Text::compile(source).expect(source);
    }
}

#[test]
fn work_is_bounded() {
    let sources = [
        "{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}",
        "{{ 'x' * 1000000000 }}",
        "{{ 'x' * 18446744073709551615 }}",
        "{% set a = [1] %}{{ a * 1000000000 }}",
        "{% set a = list ~ '' %}{% set a = a ~ a %}{% set a = a ~ a %}{% set a = a ~ a %}{% set a = a ~ a %}{% set a = a ~ a %}{% set a = a ~ a %}{% set a = a ~ a %}",
        "{% for a in range(1000) %}{% set x = list | sort | join %}{% endfor %}",
        "{% for a in range(1000) %}{% set x = list | tojson %}{% endfor %}",
        "{% for a in range(1000) %}{% set x = list | map('replace', 'x', 'yyyyyyyyyyyyyyy') | list %}{% endfor %}",
        "{% for a in range(10000) %}{{ list }}{% endfor %}",
        "{{ 'x' | indent(1000000000) }}",
        "{{ '%1000000000d' | format(1) }}",
        "{% for a in range(1000) %}{% set x = list | slice(100000) | list %}{% endfor %}",
        "{% for a in range(100000) %}{% if list == list %}{% endif %}{% endfor %}",
        "{% for a in range(9000) %}{{ 'x' | match('\\\\w{' ~ a ~ '}') }}{% endfor %}",
        "{{ ('x' * 100000) | reReplaceAll('\\\\w{50}y', '') }}",
        "{{ ('x' * 20000) | reReplaceAll('x', 'y' * 20000) }}",
        "{% for a in range(9000) %}{% set x = ('x' * 200) | reReplaceAll('[^y]', 'yyyyyyyy') %}{% endfor %}",
        "{% for a in range(9000) %}{% set x = ('x' * 200000) | truncate_chars(190000) %}{% endfor %}",
        "{% for a in range(9000) %}{% set x = ('x' * 20000) | relink('http://a', 'http://b') | url %}{% endfor %}",
        "{% for a in range(100000) %}{% if 'zzz' in list %}{% endif %}{% endfor %}",
        "{{ ('<' * 90000) | reReplaceAll('<[^>]*>|<', '') }}",
        "{{ ('x' * 100000) | reReplaceAll('(?s).*', '$0' * 100000) }}",
        "{{ ('http://a ' * 60000) | relink('http://a', 'http://b/' ~ 'b' * 400000) }}",
        "{% for a in range(9000) %}{% set x = 'x' | match('(?i)[[' ~ '\\\\pL' * 1000 ~ ']&&[a' ~ a ~ ']]') %}{% endfor %}",
        "{% set a = ['x' * 1000] %}{{ (a * 1000000) | join }}",
        "{% set a = ['x' * 1000] %}{{ (a * 1000000) | string }}",
        "{% set a = [1] %}{{ 5 in (a * 100000000) }}",
        "{% set a = [1] %}{{ 5 is in(a * 100000000) }}",
        "{% set a = [1] %}{{ 5 not in (a * 100000000) }}",
        "{% set a = [1] %}{{ (a * 100000000) == (a * 100000000) }}",
        "{% set a = [1] %}{{ (a * 100000000) is eq(a * 100000000) }}",
        "{% set a = [1] %}{{ (a * 100000000) < (a * 100000000) }}",
        "{% set a = [1] %}{% set b = [a * 3000] %}{% set b = b * 3000 %}{{ b == b }}",
        "{% set a = [1] %}{% set b = [a * 3000] %}{% set b = b * 3000 %}{{ [b, b] | sort }}",
        "{% set a = [1] %}{% set b = [a * 3000] %}{% set b = b * 3000 %}{{ [b, b] | unique }}",
        "{% set a = [1] %}{% set b = [a * 3000] %}{% set b = b * 3000 %}{{ [b, b] | max }}",
        "{% set a = [1] %}{% set b = [a * 3000] %}{% set b = b * 3000 %}{{ [b] | select('eq', b) | list }}",
        "{% for a in range(90000) %}{% if list is eq(list) %}{% endif %}{% endfor %}",
        "{% set text = 'x' * 900000 %}{% for a in range(90000) %}{% if 'zzz' in text %}{% endif %}{% endfor %}",
        "{% set a = 'x' * 400000 %}{% set b = 'x' * 400000 %}{% for i in range(90000) %}{% if a == b %}{% endif %}{% endfor %}",
        "{% set t = 'x' * 400000 %}{% for i in range(90000) %}{% set m = {t: 1} %}{% endfor %}",
        "{% set m = {list: 1} %}",
        "{% set m = {'a': 1, {'b': 1}: 2} %}{{ m[list] }}",
        "{% set a = [1] %}{% set a = a + a %}{% set a = a + a %}{% set a = a + a %}{% set a = a + a %}{% set a = a * 10000 %}{{ a + [2] == a + [1] }}",
    ];
    for source in sources {
        let error = error(source);
        assert!(!error.is_empty(), "{source}");
    }
}

#[test]
fn values_that_share_themselves_are_bounded() {
    let doubled = "{% set a = [a, a] %}".repeat(50);
    for end in [
        "{{ a }}",
        "{{ a | string }}",
        "{{ a | join }}",
        "{{ a | humanize }}",
        "{{ a | local_time('UTC') }}",
        "{{ a | duration }}",
        "{{ a | tojson }}",
    ] {
        let source = format!("{{% set a = ['x'] %}}{doubled}{end}");
        let error = error(&source);
        assert!(error.len() < 400, "{error}");
    }
}

#[test]
fn groups_of_a_pattern_are_bounded() {
    let many = format!("{{{{ 'x' | match('{}') }}}}", "()".repeat(21));
    let problem = Text::compile(&many).unwrap_err();
    assert!(
        problem.message.contains("21 groups, at most 20"),
        "{problem}"
    );
    let most = format!("{{{{ 'x' | match('{}') }}}}", "()".repeat(20));
    assert!(Text::compile(&most).is_ok());
}

#[test]
fn ranges_are_bounded() {
    assert!(error("{{ range(1000000000) | length }}").contains("range"));
}

#[test]
fn recursion_is_bounded() {
    let error = error("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}");
    assert!(error.contains("recursion"), "{error}");
}

#[test]
fn output_is_bounded_over_all_strings() {
    let long = format!("\"{}\"", "x".repeat(MAX_RENDERED_BYTES / 2));
    let context = Context::new().with("long", long);
    let twice = Payload::compile(r#"["{{ long }}", "{{ long }}", "{{ long }}"]"#, "").unwrap();
    let error = twice.render(&context, Escaping::None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "[1]: comes to more than 1048576 bytes; make it shorter"
    );
}

#[test]
fn work_is_bounded_over_all_strings() {
    let loops = "{% for a in range(9000) %}{% endfor %}{{ 1 }}";
    let json = serde_json::Value::from(vec![loops; 500]).to_string();
    let payload = Payload::compile(&json, "").unwrap();
    let error = payload.render(&Context::new(), Escaping::None).unwrap_err();
    assert!(error.message.contains("too much work together"), "{error}");
}

#[test]
fn paths_through_long_values_are_bounded() {
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_RENDERED_BYTES));
    let context = Context::new().with("payload", long);
    let json = serde_json::Value::from(vec!["{{ payload.b }}"; 900]).to_string();
    let payload = Payload::compile(&json, "").unwrap();
    assert!(payload.render(&context, Escaping::None).is_err());
    let json = serde_json::Value::from(vec!["{{ payload.c }}"; 900]).to_string();
    let payload = Payload::compile(&json, "").unwrap();
    let long = format!(r#"{{"c":1,"a":"{}"}}"#, "x".repeat(MAX_RENDERED_BYTES / 2));
    let context = Context::new().with("payload", long);
    let error = payload.render(&context, Escaping::None).unwrap_err();
    assert!(error.message.contains("too much work together"), "{error}");
}

#[test]
fn sources_are_bounded() {
    let text = Text::compile(&"x".repeat(MAX_TEMPLATE_BYTES + 1));
    assert_eq!(
        text.unwrap_err().message,
        "is longer than 524288 bytes; make it shorter"
    );
    let half = format!("{{{{ 1 }}}}{}", "x".repeat(MAX_TEMPLATE_BYTES / 2));
    let json = serde_json::Value::from(vec![half.as_str(); 5]).to_string();
    let problems = Payload::compile(&json, "").unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].path, "[1]");
    let json = serde_json::Value::from(vec!["{{ 1 }}"; MAX_TEMPLATE_STRINGS + 3]).to_string();
    assert_eq!(Payload::compile(&json, "").unwrap_err().len(), 1);
}

#[test]
fn nesting_of_a_source_is_bounded() {
    // Left-deep and right-deep trees, as long as one tag may be, and far longer.
    let grown = |before: &str, part: &str, count: usize, after: &str| {
        let source = format!("{{{{ {before}{}{after} }}}}", part.repeat(count));
        Text::compile(&source).map(drop)
    };
    for (before, part, after) in [
        ("1", " + 1", ""),
        ("x", ".a", ""),
        ("x", "|e", ""),
        ("x", "[0]", ""),
        ("", "not ", "1"),
        ("", "-", "1"),
        ("1", " if 1 else 1", ""),
        ("1", " ** 1", ""),
        ("1", " and 1", ""),
    ] {
        let _ = grown(before, part, MAX_TEMPLATE_TAG_TOKENS / 2 - 2, after);
        let _ = grown(before, part, MAX_TEMPLATE_TAG_TOKENS - 2, after);
        assert!(grown(before, part, 50_000, after).is_err(), "{part}");
    }
    for (open, close) in [("(", ")"), ("[", "]"), ("{1:", "}"), ("f(", ")")] {
        for count in [100, MAX_TEMPLATE_TAG_TOKENS / 2 - 2, 50_000] {
            let source = format!("{{{{ {}1{} }}}}", open.repeat(count), close.repeat(count));
            let compiled = Text::compile(&source).map(drop);
            assert!(count == 100 || compiled.is_err(), "{open} {count}");
        }
    }
    for open in [
        "{% if 1 %}",
        "{% for x in y %}",
        "{% with %}",
        "{% filter e %}",
        "{% set x %}",
    ] {
        assert!(Text::compile(&open.repeat(20_000)).is_err(), "{open}");
    }
}

#[test]
fn branches_of_a_source_are_bounded() {
    let most = MAX_TEMPLATE_ELIFS;
    let branches = |count| format!("{{% if 1 %}}{}{{% endif %}}", "{% elif 1 %}".repeat(count));
    assert!(Text::compile(&branches(most)).is_ok());
    assert!(Text::compile(&branches(most + 1)).is_err());
}
