//! What templates of steps that ask people come to: what is told, and what is told where nobody could be asked.

use serde_json::json;

use super::approvals::{asks, deploy, sent, with};
use super::{providers, sends, start, until_it_is, with_chains};
use crate::approvals::{message, receiver, shown};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_template_makes_of_what_is_redacted_is_in_no_message() {
    let hook = receiver().await;
    let ask = asks(
        "ask",
        &json!({ "approvers": ["lena"], "message": "pin {{ origin.payload.pin | upper }}" }),
    );
    let configuration = format!("audit.redact = [\"payload.pin\"]\n{}", providers(&hook));
    let gateway = with_chains(&configuration, &[deploy(&[ask])]).await;
    let chain = start(&gateway, "a", "deploy", &json!({ "pin": "s2cret" })).await;
    let id = format!("{chain}:ask");
    let lena = message(&hook, &id, "lena", 0).await;
    let found = shown(&gateway, &id).await;
    for seen in [&lena, &found] {
        let seen = seen.to_string();
        assert!(!seen.to_lowercase().contains("s2cret"), "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_steps_behind_one_of_which_nobody_was_asked_tell_why() {
    let hook = receiver().await;
    let tell = sends(
        "tell",
        &json!({ "text": "{{ steps.ask.body.decision }}: {{ steps.ask.body.comment }}" }),
    );
    for (policy, expected) in [
        (
            json!({ "approvers": ["group:{{ origin.payload.owner }}"] }),
            "not_asked: \"group:ghost\" means nobody",
        ),
        (
            json!({ "approvers": ["{{ origin.payload.owner }}|@all"] }),
            "not_asked: \"ghost|@all\" is nobody's id",
        ),
        (
            json!({ "message": "{{ origin.payload.reason }}" }),
            "not_asked: approval.message, line 1: `origin.payload.reason` is undefined",
        ),
    ] {
        let ask = with(asks("ask", &policy), &json!({ "on_failure": "skip" }));
        let gateway = with_chains(&providers(&hook), &[deploy(&[ask, tell.clone()])]).await;
        let chain = start(&gateway, "a", "deploy", &json!({ "owner": "ghost" })).await;
        until_it_is(&gateway, &chain, "completed").await;
        let texts = sent(&hook, "text");
        let told = texts.last().expect("a message")["text"].to_string();
        let expected = expected.replace('"', "\\\"");
        assert!(told.contains(&expected), "{expected}: {told}");
    }
}
