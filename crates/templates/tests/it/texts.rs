//! Templates that stand alone.

use acteon_templates::{Context, Escaping, Text};

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
