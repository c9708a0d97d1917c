//! Waiting for an access token is no send: who dies over it, or stops, leaves no doubt about what waited.

use std::path::Path;

use acteon_fakes::wecom::{Call, Fault, LocalWecom};

use super::{configuration, local_wecom, text, unlimited};
use crate::support::{Client, PATIENCE, Process, store_lines};

const POSTED: usize = 200;

async fn until_more_tokens_are_asked_for(wecom: &LocalWecom, than: u64) {
    let give_up = tokio::time::Instant::now() + 2 * PATIENCE;
    while wecom.calls(Call::Gettoken) <= than {
        assert!(
            tokio::time::Instant::now() < give_up,
            "no token was asked for"
        );
        tokio::task::yield_now().await;
    }
}

async fn post_all(client: &Client) {
    for number in 0..POSTED {
        let answer = client
            .post_preferring(
                "/v1/dispatch",
                &text(&format!("a{number}")),
                "respond-async",
            )
            .await;
        assert_eq!(answer.status.as_u16(), 202, "{}", answer.body);
    }
}

/// Everything is sent once, and nobody is told that it may have been sent before.
async fn all_is_sent_once(wecom: &LocalWecom, client: &Client) {
    for number in 0..POSTED {
        let path = format!("/v1/actions/a{number}");
        let view = client
            .until(&path, |view| {
                view["state"] == "done" || view["state"] == "dead"
            })
            .await;
        let found = (
            view["state"].as_str(),
            view["possible_duplicate"].as_bool(),
            view["takeovers"].as_u64(),
        );
        assert_eq!(found, (Some("done"), Some(false), Some(0)), "{view}");
    }
    let arrived = wecom.world(|world| {
        world
            .messages()
            .filter(|message| message.content["content"] != "message warm")
            .count()
    });
    assert_eq!(arrived, POSTED);
}

#[tokio::test(flavor = "multi_thread")]
async fn deaths_over_a_token_count_for_nothing() {
    for fault in [Fault::Delay(600_000), Fault::Status(503)] {
        let mut world = unlimited();
        world.settings.latency_ms = 200;
        let wecom = local_wecom(world).await;
        wecom.fault(Call::Gettoken, fault, None);
        let configuration = format!("retry.delays_seconds = [1]\n{}", configuration(&wecom, ""));
        let folder = tempfile::tempdir().expect("a folder");
        for life in 1..=3 {
            let before = wecom.calls(Call::Gettoken);
            let process = Process::start(folder.path(), &configuration, &[]);
            if life == 1 {
                post_all(process.client()).await;
            }
            until_more_tokens_are_asked_for(&wecom, before).await;
            process.kill();
        }
        wecom.world(|world| world.settings.latency_ms = 0);
        wecom.clear_faults();
        let process = Process::start(folder.path(), &configuration, &[]);
        all_is_sent_once(&wecom, process.client()).await;
    }
}

/// A token that outlives its process may have been revoked meanwhile. Whose send is refused with it has arrived nowhere, and waits for the next like others.
#[tokio::test(flavor = "multi_thread")]
async fn deaths_after_a_token_was_refused_count_for_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    if !store_lines(folder.path()).is_empty() {
        return;
    }
    let wecom = local_wecom(unlimited()).await;
    let configuration = configuration(&wecom, "");
    let keys = acteon_crypto::KeyRing::generate().expect("a key");
    let variables = [("ACTEON_AUTH_KEY", keys.as_str())];
    let process = Process::start(folder.path(), &configuration, &variables);
    assert_eq!(
        process.client().dispatch(&text("warm")).await["Executed"]["status"],
        "success"
    );
    process.kill();
    wecom.world(|world| world.revoke(1_000_002, 42001));
    wecom.fault(Call::Gettoken, Fault::Delay(600_000), None);
    for life in 1..=3 {
        let (fetches, sends) = (wecom.calls(Call::Gettoken), wecom.calls(Call::Send));
        let process = Process::start(folder.path(), &configuration, &variables);
        if life == 1 {
            post_all(process.client()).await;
        }
        until_more_tokens_are_asked_for(&wecom, fetches).await;
        assert!(
            wecom.calls(Call::Send) > sends,
            "the token was refused, and not forgotten"
        );
        until_nothing_is_marked(folder.path()).await;
        process.kill();
    }
    wecom.clear_faults();
    let before = wecom.calls(Call::Send);
    let process = Process::start(folder.path(), &configuration, &variables);
    all_is_sent_once(&wecom, process.client()).await;
    assert!(wecom.calls(Call::Send) > before);
}

/// Waits until the store takes nothing to be on its way. Nobody sends without a token, so that stays.
async fn until_nothing_is_marked(folder: &Path) {
    let database = rusqlite::Connection::open(folder.join("acteon.db")).expect("the database");
    let give_up = tokio::time::Instant::now() + PATIENCE;
    loop {
        let marked: i64 = database
            .query_row("SELECT count(*) FROM jobs WHERE in_flight = 1", [], |row| {
                row.get(0)
            })
            .expect("a count");
        if marked == 0 {
            return;
        }
        assert!(tokio::time::Instant::now() < give_up, "{marked} are marked");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_no_token() {
    let wecom = local_wecom(unlimited()).await;
    wecom.fault(Call::Gettoken, Fault::Delay(600_000), None);
    let configuration = configuration(&wecom, "");
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(folder.path(), &configuration, &[]);
    post_all(process.client()).await;
    until_more_tokens_are_asked_for(&wecom, 0).await;
    let began = tokio::time::Instant::now();
    let (code, _) = process.terminate();
    let took = began.elapsed();
    assert!(
        code == Some(0) && took < std::time::Duration::from_secs(5),
        "{code:?} after {took:?}"
    );
    wecom.clear_faults();
    let process = Process::start(folder.path(), &configuration, &[]);
    all_is_sent_once(&wecom, process.client()).await;
}
