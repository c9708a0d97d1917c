//! Escapes: whatever a value is, it makes no markup that the template did not write.

use acteon_templates::{Context, Escaping, Text, Texts};
use proptest::prelude::*;

use crate::with_x;

#[test]
fn values_are_escaped_for_what_they_go_into() {
    let nasty = r#""<a href='x'>a</a> <@all> 3 < 4 [t](http://u) **b** `c`\n# h\n> q""#;
    for (escaping, expected) in [
        (
            Escaping::WechatText,
            "＜a href='x'>a＜/a> ＜@all> 3 < 4 [t](http://u) **b** `c`\n# h\n> q",
        ),
        (
            Escaping::WechatMarkdown,
            "＜a href='x'>a＜/a> ＜@all> 3 < 4 ［t］(http://u) ＊＊b＊＊ ｀c｀\n＃ h\n＞ q",
        ),
        (
            Escaping::WechatTextcard,
            "＜a href='x'>a＜/a> ＜@all> 3 < 4 [t](http://u) **b** `c`\n# h\n> q",
        ),
    ] {
        assert_eq!(with_x("{{ x }}", nasty, escaping).as_deref(), Ok(expected));
        let filtered = with_x("{{ x | upper | lower }}", nasty, escaping);
        assert_eq!(filtered.as_deref(), Ok(expected), "behind a filter");
        let safe = with_x("{{ x | safe }}", nasty, escaping);
        assert_eq!(safe, with_x("{{ x }}", nasty, Escaping::None));
    }
}

#[test]
fn an_escape_may_be_named() {
    let row = |source| with_x(source, r#""<b>*""#, Escaping::WechatMarkdown);
    assert_eq!(row("{{ x | escape('html') }}").as_deref(), Ok("&lt;b&gt;*"));
    assert_eq!(row("{{ x | e | e }}").as_deref(), Ok("＜b>＊"));
    assert!(
        row("{{ x | e('htlm') }}")
            .unwrap_err()
            .contains("known are: none, json, html")
    );
}

/// Places where WeChat Work reads markup, found without the code that escapes.
fn markup(text: &str, escaping: Escaping) -> Vec<char> {
    let letters: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    for (at, letter) in letters.iter().enumerate() {
        let next = letters.get(at + 1).copied().unwrap_or(' ');
        let before: String = letters[..at].iter().collect();
        let line = before.rsplit(['\n', '\r', '\u{2028}']).next();
        let is_line_start = line.is_some_and(|line| line.trim().is_empty());
        let is_markdown = escaping == Escaping::WechatMarkdown;
        let is_markup = match letter {
            '<' => next.is_alphabetic() || "@/!".contains(next),
            '`' | '*' => is_markdown,
            ']' => is_markdown && next == '(',
            '#' | '>' => is_markdown && is_line_start,
            _ => false,
        };
        if is_markup {
            found.push(*letter);
        }
    }
    found
}

const PARTS: &[&str] = &[
    "<", ">", "@", "@all", "a", "/", "!", "[", "]", "(", ")", "*", "**", "`", "#", "# ", "\n",
    "\r", " ", "\u{2028}", "http://u", "font",
];

fn nasty() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PARTS), 0..8).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_values_make_markup_whatever_stands_beside_them(
        values in prop::collection::vec(nasty(), 1..4),
        between in prop::sample::select(&["", " ", "\n", "a", ": ", "a\n  "][..]),
        through in prop::sample::select(&["", "| upper", "| tojson", "| string", "| list", "| truncate_chars(5)", "| trim", "| reverse"][..]),
        escaping in prop::sample::select(&[Escaping::WechatText, Escaping::WechatMarkdown, Escaping::WechatTextcard][..]),
    ) {
        let json = serde_json::Value::from(values).to_string();
        for source in [
            format!("{{% for v in x %}}{{{{ v {through} }}}}{between}{{% endfor %}}"),
            format!("{{% set y %}}{{{{ x[0] {through} }}}}{{% endset %}}{{{{ y }}}}{between}{{{{ x }}}}"),
            format!("{{{{ x | join('{}') }}}}", between.replace('\n', "\\n")),
            "{{ x[0] ~ x }}".to_owned(),
        ] {
            let text = with_x(&source, &json, escaping).expect("a text");
            let found = markup(&text, escaping);
            prop_assert!(found.is_empty(), "{found:?} in {text:?} of {source}");
        }
    }

    #[test]
    fn the_template_s_own_markup_stays_and_no_other_comes(value in nasty()) {
        let source = "[see]({{ x }}) **{{ x }}** <font color=\"info\">{{ x }}</font>";
        let json = serde_json::Value::from(value).to_string();
        let own = markup(source, Escaping::WechatMarkdown);
        let text = with_x(source, &json, Escaping::WechatMarkdown).expect("a text");
        prop_assert_eq!(markup(&text, Escaping::WechatMarkdown), own);
    }

    #[test]
    fn html_holds_no_tag_of_a_value(value in ".*") {
        let json = serde_json::Value::from(value).to_string();
        let text = with_x("{{ x }}", &json, Escaping::Html).expect("a text");
        prop_assert!(!text.contains(['<', '>', '"', '\'']), "{text}");
    }

    #[test]
    fn json_stays_json(value in ".*", more in nasty()) {
        let json = serde_json::json!([value, more, {"a": value}]).to_string();
        let text = with_x("{\"a\": {{ x }}, \"b\": {{ x[0] | tojson }}}", &json, Escaping::Json).expect("a text");
        let read: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        prop_assert_eq!(read["a"].to_string(), json);
    }

    #[test]
    fn no_source_and_no_value_panics(source in "(\\{\\{|\\}\\}|\\{%|%\\}|[ a-z|.()\\[\\]'\"x0-9~*+-]){0,40}", value in nasty()) {
        if let Ok(text) = Text::compile(&source) {
            let json = serde_json::Value::from(value).to_string();
            let context = acteon_templates::Context::new().with("x", json);
            let _ = text.render(&context, Escaping::WechatMarkdown);
        }
    }
}

/// A message that is an object is rendered as JSON, and what stands beside the object is not.
#[test]
fn an_object_is_json_and_what_stands_beside_it_is_not() {
    let nasty = r#"{"x": "a\",\"b\":<b onclick=\"y\">"}"#;
    let context = Context::new().with_members_of(nasty);
    let rendered = |field: &str, source: &str, msgtype: &str| {
        let texts = Texts::compile([(field, source)]).expect("a source");
        let rendered = texts.render(&context, Escaping::of_wechat(msgtype));
        rendered.expect("a text").remove(0).1
    };
    let json = r#"{"title": "a\",\"b\":<b onclick=\"y\">"}"#;
    for msgtype in [
        "image",
        "voice",
        "video",
        "file",
        "news",
        "template_card",
        "miniprogram_notice",
    ] {
        assert_eq!(
            rendered(msgtype, r#"{"title": {{ x }}}"#, msgtype),
            json,
            "clients read no markup there"
        );
        assert_eq!(
            rendered("touser", "{{ x }}", msgtype),
            r#"a","b":<b onclick="y">"#
        );
    }
    let without_tags = json.replace("<b", "＜b");
    for source in [r#"{"title": {{ x }}}"#, r#"{"title": {{ x | tojson }}}"#] {
        assert_eq!(rendered("mpnews", source, "mpnews"), without_tags);
    }
    let own =
        r#"{"content": {{ (("<p>" | safe) ~ (x | escape("html")) ~ ("</p>" | safe)) | tojson }}}"#;
    assert_eq!(
        rendered("mpnews", own, "mpnews"),
        r#"{"content": "<p>a&quot;,&quot;b&quot;:&lt;b onclick=&quot;y&quot;&gt;</p>"}"#
    );
    let cut = r#"{"title": {{ x | truncate_chars(3) }}}"#;
    assert_eq!(rendered("news", cut, "news"), r#"{"title": "a\"…"}"#);
}
