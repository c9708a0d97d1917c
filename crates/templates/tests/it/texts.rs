//! Templates that stand alone.

use acteon_templates::{Context, Escaping, Text, Texts};

fn rendered(source: &str, escaping: Escaping) -> String {
    let context = Context::new().with("payload", r#"{"name":"<b>\"A&B\"</b>","list":[1,"<"]}"#);
    let text = Text::compile(source).expect("a template");
    text.render(&context, escaping).expect("a text")
}

#[test]
fn values_are_escaped_and_what_the_template_writes_is_not() {
    let source = "<i>{{ payload.name }}</i> {{ payload.list }}";
    assert_eq!(
        rendered(source, Escaping::None),
        r#"<i><b>"A&B"</b></i> [1,"<"]"#
    );
    assert_eq!(
        rendered(source, Escaping::Html),
        "<i>&lt;b&gt;&quot;A&amp;B&quot;&lt;/b&gt;</i> [1,&quot;&lt;&quot;]"
    );
    assert_eq!(
        rendered(
            "{\"a\": {{ payload.name }}, \"b\": {{ payload.list }}}",
            Escaping::Json
        ),
        r#"{"a": "<b>\"A&B\"</b>", "b": [1,"<"]}"#
    );
}

#[test]
fn safe_switches_escaping_off() {
    assert_eq!(
        rendered("{{ payload.name | safe }}", Escaping::Html),
        r#"<b>"A&B"</b>"#
    );
    assert_eq!(
        rendered(
            "{% autoescape false %}{{ payload.list[1] }}{% endautoescape %}{{ payload.list[1] }}",
            Escaping::Html
        ),
        "<&lt;"
    );
}

#[test]
fn a_syntax_error_names_its_line() {
    let problem = Text::compile("one\ntwo {{ three").unwrap_err();
    assert_eq!(problem.line, Some(2), "{problem}");
}

#[test]
fn it_says_what_it_reads() {
    let text = Text::compile("{{ payload.a.b }} {% set x = labels %}{{ x.y }}").unwrap();
    assert_eq!(text.variables(), ["labels", "payload.a.b"]);
}

#[test]
fn several_texts_read_the_members_of_an_object_by_their_names() {
    let texts = Texts::compile([
        ("content", "{{ host }}: {{ payload.n }}"),
        ("title", "{{ n }}"),
    ])
    .unwrap();
    let json = r#"{"host":"a","n":3,"payload":{"n":4}}"#;
    let over = Context::new().with("payload", json).with_members_of(json);
    let rendered = texts.render(&over, Escaping::None).unwrap();
    assert_eq!(
        rendered,
        [("content", "a: 3".to_owned()), ("title", "3".to_owned())]
    );
    for json in ["[1]", "3", "null", "{}"] {
        let over = Context::new().with_members_of(json);
        let error = texts.render(&over, Escaping::None).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("content, line 1: `host` is undefined"),
            "{error}"
        );
    }
}

#[test]
fn problems_of_several_texts_are_told_together() {
    let problems = Texts::compile([("a", "{{"), ("b", "ok"), ("c", "\n{% if %}")]).unwrap_err();
    let places: Vec<_> = problems
        .iter()
        .map(|problem| (problem.path.as_str(), problem.line))
        .collect();
    assert_eq!(places, [("a", Some(1)), ("c", Some(2))]);
}

#[test]
fn what_is_cut_from_a_value_is_read() {
    assert_eq!(rendered("{{ payload.name[:3] }}", Escaping::None), "<b>");
    assert_eq!(
        rendered(
            "{% set payload = payload.list %}{{ payload[0] }}",
            Escaping::None
        ),
        "1"
    );
}

#[test]
fn labels_may_have_the_names_of_functions() {
    let text = Text::compile("{{ namespace }} {{ dict }}").expect("a template");
    let context = Context::new().with_members_of(r#"{"namespace":"prod","dict":"d"}"#);
    let told = text.render(&context, Escaping::None);
    assert_eq!(told.as_deref(), Ok("prod d"));
}

#[test]
fn no_error_shows_a_value() {
    let context = Context::new().with("secret", r#""postgres://user:word@host""#);
    for filter in [
        "humanize",
        "bytes",
        "duration",
        "local_time('UTC')",
        "url",
        "relink(secret, secret)",
        "humanizePercentage",
    ] {
        let text = Text::compile(&format!("{{{{ secret | {filter} }}}}")).expect("a template");
        let error = text.render(&context, Escaping::None).unwrap_err();
        assert!(!error.to_string().contains("word"), "{filter}: {error}");
    }
}

#[test]
fn a_cut_text_keeps_to_its_length_when_it_is_escaped() {
    let context = Context::new().with("stars", r#""***&&&***&&&***&&&""#);
    for escaping in [Escaping::WechatMarkdown, Escaping::Html] {
        for most in [3, 10, 20, 40] {
            let source = format!("{{{{ stars | truncate_bytes({most}) }}}}");
            let text = Text::compile(&source).expect("a template");
            let told = text.render(&context, escaping).expect("a text");
            assert!(told.len() <= most, "{most}: {told}");
        }
    }
}

#[test]
fn a_mention_is_not_completed_by_a_value() {
    let context = Context::new().with("email", r#""@all""#);
    for escaping in [
        Escaping::WechatText,
        Escaping::WechatMarkdown,
        Escaping::WechatTextcard,
    ] {
        let text = Text::compile("Name <{{ email }}>").expect("a template");
        let told = text.render(&context, escaping);
        assert_eq!(told.as_deref(), Ok("Name <＠all>"));
    }
}

#[test]
fn the_ends_of_time_are_instants() {
    let context = Context::new().with("at", r#""9999-12-31T23:59:59Z""#);
    let text = Text::compile("{{ at | local_time('UTC') }}").expect("a template");
    let told = text.render(&context, Escaping::None).expect("a text");
    assert!(told.starts_with("9999-12-3"), "{told}");
}

#[test]
fn maps_that_are_written_out_have_texts_and_numbers_for_keys() {
    let source = "{% set m = {name: 1, 2: 'two', 'a': {}, 'b': {'c': 3}} %}{{ m['x'] }} {{ m[2] }} {{ m.b.c }} {{ {'p': 0, 'p': 4}['p'] }}";
    let text = Text::compile(source).expect("a template");
    let context = Context::new().with_text("name", "x");
    let rendered = text.render(&context, Escaping::None).expect("rendered");
    assert_eq!(rendered, "1 two 3 4");
}

#[test]
fn templates_of_alertmanager_are_told_apart() {
    for source in [
        "{{ .Labels.alertname }}",
        "{{- .Status }}",
        "one\n{{ range .Alerts }}x{{ end }}",
        "{{ if eq .Status \"firing\" }}x{{ end }}",
        "{{ template \"slack.title\" . }}",
        "{{ define \"x\" }}",
        "{{ $labels.instance }}",
        "{{ . }}",
    ] {
        let problem = Text::compile(source).expect_err(source);
        assert!(
            problem.message.contains("{{ labels.alertname }}"),
            "{source}: {problem}"
        );
    }
    let problem = Text::compile("{{ 'open").expect_err("a text without an end");
    assert_eq!(problem.line, Some(1), "{problem}");
    for source in [
        "{{ range(3) }}",
        "{{ end }}",
        "{{ a if b else c }}",
        "{{ template }}",
        "{% raw %}{{ .x }}{% endraw %}",
        "{{ define.x }}",
    ] {
        Text::compile(source).expect(source);
    }
}
