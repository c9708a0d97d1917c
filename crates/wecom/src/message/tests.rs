//! Tests of messages: their bytes, limits, warnings and late marks.

use std::time::Duration;

use super::*;
use crate::content::Card;

fn message(content: Content) -> Message {
    Message {
        recipients: Recipients {
            touser: "@all".into(),
            ..Recipients::default()
        },
        agentid: 1_000_002,
        content,
        safe: 0,
        enable_id_trans: None,
        enable_duplicate_check: None,
        duplicate_check_interval: None,
    }
}

fn card(title: &str, url: &str) -> Content {
    Content::textcard(Card {
        title: title.into(),
        description: "d".into(),
        url: url.into(),
        btntxt: Some("详情".into()),
    })
}

#[test]
fn writes_the_requests_that_the_api_reads() {
    let text = String::from_utf8(message(Content::text("hello")).to_bytes()).expect("UTF-8");
    assert_eq!(
        text,
        r#"{"touser":"@all","agentid":1000002,"msgtype":"text","text":{"content":"hello"},"safe":0}"#
    );
    let mut checked = message(card("t", "https://example.com"));
    checked.enable_duplicate_check = Some(1);
    checked.duplicate_check_interval = Some(1800);
    assert_eq!(
        String::from_utf8(checked.to_bytes()).expect("UTF-8"),
        r#"{"touser":"@all","agentid":1000002,"msgtype":"textcard","textcard":{"title":"t","description":"d","url":"https://example.com","btntxt":"详情"},"safe":0,"enable_duplicate_check":1,"duplicate_check_interval":1800}"#
    );
    assert_eq!(Message::from_bytes(&checked.to_bytes()), Some(checked));
}

#[test]
fn too_long_is_cut_with_a_warning_or_refused() {
    let ready = message(Content::text("中".repeat(1000)))
        .ready(Overflow::Truncate, Language::En)
        .expect("ready");
    assert!(
        ready.warnings[0].contains("of 3000 bytes are missing (limit 2048)"),
        "{:?}",
        ready.warnings
    );
    let refused = message(Content::text("中".repeat(1000))).ready(Overflow::Reject, Language::En);
    assert_eq!(
        refused,
        Err(MessageError::TooLong {
            field: "content",
            size: 3000,
            unit: "bytes",
            limit: 2048
        })
    );
    let refused = message(card("t", &format!("https://{}", "x".repeat(2048))))
        .ready(Overflow::Truncate, Language::En);
    assert!(matches!(
        refused,
        Err(MessageError::TooLong { field: "url", .. })
    ));
}

#[test]
fn empty_fields_and_other_links_are_refused() {
    assert_eq!(
        message(Content::text(" \n")).ready(Overflow::Truncate, Language::En),
        Err(MessageError::Empty("content"))
    );
    assert_eq!(
        message(card("", "https://example.com")).ready(Overflow::Truncate, Language::En),
        Err(MessageError::Empty("title"))
    );
    assert_eq!(
        message(card("t", "wiki.example.com")).ready(Overflow::Truncate, Language::En),
        Err(MessageError::NotALink)
    );
    for url in [
        "https://",
        "https:///page",
        "http://?q",
        "https://#x",
        "https://user@",
        "https://:443/x",
    ] {
        assert_eq!(
            message(card("t", url)).ready(Overflow::Truncate, Language::En),
            Err(MessageError::NoHost),
            "{url}"
        );
    }
    for url in [
        "https://e.com/a b",
        "https://e.com/\n",
        "https://e.com/\u{3000}",
    ] {
        assert!(
            matches!(
                message(card("t", url)).ready(Overflow::Truncate, Language::En),
                Err(MessageError::BlankInLink(_))
            ),
            "{url}"
        );
    }
    assert!(
        message(card("t", "http://[::1]:8080/告警?a=b@c"))
            .ready(Overflow::Truncate, Language::En)
            .is_ok()
    );
    let invisible = message(Content::markdown("\u{200b}\u{feff}\u{2060}"));
    assert_eq!(
        invisible.ready(Overflow::Truncate, Language::En),
        Err(MessageError::Empty("content"))
    );
    assert!(
        message(card("t", "HTTPS://wiki.example.com"))
            .ready(Overflow::Truncate, Language::En)
            .is_ok()
    );
}

#[test]
fn a_note_fits_into_a_full_message() {
    for (language, end) in [
        (Language::En, "bytes cut]\n[sent 5 min late]"),
        (Language::Zh, " 字节]\n[延迟 5 分钟发送]"),
    ] {
        let mark = language.late_mark(Duration::from_mins(5));
        let Content::Text { text } = message(Content::text("x".repeat(2048)))
            .mark_late(&mark)
            .content
        else {
            panic!("text")
        };
        assert!(
            text.content.len() <= 2048 && text.content.ends_with(end),
            "{}",
            text.content
        );
    }
}
