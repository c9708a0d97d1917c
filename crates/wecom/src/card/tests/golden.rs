//! Tests of the JSON of cards.

use super::samples::{KINDS, card, sample};
use crate::card::{
    ActionMenu, Button, ButtonInteraction, CardAction, CheckOption, Checkbox, CheckboxMode,
    HorizontalContent, MainTitle, MenuAction, MultipleInteraction, Select, SelectOption, Source,
    SubmitButton, TemplateCard, TextNotice, VoteInteraction,
};
use crate::content::Content;
use crate::language::Language;
use crate::message::Message;
use crate::overflow::Overflow;
use crate::recipients::Recipients;

fn json_of(card: impl Into<TemplateCard>) -> String {
    serde_json::to_string(&card.into()).expect("JSON")
}

#[test]
fn every_field_is_written_as_it_was_read() {
    for kind in KINDS {
        let read = card(&sample(kind));
        assert_eq!(serde_json::to_value(&read).expect("JSON"), sample(kind));
        assert_eq!(read.check(Overflow::Reject), Ok(Vec::new()), "{kind}");
    }
}

#[test]
fn what_is_left_out_is_not_written() {
    let notice = TextNotice {
        main_title: Some(MainTitle::new("db-1 is full", "")),
        card_action: CardAction::url("https://example.com"),
        ..TextNotice::default()
    };
    assert_eq!(
        json_of(notice),
        r#"{"card_type":"text_notice","main_title":{"title":"db-1 is full"},"card_action":{"type":1,"url":"https://example.com"}}"#
    );
    let buttons = ButtonInteraction {
        source: Some(Source {
            desc: "Acteon".into(),
            ..Source::default()
        }),
        action_menu: Some(ActionMenu {
            desc: String::new(),
            action_list: vec![MenuAction {
                text: "Silence".into(),
                key: "silence".into(),
            }],
        }),
        main_title: MainTitle::new("Deploy?", "by zhangsan"),
        horizontal_content_list: vec![HorizontalContent::text("build", "4823")],
        task_id: "deploy-4823".into(),
        button_list: vec![
            Button::callback("Approve", "approve"),
            Button::url("Details", "https://example.com"),
        ],
        ..ButtonInteraction::default()
    };
    assert_eq!(
        json_of(buttons),
        r#"{"card_type":"button_interaction","source":{"desc":"Acteon"},"action_menu":{"action_list":[{"text":"Silence","key":"silence"}]},"main_title":{"title":"Deploy?","desc":"by zhangsan"},"horizontal_content_list":[{"keyname":"build","value":"4823"}],"task_id":"deploy-4823","button_list":[{"text":"Approve","key":"approve"},{"type":1,"text":"Details","url":"https://example.com"}]}"#
    );
}

#[test]
fn questions_are_written_as_the_api_reads_them() {
    let vote = VoteInteraction {
        main_title: MainTitle::new("Lunch?", ""),
        task_id: "t".into(),
        checkbox: Checkbox {
            question_key: "q".into(),
            option_list: vec![
                CheckOption::new("a", "Noodles"),
                CheckOption::new("b", "Rice"),
            ],
            mode: Some(CheckboxMode::Single),
            ..Checkbox::default()
        },
        submit_button: Some(SubmitButton {
            text: String::new(),
            key: "s".into(),
        }),
        ..VoteInteraction::default()
    };
    assert_eq!(
        json_of(vote),
        r#"{"card_type":"vote_interaction","main_title":{"title":"Lunch?"},"task_id":"t","checkbox":{"question_key":"q","option_list":[{"id":"a","text":"Noodles","is_checked":false},{"id":"b","text":"Rice","is_checked":false}],"mode":0},"submit_button":{"key":"s"}}"#
    );
    let multiple = MultipleInteraction {
        main_title: MainTitle::new("When?", ""),
        task_id: "t".into(),
        select_list: vec![Select {
            question_key: "q".into(),
            selected_id: "1".into(),
            option_list: vec![SelectOption::new("1", "Now")],
            ..Select::default()
        }],
        submit_button: Some(SubmitButton {
            text: "OK".into(),
            key: "s".into(),
        }),
        ..MultipleInteraction::default()
    };
    assert_eq!(
        json_of(multiple),
        r#"{"card_type":"multiple_interaction","main_title":{"title":"When?"},"task_id":"t","select_list":[{"question_key":"q","selected_id":"1","option_list":[{"id":"1","text":"Now"}]}],"submit_button":{"text":"OK","key":"s"}}"#
    );
}

#[test]
fn names_and_numbers_that_do_not_exist_are_refused() {
    for (text, part) in [
        (
            r#"{"card_type":"text_notices"}"#,
            "unknown variant `text_notices`",
        ),
        (
            r#"{"card_type":"text_notice","sub_title":"x"}"#,
            "unknown field `sub_title`",
        ),
        (
            r#"{"card_type":"text_notice","card_action":{"type":3}}"#,
            "3 is no LinkType, expected one of: 0 1 2",
        ),
        (
            r#"{"card_type":"button_interaction","button_list":[{"style":5}]}"#,
            "5 is no ButtonStyle, expected one of: 1 2 3 4",
        ),
    ] {
        let error = serde_json::from_str::<TemplateCard>(text).expect_err(text);
        assert!(error.to_string().contains(part), "{error}");
    }
}

fn message(kind: &str) -> Message {
    Message {
        recipients: Recipients {
            touser: "zhangsan".into(),
            ..Recipients::default()
        },
        agentid: 1_000_002,
        content: Content::template_card(card(&sample(kind))),
        safe: 1,
        enable_id_trans: None,
        enable_duplicate_check: None,
        duplicate_check_interval: None,
    }
}

#[test]
fn a_card_is_a_message_like_others() {
    for kind in KINDS {
        let ready = message(kind)
            .ready(Overflow::Truncate, Language::En)
            .expect(kind);
        assert_eq!(
            ready.warnings,
            [
                "safe has no effect on this msgtype",
                "template_card is not shown to members who read in personal WeChat (微工作台)"
            ]
        );
        let bytes = ready.message.to_bytes();
        let text = String::from_utf8(bytes.clone()).expect("UTF-8");
        let begin = format!(
            r#"{{"touser":"zhangsan","agentid":1000002,"msgtype":"template_card","template_card":{{"card_type":"{kind}","#
        );
        assert!(text.starts_with(&begin), "{text}");
        assert_eq!(Message::from_bytes(&bytes), Some(ready.message));
    }
}

#[test]
fn a_late_card_says_so() {
    for kind in KINDS {
        let mark = Language::En.late_mark(std::time::Duration::from_mins(5));
        let late = message(kind).mark_late(&mark);
        let text = String::from_utf8(late.to_bytes()).expect("UTF-8");
        assert!(text.contains("\\n[sent 5 min late]\""), "{text}");
        assert!(late.ready(Overflow::Reject, Language::En).is_ok(), "{kind}");
    }
}
