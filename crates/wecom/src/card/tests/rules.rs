//! Tests of what cards must have, and must not.

use serde_json::{Value, json};

use super::limits::{path, violation};
use super::samples::{KINDS, card, sample, with};
use crate::card::TemplateCard;
use crate::link::LinkFault;
use crate::overflow::Overflow;
use crate::report::Fault;

/// Fields that must be there: kind, pointer.
const NEEDED: &[(&str, &str)] = &[
    ("text_notice", "/task_id"),
    ("text_notice", "/action_menu/action_list/0/text"),
    ("text_notice", "/action_menu/action_list/0/key"),
    ("text_notice", "/quote_area/url"),
    ("text_notice", "/horizontal_content_list/0/keyname"),
    ("text_notice", "/horizontal_content_list/1/url"),
    ("text_notice", "/horizontal_content_list/2/media_id"),
    ("text_notice", "/horizontal_content_list/3/userid"),
    ("text_notice", "/jump_list/0/title"),
    ("text_notice", "/jump_list/0/url"),
    ("text_notice", "/jump_list/1/appid"),
    ("text_notice", "/card_action/type"),
    ("text_notice", "/card_action/appid"),
    ("news_notice", "/task_id"),
    ("news_notice", "/main_title/title"),
    ("news_notice", "/image_text_area/url"),
    ("news_notice", "/image_text_area/image_url"),
    ("news_notice", "/card_image/url"),
    ("news_notice", "/vertical_content_list/0/title"),
    ("news_notice", "/card_action/type"),
    ("news_notice", "/card_action/url"),
    ("button_interaction", "/task_id"),
    ("button_interaction", "/main_title/title"),
    ("button_interaction", "/card_action/url"),
    ("button_interaction", "/button_selection/question_key"),
    ("button_interaction", "/button_selection/option_list/0/id"),
    ("button_interaction", "/button_selection/option_list/0/text"),
    ("button_interaction", "/button_list"),
    ("button_interaction", "/button_list/0/text"),
    ("button_interaction", "/button_list/0/key"),
    ("button_interaction", "/button_list/1/url"),
    ("vote_interaction", "/task_id"),
    ("vote_interaction", "/main_title/title"),
    ("vote_interaction", "/checkbox/question_key"),
    ("vote_interaction", "/checkbox/option_list/1/id"),
    ("vote_interaction", "/checkbox/option_list/1/text"),
    ("vote_interaction", "/submit_button"),
    ("vote_interaction", "/submit_button/key"),
    ("multiple_interaction", "/task_id"),
    ("multiple_interaction", "/main_title/title"),
    ("multiple_interaction", "/select_list"),
    ("multiple_interaction", "/select_list/0/question_key"),
    ("multiple_interaction", "/select_list/0/option_list/1/id"),
    ("multiple_interaction", "/submit_button"),
    ("multiple_interaction", "/submit_button/key"),
];

fn is_right(value: &Value) -> bool {
    card(value).check(Overflow::Truncate).is_ok()
}

#[test]
fn needed_fields_are_there() {
    for &(kind, pointer) in NEEDED {
        let mut missing = with(kind, pointer, Value::Null);
        // A question's answer is chosen by an id that would no longer be there.
        if let Some(selected) = missing.pointer_mut("/button_selection/selected_id") {
            *selected = json!("");
        }
        assert_eq!(
            violation(&missing),
            (path(pointer), Fault::Missing),
            "{kind}"
        );
    }
}

#[test]
fn other_fields_may_be_left_out() {
    for kind in KINDS {
        let whole = sample(kind);
        let fields = whole.as_object().expect("an object");
        for name in fields.keys().filter(|name| *name != "card_type") {
            let pointer = format!("/{name}");
            let needed = [
                "task_id",
                "card_action",
                "main_title",
                "button_list",
                "checkbox",
                "select_list",
                "submit_button",
            ];
            let is_needed = needed.contains(&name.as_str());
            let is_of_notices = matches!(
                (kind, name.as_str()),
                ("text_notice", "main_title") | ("button_interaction", "card_action")
            );
            let right = is_right(&with(kind, &pointer, Value::Null));
            assert_eq!(right, !is_needed || is_of_notices, "{kind}{pointer}");
        }
    }
}

#[test]
fn a_notice_without_a_menu_needs_no_task_id() {
    for kind in ["text_notice", "news_notice"] {
        let mut notice = with(kind, "/action_menu", Value::Null);
        notice.as_object_mut().expect("an object").remove("task_id");
        assert!(is_right(&notice), "{kind}");
    }
}

#[test]
fn of_two_fields_one_is_needed() {
    let mut notice = with("text_notice", "/main_title/title", Value::Null);
    assert!(is_right(&notice));
    notice["sub_title_text"] = json!("");
    assert_eq!(
        violation(&notice),
        (
            "template_card.main_title.title".into(),
            Fault::MissingBoth("sub_title_text")
        )
    );
    let mut news = with("news_notice", "/image_text_area", Value::Null);
    assert!(is_right(&news));
    news.as_object_mut()
        .expect("an object")
        .remove("card_image");
    assert_eq!(
        violation(&news),
        (
            "template_card.card_image".into(),
            Fault::MissingBoth("image_text_area")
        )
    );
}

#[test]
fn keys_and_ids_are_unique() {
    for (kind, list, name, value) in [
        ("text_notice", "/action_menu/action_list", "key", "A"),
        (
            "button_interaction",
            "/button_selection/option_list",
            "id",
            "1",
        ),
        (
            "vote_interaction",
            "/checkbox/option_list",
            "id",
            "option_id1",
        ),
        (
            "multiple_interaction",
            "/select_list/0/option_list",
            "id",
            "1",
        ),
    ] {
        let pointer = format!("{list}/1/{name}");
        let mut twice = with(kind, &pointer, value.into());
        for question in ["/button_selection", "/select_list/0"] {
            if let Some(question) = twice.pointer_mut(question) {
                question["selected_id"] = json!("");
            }
        }
        assert_eq!(
            violation(&twice),
            (path(&pointer), Fault::Repeated),
            "{kind}"
        );
    }
    let button = |key: &str| json!({ "text": "t", "key": key });
    let buttons = json!([button("a"), button("b"), button("a")]);
    assert_eq!(
        violation(&with("button_interaction", "/button_list", buttons)),
        ("template_card.button_list[2].key".into(), Fault::Repeated)
    );
    let question = sample("multiple_interaction")["select_list"][0].clone();
    let twice = json!([question, question]);
    assert_eq!(
        violation(&with("multiple_interaction", "/select_list", twice)),
        (
            "template_card.select_list[1].question_key".into(),
            Fault::Repeated
        )
    );
}

#[test]
fn a_task_id_has_letters_digits_and_few_others() {
    assert!(is_right(&with(
        "button_interaction",
        "/task_id",
        json!("aZ09_-@")
    )));
    for (id, letter) in [("a b", ' '), ("a/b", '/'), ("任务", '任'), ("a.b", '.')] {
        assert_eq!(
            violation(&with("button_interaction", "/task_id", json!(id))),
            ("template_card.task_id".into(), Fault::Character(letter))
        );
    }
}

#[test]
fn what_is_not_of_a_kind_is_refused() {
    for kind in ["vote_interaction", "multiple_interaction"] {
        let (at, fault) = violation(&with(kind, "/source/desc_color", json!(1)));
        assert_eq!(at, "template_card.source.desc_color");
        assert!(matches!(fault, Fault::NotHere(_)));
    }
    for (kind, pointer, value) in [
        ("button_interaction", "/replace_text", json!("done")),
        ("vote_interaction", "/replace_text", json!("done")),
        ("vote_interaction", "/checkbox/disable", json!(true)),
        ("multiple_interaction", "/replace_text", json!("done")),
        (
            "multiple_interaction",
            "/select_list/0/disable",
            json!(false),
        ),
    ] {
        let (at, fault) = violation(&with(kind, pointer, value));
        assert_eq!(at, path(pointer), "{kind}");
        assert_eq!(fault, Fault::NotHere("in a card that is sent first"));
    }
    for name in [
        "action_menu",
        "quote_area",
        "jump_list",
        "horizontal_content_list",
    ] {
        let other = with("vote_interaction", &format!("/{name}"), json!({}));
        assert!(
            serde_json::from_value::<TemplateCard>(other).is_err(),
            "{name}"
        );
    }
}

#[test]
fn a_link_can_be_opened() {
    let (at, fault) = violation(&with(
        "text_notice",
        "/jump_list/0/url",
        json!("example.com"),
    ));
    assert_eq!(at, "template_card.jump_list[0].url");
    assert_eq!(fault, Fault::Link(LinkFault::NotALink));
    for pointer in [
        "/source/icon_url",
        "/image_text_area/image_url",
        "/card_image/url",
    ] {
        let (at, _) = violation(&with(
            "news_notice",
            pointer,
            json!("ftp://example.com/i.png"),
        ));
        assert_eq!(at, path(pointer));
    }
}

#[test]
fn an_option_that_is_not_there_is_chosen_by_nobody() {
    let other = with(
        "button_interaction",
        "/button_selection/selected_id",
        json!("3"),
    );
    assert_eq!(
        card(&other).check(Overflow::Truncate).expect("warnings"),
        ["template_card.button_selection.selected_id is the id of none of the options"]
    );
    assert!(card(&other).check(Overflow::Reject).is_err());
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let empty: TemplateCard =
        serde_json::from_value(json!({ "card_type": "multiple_interaction", "source": { "desc_color": 1 }, "replace_text": "x" })).expect("a card");
    let error = empty.check(Overflow::Truncate).expect_err("violations");
    let paths: Vec<_> = error
        .violations
        .iter()
        .map(|violation| &violation.path[14..])
        .collect();
    assert_eq!(
        paths,
        [
            "source.desc_color",
            "main_title.title",
            "task_id",
            "select_list",
            "submit_button",
            "replace_text"
        ]
    );
    assert_eq!(error.to_string().matches("; template_card").count(), 5);
}

#[test]
fn so_many_faults_are_named_and_the_others_counted() {
    let options: Vec<Value> = vec![json!({}); 10];
    let select = json!({ "question_key": "k", "option_list": options });
    let card = json!({ "card_type": "multiple_interaction", "select_list": [select] });
    let card: TemplateCard = serde_json::from_value(card).expect("a card");
    let error = card.check(Overflow::Truncate).expect_err("violations");
    assert_eq!(error.violations.len(), 23, "{error}");
    assert!(error.to_string().ends_with("; and 3 more"), "{error}");
}
