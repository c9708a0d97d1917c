//! Tests of limits: each is just met, and just passed.

use serde_json::{Value, json};

use super::samples::{card, with};
use crate::overflow::Overflow;
use crate::report::{ContentError, Fault};

/// Texts of which clients show so many characters: kind, pointer, limit.
const SHOWN: &[(&str, &str, usize)] = &[
    ("text_notice", "/source/desc", 20),
    ("text_notice", "/main_title/title", 36),
    ("text_notice", "/main_title/desc", 44),
    ("text_notice", "/emphasis_content/title", 14),
    ("text_notice", "/emphasis_content/desc", 22),
    ("text_notice", "/sub_title_text", 160),
    ("text_notice", "/horizontal_content_list/0/keyname", 5),
    ("text_notice", "/horizontal_content_list/0/value", 30),
    ("text_notice", "/jump_list/1/title", 18),
    ("news_notice", "/source/desc", 20),
    ("news_notice", "/main_title/title", 36),
    ("news_notice", "/main_title/desc", 44),
    ("news_notice", "/vertical_content_list/0/title", 38),
    ("news_notice", "/vertical_content_list/0/desc", 160),
    ("news_notice", "/horizontal_content_list/3/keyname", 5),
    ("news_notice", "/horizontal_content_list/3/value", 30),
    ("news_notice", "/jump_list/0/title", 18),
    ("button_interaction", "/source/desc", 20),
    ("button_interaction", "/main_title/title", 36),
    ("button_interaction", "/main_title/desc", 44),
    ("button_interaction", "/sub_title_text", 160),
    (
        "button_interaction",
        "/horizontal_content_list/2/keyname",
        5,
    ),
    ("button_interaction", "/horizontal_content_list/2/value", 30),
    (
        "button_interaction",
        "/button_selection/option_list/1/text",
        16,
    ),
    ("button_interaction", "/button_list/0/text", 10),
    ("vote_interaction", "/source/desc", 20),
    ("vote_interaction", "/main_title/title", 16),
    ("vote_interaction", "/main_title/desc", 160),
    ("vote_interaction", "/checkbox/option_list/1/text", 17),
    ("vote_interaction", "/submit_button/text", 10),
    ("multiple_interaction", "/source/desc", 20),
    ("multiple_interaction", "/main_title/title", 36),
    ("multiple_interaction", "/main_title/desc", 160),
    (
        "multiple_interaction",
        "/select_list/0/option_list/1/text",
        16,
    ),
    ("multiple_interaction", "/submit_button/text", 10),
];

/// Keys, ids and addresses with so many bytes at most.
const BYTES: &[(&str, &str, usize)] = &[
    ("text_notice", "/task_id", 128),
    ("text_notice", "/action_menu/action_list/1/key", 1024),
    ("text_notice", "/jump_list/0/url", 2048),
    ("news_notice", "/task_id", 128),
    ("news_notice", "/action_menu/action_list/1/key", 1024),
    ("news_notice", "/card_action/url", 2048),
    ("news_notice", "/card_image/url", 2048),
    ("button_interaction", "/task_id", 128),
    ("button_interaction", "/action_menu/action_list/0/key", 1024),
    ("button_interaction", "/button_list/0/key", 1024),
    ("button_interaction", "/button_list/1/url", 2048),
    ("button_interaction", "/button_selection/question_key", 1024),
    (
        "button_interaction",
        "/button_selection/option_list/0/id",
        128,
    ),
    ("vote_interaction", "/task_id", 128),
    ("vote_interaction", "/checkbox/question_key", 1024),
    ("vote_interaction", "/checkbox/option_list/0/id", 128),
    ("vote_interaction", "/submit_button/key", 1024),
    ("multiple_interaction", "/task_id", 128),
    ("multiple_interaction", "/select_list/0/question_key", 1024),
    (
        "multiple_interaction",
        "/select_list/0/option_list/0/id",
        128,
    ),
    ("multiple_interaction", "/submit_button/key", 1024),
];

/// Lists with the fewest and the most entries.
const LISTS: &[(&str, &str, usize, usize)] = &[
    ("text_notice", "/action_menu/action_list", 1, 3),
    ("text_notice", "/horizontal_content_list", 0, 6),
    ("text_notice", "/jump_list", 0, 3),
    ("news_notice", "/action_menu/action_list", 1, 3),
    ("news_notice", "/vertical_content_list", 0, 4),
    ("news_notice", "/horizontal_content_list", 0, 6),
    ("news_notice", "/jump_list", 0, 3),
    ("button_interaction", "/action_menu/action_list", 1, 3),
    ("button_interaction", "/horizontal_content_list", 0, 6),
    ("button_interaction", "/button_selection/option_list", 1, 10),
    ("button_interaction", "/button_list", 1, 6),
    ("vote_interaction", "/checkbox/option_list", 1, 20),
    ("multiple_interaction", "/select_list", 1, 3),
    ("multiple_interaction", "/select_list/0/option_list", 1, 10),
];

/// Path in errors of a pointer.
pub(super) fn path(pointer: &str) -> String {
    let parts = pointer.split('/').skip(1);
    parts.fold("template_card".to_owned(), |path, part| {
        if part.parse::<usize>().is_ok() {
            format!("{path}[{part}]")
        } else {
            format!("{path}.{part}")
        }
    })
}

fn check(value: &Value, overflow: Overflow) -> Result<Vec<String>, ContentError> {
    card(value).check(overflow)
}

/// The one violation of a card.
pub(super) fn violation(value: &Value) -> (String, Fault) {
    let error = check(value, Overflow::Truncate).expect_err("a violation");
    let [violation] = &error.violations[..] else {
        panic!("{error}")
    };
    (violation.path.clone(), violation.fault.clone())
}

#[test]
fn texts_that_are_shown_have_limits_of_characters() {
    for &(kind, pointer, limit) in SHOWN {
        let met = with(kind, pointer, "中".repeat(limit).into());
        assert_eq!(check(&met, Overflow::Reject), Ok(vec![]), "{kind}{pointer}");
        let passed = with(kind, pointer, "中".repeat(limit + 1).into());
        let error = check(&passed, Overflow::Reject).expect_err(pointer);
        let text = format!(
            "{} is {} characters long, at most {limit} are shown; shorten it",
            path(pointer),
            limit + 1
        );
        assert_eq!(error.to_string(), text, "{kind}");
        assert_eq!(check(&passed, Overflow::Truncate), Ok(vec![text]), "{kind}");
    }
}

#[test]
fn keys_ids_and_addresses_have_limits_of_bytes() {
    for &(kind, pointer, limit) in BYTES {
        let begin = if pointer.ends_with("url") {
            "https://example.com/"
        } else {
            ""
        };
        let text = |size: usize| Value::from(format!("{begin:x<size$}"));
        let met = check(&with(kind, pointer, text(limit)), Overflow::Truncate);
        assert!(met.is_ok(), "{kind}{pointer}: {met:?}");
        let fault = Fault::TooLong {
            size: limit + 1,
            unit: "bytes",
            limit,
            shown: false,
        };
        let passed = with(kind, pointer, text(limit + 1));
        assert_eq!(violation(&passed), (path(pointer), fault), "{kind}");
    }
}

#[test]
fn lists_have_limits() {
    for &(kind, pointer, least, most) in LISTS {
        let list = |count: usize| {
            let entries = (0..count).map(|number| entry(pointer, number));
            with(kind, pointer, entries.collect())
        };
        for count in [least, most] {
            let met = check(&list(count), Overflow::Truncate);
            assert!(met.is_ok(), "{kind}{pointer}: {met:?}");
        }
        let fault = Fault::TooMany {
            count: most + 1,
            limit: most,
        };
        assert_eq!(violation(&list(most + 1)), (path(pointer), fault), "{kind}");
        if least > 0 {
            assert_eq!(
                violation(&list(0)),
                (path(pointer), Fault::Missing),
                "{kind}"
            );
        }
    }
}

/// Entry of a list, unlike its others.
fn entry(pointer: &str, number: usize) -> Value {
    let name = pointer.rsplit('/').next().expect("a name");
    let number = number.to_string();
    match name {
        "action_list" | "button_list" => json!({ "text": "t", "key": number }),
        "horizontal_content_list" => json!({ "keyname": "k" }),
        "option_list" => json!({ "id": number, "text": "t" }),
        "select_list" => {
            json!({ "question_key": number, "option_list": [{ "id": "1", "text": "t" }] })
        }
        _ => json!({ "title": "t" }),
    }
}

#[test]
fn a_picture_has_a_width_and_height_that_are_shown() {
    for (ratio, is_right) in [
        (json!(1.3), true),
        (json!(2.25), true),
        (json!(2), true),
        (json!(1.29), false),
        (json!(2.26), false),
        (json!(0), false),
        (json!(-1.5), false),
    ] {
        let pointer = "/card_image/aspect_ratio";
        let checked = check(
            &with("news_notice", pointer, ratio.clone()),
            Overflow::Truncate,
        );
        assert_eq!(checked.is_ok(), is_right, "{ratio}");
        if let Err(error) = checked {
            assert_eq!(error.violations[0].path, path(pointer));
            assert_eq!(error.violations[0].fault, Fault::AspectRatio);
        }
    }
}
