//! Tests of calls over HTTP, against a server that answers with what it is given.

use crate::card::{CardChange, CardRecipients, CardUpdate};
use crate::error::Reason;
use crate::test_server::{OK, Received, T1, T2, serve};

fn update() -> CardUpdate {
    CardUpdate {
        recipients: CardRecipients::Everybody,
        agentid: 1_000_002,
        response_code: "RC_1".into(),
        change: CardChange::Button {
            replace_name: "已批准".into(),
        },
    }
}

#[tokio::test]
async fn an_update_says_whose_card_did_not_change() {
    let (app, calls) = serve(&[
        T1,
        r#"{"errcode":0,"errmsg":"ok","invaliduser":["lisi","wangwu"]}"#,
        r#"{"errcode":0,"errmsg":"ok","invaliduser":"lisi|"}"#,
        OK,
    ]);
    let body = update().to_bytes();
    for expected in [&["lisi", "wangwu"][..], &["lisi"], &[]] {
        let updated = app.update_card(&body).await.expect("an update");
        assert_eq!(updated.invaliduser, expected);
        assert_eq!(updated.errmsg, "ok");
    }
    let calls: Vec<Received> = calls.try_iter().collect();
    assert_eq!(
        calls[1],
        (
            "/cgi-bin/message/update_template_card?access_token=t0ken-1".to_owned(),
            r#"{"atall":1,"agentid":1000002,"response_code":"RC_1","button":{"replace_name":"已批准"}}"#.to_owned()
        )
    );
}

#[tokio::test]
async fn a_call_with_a_refused_token_is_made_once_more() {
    let (app, calls) = serve(&[
        T1,
        r#"{"errcode":42001,"errmsg":"access_token expired"}"#,
        T2,
        OK,
    ]);
    app.recall("m-1").await.expect("a recall");
    let calls: Vec<Received> = calls.try_iter().collect();
    let recall = |token: &str| {
        (
            format!("/cgi-bin/message/recall?access_token={token}"),
            r#"{"msgid":"m-1"}"#.to_owned(),
        )
    };
    assert_eq!(calls[1], recall("t0ken-1"));
    assert_eq!(calls[3], recall("t0ken-2"));

    let (app, _calls) = serve(&[
        T1,
        r#"{"errcode":42001,"errmsg":"access_token expired"}"#,
        T2,
        r#"{"errcode":40014,"errmsg":"invalid access_token"}"#,
    ]);
    let error = app.recall("m-1").await.expect_err("refused twice");
    assert!(matches!(
        error.reason,
        Reason::TokenRefusedTwice { code: 40014, .. }
    ));
}

#[tokio::test]
async fn a_call_that_fails_says_what_to_do() {
    let (app, _calls) = serve(&[
        T1,
        r#"{"errcode":60140,"errmsg":"invalid response_code, hint: [1700000000_1_abc]"}"#,
        r#"{"errcode":42052,"errmsg":"msgid expired"}"#,
        r#"{"errmsg":"ok"}"#,
    ]);
    let used = app
        .update_card(&update().to_bytes())
        .await
        .expect_err("used");
    assert_eq!((used.code(), used.maybe_sent()), (Some(60140), false));
    assert!(
        used.advice().contains("use the newest"),
        "{}",
        used.advice()
    );
    let shown = format!("{used} {used:?}");
    assert!(
        !shown.contains("RC_1") && !shown.contains("t0ken"),
        "{shown}"
    );
    let old = app.recall("m-1").await.expect_err("too old");
    assert_eq!((old.code(), old.maybe_sent()), (Some(42052), false));
    let unclear = app.recall("m-1").await.expect_err("no errcode");
    assert!(matches!(unclear.reason, Reason::Unreadable(_)) && unclear.maybe_sent());
}

#[tokio::test]
async fn a_response_code_is_not_shown() {
    let (app, _calls) = serve(&[
        T1,
        r#"{"errcode":0,"errmsg":"ok","msgid":"m-1","response_code":"RC_s3cret"}"#,
    ]);
    let sent = app.send(b"{}").await.expect("a send");
    assert_eq!(sent.response_code, "RC_s3cret");
    let shown = format!("{sent:?}");
    assert!(
        shown.contains("m-1") && !shown.contains("s3cret"),
        "{shown}"
    );
}
