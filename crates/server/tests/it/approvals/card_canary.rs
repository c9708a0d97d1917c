//! Codes, keys and signatures of cards and callbacks are nowhere: not in the log at its finest, not in answers or the database.

use super::cards::{AES_KEY, TOKEN, arrived, call_back, lines, press, rules, says};
use super::{deploy, id_of};
use crate::support::{Process, with_rules_in};
use crate::wechat::canary::{has_none_of, places};
use crate::wechat::{local_wecom, unlimited};
use acteon_fakes::wecom::{Click, Say};

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_loop_at_trace_leaves_no_code_anywhere() {
    let wecom = local_wecom(unlimited()).await;
    let (folder, kept) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    let lines = with_rules_in(
        &kept,
        &rules("approvers: [zhang, lisi], quorum: 2"),
        &lines(&wecom, ""),
    );
    let process = Process::start(folder.path(), &lines, &[("RUST_LOG", "trace")]);
    let client = process.client().clone();
    call_back(&wecom, client.base());
    let outcome = client.dispatch(&deploy("a")).await;
    let id = id_of(&outcome["PendingApproval"]);
    let mut answers = outcome.to_string();
    let (first, second) = (
        arrived(&wecom, &id, "zhangsan").await,
        arrived(&wecom, &id, "lisi").await,
    );
    press(&wecom, &first, "zhangsan", "approve").await;
    says(&wecom, &id, "zhangsan", "您已同意").await;
    press(&wecom, &second, "lisi", "approve").await;
    says(&wecom, &id, "lisi", "Approved by Zhang San, lisi").await;
    let said = Say {
        agent_id: 1_000_002,
        userid: "lisi".to_owned(),
        text: "CANARY what a member wrote".to_owned(),
        ..Say::default()
    };
    wecom.say(&said).await.expect("it is said");
    // What cannot be verified repeats nothing either.
    wecom.world(|world| world.apps[0].callback_token = Some("AnotherTok3n".to_owned()));
    let forged = Click {
        task_id: Some(second),
        userid: "lisi".to_owned(),
        key: "reject".to_owned(),
        stale: true,
        ..Click::default()
    };
    wecom.click(&forged).await.expect("it is there to press");
    for path in [
        "/v1/audit",
        "/v1/audit/export",
        "/v1/dlq",
        "/metrics",
        "/v1/approvals",
        "/v1/providers/health",
    ] {
        answers += &client.get(path).await.body.to_string();
    }
    let (code, rest) = process.terminate();
    assert_eq!(code, Some(0));
    let codes = wecom.world(|world| world.response_codes());
    let codes = codes.iter().flat_map(|card| &card.codes);
    let mut secrets: Vec<String> = codes.map(|code| code.response_code.clone()).collect();
    assert!(secrets.len() >= 4, "{secrets:?}");
    secrets
        .extend([TOKEN, AES_KEY, "AnotherTok3n", "CANARY what a member wrote"].map(str::to_owned));
    let said = [
        ("answers".to_owned(), answers.into_bytes()),
        ("standard output".to_owned(), rest.into_bytes()),
    ];
    let places = places(folder.path()).await;
    for (place, content) in said.iter().chain(&places) {
        has_none_of(&secrets, place, content);
        let text = String::from_utf8_lossy(content);
        assert!(!text.contains("msg_signature="), "in {place}");
    }
    assert!(places.len() > 1, "a log and a database");
}
