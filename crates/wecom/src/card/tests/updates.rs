//! Tests of updates.

use serde_json::json;

use super::samples::{KINDS, card, sample, with};
use crate::card::{CardChange, CardRecipients, CardUpdate};
use crate::overflow::Overflow;
use crate::report::Fault;

fn update(recipients: CardRecipients, change: CardChange) -> CardUpdate {
    CardUpdate {
        recipients,
        agentid: 1_000_002,
        response_code: "RC_s3cret".into(),
        change,
    }
}

fn button(name: &str) -> CardChange {
    CardChange::Button {
        replace_name: name.to_owned(),
    }
}

fn these(userids: &[&str], partyids: &[u32], tagids: &[u32]) -> CardRecipients {
    CardRecipients::These {
        userids: userids.iter().map(|id| (*id).to_owned()).collect(),
        partyids: partyids.to_vec(),
        tagids: tagids.to_vec(),
    }
}

fn json_of(update: &CardUpdate) -> String {
    String::from_utf8(update.to_bytes().to_vec()).expect("UTF-8")
}

/// Path and fault of what is wrong with an update.
fn violation(update: &CardUpdate) -> (String, Fault) {
    let error = update.check(Overflow::Truncate).expect_err("a violation");
    let [violation] = &error.violations[..] else {
        panic!("{error}")
    };
    (violation.path.clone(), violation.fault.clone())
}

#[test]
fn both_forms_are_written_as_the_api_reads_them() {
    let grey = update(
        these(&["zhangsan", "lisi"], &[2, 3], &[44]),
        button("已批准"),
    );
    assert_eq!(grey.check(Overflow::Reject), Ok(vec![]));
    assert_eq!(
        json_of(&grey),
        r#"{"userids":["zhangsan","lisi"],"partyids":[2,3],"tagids":[44],"atall":0,"agentid":1000002,"response_code":"RC_s3cret","button":{"replace_name":"已批准"}}"#
    );
    let new = json!({
        "card_type": "button_interaction",
        "main_title": { "title": "Deployed" },
        "button_list": [{ "text": "Approved", "key": "approve" }],
        "replace_text": "approved by zhangsan",
    });
    let change = CardChange::Card {
        template_card: Box::new(card(&new)),
        enable_id_trans: true,
    };
    let replaced = update(CardRecipients::Everybody, change);
    assert_eq!(replaced.check(Overflow::Reject), Ok(vec![]));
    assert_eq!(
        json_of(&replaced),
        r#"{"atall":1,"agentid":1000002,"response_code":"RC_s3cret","enable_id_trans":1,"template_card":{"card_type":"button_interaction","main_title":{"title":"Deployed"},"button_list":[{"text":"Approved","key":"approve"}],"replace_text":"approved by zhangsan"}}"#
    );
}

#[test]
fn debug_shows_no_response_code() {
    let shown = format!("{:?}", update(CardRecipients::Everybody, button("ok")));
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn a_new_card_has_no_task_id_and_may_be_grey() {
    for kind in KINDS {
        let change = |value: &serde_json::Value| CardChange::Card {
            template_card: Box::new(card(value)),
            enable_id_trans: false,
        };
        let with_id = update(CardRecipients::Everybody, change(&sample(kind)));
        assert_eq!(
            violation(&with_id),
            (
                "template_card.task_id".into(),
                Fault::NotHere("in an update")
            )
        );
        let mut new = with(kind, "/task_id", json!(null));
        match kind {
            "vote_interaction" => new["checkbox"]["disable"] = json!(true),
            "multiple_interaction" => new["select_list"][0]["disable"] = json!(true),
            _ => {}
        }
        if kind.ends_with("interaction") {
            new["replace_text"] = json!("done");
            new.as_object_mut()
                .expect("an object")
                .remove("submit_button");
        }
        let right = update(CardRecipients::Everybody, change(&new));
        assert_eq!(right.check(Overflow::Reject), Ok(vec![]), "{kind}");
        assert!(!json_of(&right).contains("enable_id_trans"));
    }
}

#[test]
fn recipients_have_limits() {
    let user = |count: usize| vec!["zhangsan"; count];
    let ids = |count: u32| (0..count).collect::<Vec<_>>();
    let met = update(these(&user(1000), &ids(100), &ids(100)), button("ok"));
    assert_eq!(met.check(Overflow::Reject), Ok(vec![]));
    let too_many = |count, limit| Fault::TooMany { count, limit };
    for (recipients, path, fault) in [
        (these(&[], &[], &[]), "userids", Fault::Missing),
        (
            these(&user(1001), &[], &[]),
            "userids",
            too_many(1001, 1000),
        ),
        (these(&[], &ids(101), &[]), "partyids", too_many(101, 100)),
        (these(&[], &[], &ids(101)), "tagids", too_many(101, 100)),
        (these(&["a", ""], &[], &[]), "userids[1]", Fault::Missing),
    ] {
        assert_eq!(
            violation(&update(recipients, button("ok"))),
            (path.into(), fault)
        );
    }
    let long = update(these(&[&"u".repeat(65)], &[], &[]), button("ok"));
    assert_eq!(violation(&long).0, "userids[0]");
}

#[test]
fn an_update_has_a_code_and_a_label() {
    let everybody = CardRecipients::Everybody;
    assert_eq!(
        violation(&update(everybody.clone(), button(" "))),
        ("button.replace_name".into(), Fault::Missing)
    );
    let mut codeless = update(everybody, button("ok"));
    codeless.response_code = "".into();
    assert_eq!(
        violation(&codeless),
        ("response_code".into(), Fault::Missing)
    );
}
