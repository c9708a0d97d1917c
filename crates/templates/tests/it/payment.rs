//! Work that the engine does not count: it is paid for before it is done, and comes to the same.

use std::time::{Duration, Instant};

use acteon_templates::{Context, Escaping, Text};
use minijinja::Environment;

use crate::with_x;

/// More than any rendering may take, by far, also in a debug build on a busy machine.
const LONG: Duration = Duration::from_secs(5);

/// A list of lists that share themselves: 67 million items, and hardly any memory.
fn doubled() -> String {
    format!("{{% set a = ['x'] %}}{}", "{% set a = [a, a] %}".repeat(26))
}

/// Renders a source that does too much, and gives its error.
#[expect(clippy::disallowed_methods, reason = "what is measured is real time")]
fn error(source: &str) -> String {
    let text = Text::compile(source).unwrap_or_else(|problem| panic!("{source}: {problem}"));
    let list = format!("[{}0]", "\"xxxxxxxx\",".repeat(20_000));
    let long = format!("\"{}é\"", "x".repeat(900_000));
    let map = format!("{{\"a\":{list}}}");
    let context = Context::new()
        .with("list", list)
        .with("long", long)
        .with("map", map);
    let begun = Instant::now();
    let rendered = text.render(&context, Escaping::WechatText);
    let took = begun.elapsed();
    let error = rendered.map(|text| text.len()).expect_err(source);
    assert!(took < LONG, "{source} took {took:?}");
    error.to_string()
}

#[test]
fn filters_and_tests_pay_for_what_they_are_given() {
    for end in [
        "a | upper",
        "a | lower",
        "a | title",
        "a | capitalize",
        "a | trim",
        "'x' | trim(a)",
        "a | replace('x', 'y')",
        "'x' | replace(a, 'y')",
        "'x' | replace('x', a)",
        "'x' | replace('x', 'y', count=a)",
        "a | safe",
        "a | pprint",
        "a | indent",
        "a | escape",
        "[1] | join(a)",
        "[1] | join(d=a)",
        "'%s' | format(a)",
        "'%(a)s' | format(a=a)",
        "[1] | select(a) | list",
        "[map] | selectattr(a) | list",
        "[map] | selectattr('a', a) | list",
        "[a] | map('upper') | list",
        "[a] | map('string') | list",
        "[a] | map(' string') | list",
        "[a, a] | sort",
        "a is startingwith('x')",
        "'x' is startingwith(a)",
        "a is endingwith('x')",
        "'x' is endingwith(a)",
        "[a] | select('startingwith', 'x') | list",
        "a ~ ''",
        "'' ~ a",
        "('' | safe) ~ a",
    ] {
        let source = format!("{}{{{{ {end} }}}}", doubled());
        let error = error(&source);
        assert!(error.len() < 400, "{error}");
    }
    let changed = format!(
        "{}{}{{% for i in range(9) %}}{{% if loop.changed(b if i is odd else a) %}}{{% endif %}}{{% endfor %}}",
        doubled()
            .replace("a]", "b]")
            .replace("[a", "[b")
            .replace("set a", "set b"),
        doubled(),
    );
    assert!(!error(&changed).is_empty());
}

#[test]
fn lists_are_no_longer_than_what_was_paid_for() {
    for source in [
        "{% set a = [1] %}{{ (a * 90000000) ~ '' }}",
        "{% set a = [1] %}{% set a, b = a * 90000000 %}",
        "{% for i in range(9000) %}{% set a, b = range(90000) %}{% endfor %}",
        "{% set a = [1] %}{{ (a * 90000000)[89999999:] | first }}",
        "{% for i in range(9000) %}{% for x in list[19999:] %}{% endfor %}{% endfor %}",
        "{% for i in range(9000) %}{% set x = list[::-20000] %}{% endfor %}",
        "{% for i in range(9000) %}{% set x = range(90000) | attr(89999) %}{% endfor %}",
        "{% for i in range(9000) %}{% set x = long | split('x') %}{% endfor %}",
        "{{ ('\n' * 900000) | lines | length }}",
        "{{ long | trim(list) }}",
        "{{ list | sort(attribute='a,' * 100000) }}",
        "{{ ('%(a)s' * 9000) | format(a=list) }}",
        "{{ ('%(a)s' * 9000) | format(**map) }}",
        "{{ ('\n' * 9000) | indent(width=90000) }}",
        "{{ ('\n' * 9000) | indent(none, true, width=90000) }}",
        "{% set x = [long, long, long] | sum(start='') %}{{ x }}",
    ] {
        let Ok(_) = Text::compile(source) else {
            continue;
        };
        assert!(!error(source).is_empty(), "{source}");
    }
    let added = format!(
        "{{% set a = [1] %}}{}{{{{ a | length }}}}",
        "{% set a = a + a %}".repeat(40)
    );
    assert!(!error(&added).is_empty());
}

#[test]
fn texts_are_paid_for_each_time_that_they_are_read() {
    for work in [
        "if long is lower",
        "if long is upper",
        "if long is startingwith('x')",
        "if 'x' is startingwith(long)",
        "if long is endingwith('x')",
        "if long is sameas('x')",
        "if long[0:1]",
        "if long[::-1]",
        "if long[-1]",
        "if long[899999]",
        "if long[i + 800000]",
        "if list[i] and long[i - 1]",
        "set x = 'x' | replace(long, '')",
        "set x = 'x' | relink('http://a' ~ long, 'http://b')",
        "set x = {long: 1}[long]",
        "set x = ('x' * 90000) | trim(('y' * 90000) ~ 'x')",
        "set x = long ~ ''",
        "if long in map",
    ] {
        let end = if work.starts_with("if") {
            "{% endif %}"
        } else {
            ""
        };
        let source = format!("{{% for i in range(14000) %}}{{% {work} %}}{end}{{% endfor %}}");
        assert!(!error(&source).is_empty(), "{source}");
    }
}

#[test]
fn what_cannot_be_paid_for_is_refused() {
    for (source, why) in [
        ("{{ range(*x) }}", "spreads a list"),
        ("{{ x | join(**x) }}", "spreads a list"),
        (
            "{% for i in x %}{{ loop.cycle() }}{% endfor %}",
            "takes no values",
        ),
        (
            "{{ [[1], [2]] | sum(start=[]) }}",
            "sum begins with a sequence; expected a number",
        ),
        ("{{ x[::0] }}", "a step of 0"),
        ("{{ 5[1:] }}", "a number cannot be sliced"),
    ] {
        let error = with_x(source, "[1]", Escaping::None).expect_err(source);
        assert!(error.contains(why), "{source}: {error}");
    }
}

/// What is dropped goes as deep as it nests, and a thread has no more than its stack.
#[test]
fn lists_within_lists_nest_no_deeper_than_a_stack_is() {
    for deeper in [
        "{%set x=[x]%}",
        "{%set x=(x,)%}",
        "{%set x={1:x}%}",
        "{%set x=[x]|batch(1)|list%}",
        "{%set x=x|batch(1)%}",
        "{%set x=x|slice(1)%}",
        "{%set x=x|groupby('0')%}",
    ] {
        let deep = deeper.repeat(500_000 / deeper.len());
        let error = with_x(&deep, "[[1]]", Escaping::None).expect_err(deeper);
        assert!(!error.is_empty(), "{deeper}");
    }
    let pairs = "{% for i in x %}{% set pair = [x, i] %}{{ pair[1] }}{% endfor %}";
    let many = serde_json::Value::from(vec![1; 1_000]).to_string();
    assert_eq!(with_x(pairs, &many, Escaping::None), Ok("1".repeat(1_000)));
}

/// What is paid for comes to what the engine makes of it.
#[test]
fn results_are_those_of_the_engine() {
    let mut sources: Vec<String> = [
        "'a' ~ 1 ~ none ~ [1, 'b']",
        "(1 + 2 * 3) ~ 'x'",
        "'a' + 'b' * 3",
        "([1] + x)[1]",
        "(x * 2)[-1]",
        "x[1]",
        "x[-1]",
        "x[1 + 1]",
        "'texts'[2]",
        "'texts'[-1]",
        "'texts'[1 + 1]",
        "[x, [1, 2]][1][0]",
        "{'a': {'b': [1, 2]}}['a'].b[-1]",
        "(x if x else [])[-1]",
        "(none or x)[-2]",
        "x[x[0]]",
        "'a-b-a' | replace('a', 'c')",
        "'a-b-a' | replace('a', 'c', 1)",
        "'a-b-a' | replace('', '.', count=2)",
        "'a\nb' | indent(2)",
        "'a\nb' | indent(width=2, first=true)",
        "'%s is %05.1f' | format('a', 2)",
        "'%(a)s' | format(a=1)",
        "'xxaxx' | trim('x')",
        "x | sum",
        "[{'a': 1}, {'a': 2}] | sum(attribute='a', start=3)",
        "x | map('string') | join('-')",
        "[{'a': 2, 'b': 1}, {'a': 1, 'b': 2}] | sort(attribute='a,b') | map(attribute='b') | join",
        "x | select('odd') | join",
        "'Ab' is lower",
        "'ab' is lower",
        "'ab' is startingwith('a')",
        "x is sameas(x)",
        "x | attr(1)",
        "'a,b,c' | split(',', 1) | join('|')",
    ]
    .map(str::to_owned)
    .to_vec();
    sources.push(
        "{% for i in x %}{{ loop.cycle('a', 'b') }}{{ loop.changed(i is odd) }}{% endfor %}"
            .to_owned(),
    );
    sources.push("{% for i in x if i > 1 %}{{ i }}{% else %}-{% endfor %}".to_owned());
    sources.push("{% for a, b in [[1, 2], [3, 4]] %}{{ a + b }}{% endfor %}".to_owned());
    sources.push("{% for i in x recursive %}{{ i }}{{ loop([]) }}{% endfor %}".to_owned());
    let ends = ["", "0", "1", "2", "3", "9", "-1", "-2", "-3", "-9"];
    for value in ["x", "'é1b'", "(1, 2, 3)", "range(3)"] {
        for start in ends {
            for stop in ends {
                for step in ["", ":", ":1", ":2", ":-1", ":-2"] {
                    sources.push(format!("{value}[{start}:{stop}{step}] | join(',')"));
                }
            }
        }
    }
    let engine = Environment::new();
    for source in sources {
        let source = if source.contains("{%") {
            source
        } else {
            format!("{{{{ {source} }}}}")
        };
        let expected = engine.render_str(&source, minijinja::context! { x => vec![1, 2, 3] });
        let rendered = with_x(&source, "[1,2,3]", Escaping::None);
        let expected = expected.unwrap_or_else(|error| panic!("{source}: {error}"));
        // A condition is written as JSON has it.
        let rendered = rendered.unwrap_or_else(|error| panic!("{source}: {error}"));
        assert_eq!(rendered.to_lowercase(), expected.to_lowercase(), "{source}");
    }
}

#[test]
fn what_is_not_there_keeps_its_name() {
    for (source, name) in [
        ("{{ x.a[0].b }}", "x.a[0]"),
        ("{{ x.a[70] }}", "x.a[70]"),
        ("{{ x.a[-1] }}", "x.a[-1]"),
        ("{{ x['b'] }}", "x['b']"),
    ] {
        let error = with_x(source, r#"{"a":[]}"#, Escaping::None).expect_err(source);
        assert!(error.contains(&format!("`{name}`")), "{source}: {error}");
    }
}
