//! Two decisions at once, on two gateways.

use futures_util::future::join;
use serde_json::{Value, json};

use super::{follow, id_of, lines, pending, receiver, rule};
use crate::shared::Shared;
use crate::support::{ledger::times, with_rules_in};

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
    let mut won = (0, 0);
    for number in 0..times(RACES, 25) {
        let asked = pending(&first, &format!("a-{number}")).await;
        let (yes, no) = join(
            follow(&first, &asked["approve_url"]),
            follow(&second, &asked["reject_url"]),
        )
        .await;
        let (winner, loser) = if yes.0 == 200 {
            (&yes, &no)
        } else {
            (&no, &yes)
        };
        assert_eq!(
            (winner.0.as_u16(), loser.0.as_u16()),
            (200, 410),
            "{yes:?} {no:?}"
        );
        let id = id_of(&asked);
        let found = second.get(&format!("/v1/approvals/{id}")).await.body;
        assert_eq!(found["status"], winner.1["status"], "{found}");
        assert_eq!(
            found["decisions"].as_array().map(Vec::len),
            Some(1),
            "{found}"
        );
        let approved = winner.1["status"] == "approved";
        let sent = first
            .get(&format!("/v1/actions/approval:{id}:action"))
            .await;
        assert_eq!(sent.status == 200, approved, "{}", sent.body);
        if approved {
            won.0 += 1;
        } else {
            won.1 += 1;
        }
        assert_eq!(
            Value::is_null(&winner.1["outcome"]),
            !approved,
            "{}",
            winner.1
        );
    }
    println!("approved {}, rejected {}", won.0, won.1);
    // A link is good at each gateway, whichever asked.
    let asked = pending(&first, "last").await;
    let (status, answer) = follow(&second, &asked["approve_url"]).await;
    assert_eq!(
        (status.as_u16(), &answer["status"]),
        (200, &json!("approved"))
    );
}
