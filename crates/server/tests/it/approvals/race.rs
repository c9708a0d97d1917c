//! Two decisions at once, on one gateway and on two.

use std::collections::BTreeMap;

use acteon_fakes::webhook::Receiver;
use futures_util::future::join;
use serde_json::{Value, json};

use super::{asking, follow, id_of, lines, message, pending, receiver, rule, shown};
use crate::shared::Shared;
use crate::support::reminders::ids_of;
use crate::support::{Client, ledger::times, with_rules_in};

/// Environment variable that says how many races there are.
const RACES: &str = "ACTEON_APPROVAL_RACES";

#[tokio::test(flavor = "multi_thread")]
async fn approve_and_reject_at_once_on_two_gateways_is_one_decision() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let hook = receiver().await;
    let folder = tempfile::tempdir().expect("a folder");
    let lines = with_rules_in(&folder, &rule("timeout_seconds: 600"), &lines(&hook));
    let (first, second) = (shared.gateway(&lines).await, shared.gateway(&lines).await);
    races(&first, &second, &hook).await;
    // A link is good at each gateway, whichever asked.
    let asked = pending(&first, "last").await;
    let (status, answer) = follow(&second, &asked["approve_url"]).await;
    assert_eq!(
        (status.as_u16(), &answer["status"]),
        (200, &json!("approved"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn approve_and_reject_at_once_on_one_gateway_is_one_decision() {
    let (gateway, hook) = asking("timeout_seconds: 600").await;
    races(&gateway, &gateway, &hook).await;
}

/// Lets approve and reject come at once, each of them first as often as the other, and checks that one of them counts and was told so.
async fn races(first: &Client, second: &Client, hook: &Receiver) {
    let mut decided = BTreeMap::new();
    for number in 0..times(RACES, 25) {
        let asked = pending(first, &format!("a-{number}")).await;
        let (yes, no) = (&asked["approve_url"], &asked["reject_url"]);
        let (yes, no) = if number % 2 == 0 {
            join(follow(first, yes), follow(second, no)).await
        } else {
            let (no, yes) = join(follow(first, no), follow(second, yes)).await;
            (yes, no)
        };
        let (winner, loser) = if yes.0 == 200 {
            (&yes, &no)
        } else {
            (&no, &yes)
        };
        let statuses = (winner.0.as_u16(), loser.0.as_u16());
        assert_eq!(statuses, (200, 410), "{yes:?} {no:?}");
        let is_approved = winner.1["status"] == "approved";
        assert_eq!(is_approved, yes.0 == 200, "{}", winner.1);
        assert_eq!(winner.1["outcome"].is_null(), !is_approved);
        decided.insert(id_of(&asked), is_approved);
    }
    for (id, is_approved) in &decided {
        check(second, id, *is_approved).await;
    }
    let won = decided.values().filter(|is_approved| **is_approved).count();
    let sent = ids_of(hook);
    println!(
        "approved {won}, rejected {}, {} messages",
        decided.len() - won,
        sent.len()
    );
}

/// One decision stands, and its action is there if it was to approve; also when its approval's own step is done.
async fn check(client: &Client, id: &str, is_approved: bool) {
    let found = shown(client, id).await;
    let status = if is_approved { "approved" } else { "rejected" };
    assert_eq!(found["status"], status, "{found}");
    let decisions = found["decisions"].as_array().map(Vec::len);
    assert_eq!(decisions, Some(1), "{found}");
    let path = format!("/v1/actions/approval:{id}:action");
    let sent = client.get(&path).await;
    assert_eq!(sent.status == 200, is_approved, "{}", sent.body);
    assert!(!is_approved || sent.body["attempts"] == 1, "{}", sent.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_approvals_at_once_both_count() {
    let keys = "timeout_seconds: 600, approvers: [lena, max], quorum: 2";
    let (gateway, hook) = asking(keys).await;
    for number in 0..times(RACES, 25).min(100) {
        let id = id_of(&pending(&gateway, &format!("a-{number}")).await);
        let of = async |person: &str| -> Value {
            let told = message(&hook, &id, person, 0).await;
            told["approval_url"].clone()
        };
        let (lena, max) = (of("lena").await, of("max").await);
        let (one, other) = join(follow(&gateway, &lena), follow(&gateway, &max)).await;
        assert_eq!(
            (one.0.as_u16(), other.0.as_u16()),
            (200, 200),
            "{one:?} {other:?}"
        );
        let found = shown(&gateway, &id).await;
        assert_eq!(found["status"], "approved", "{found}");
        assert_eq!(found["decisions"].as_array().map(Vec::len), Some(2));
        let missing = [&one, &other].map(|answer| answer.1["approvals_missing"].as_u64());
        assert!(
            missing.contains(&Some(0)) && missing.contains(&Some(1)),
            "{missing:?}"
        );
    }
}
