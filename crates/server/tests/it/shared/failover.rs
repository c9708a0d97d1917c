//! Gateways that are stopped, in good order and otherwise, while others go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;

use super::{Fleet, Shared};
use crate::support::PATIENCE;
use crate::support::ledger::{Ledger, limit, nothing_is_open};
use crate::wechat::{configuration, local_wecom, text, unlimited};

const LEASE: u32 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_stopped_and_continued_writes_nothing_for_what_others_took_over() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let mut world = unlimited();
    world.settings.latency_ms = 100;
    let wecom = local_wecom(world).await;
    let fleet = Fleet::start(2, shared.lines(LEASE) + &configuration(&wecom, ""));
    let ledger = Arc::new(Ledger::default());
    for _ in 0..3 {
        let clients = ledger.load(16, &fleet.clients);
        ledger.wait_for_posts(100).await;
        fleet.process(0).signal("STOP");
        // The stopped one answers nobody: its clients go on when it does.
        let other = fleet.process(1).client().clone();
        let clients = async { ledger.stop(clients).await };
        let finished = nothing_is_open(
            &other,
            limit("ACTEON_STOPS", Duration::from_secs(u64::from(LEASE) + 5)),
        );
        let continued = async {
            println!("finished by the other after {:?}", finished.await);
            fleet.process(0).signal("CONT");
        };
        tokio::join!(clients, continued);
        nothing_is_open(
            &other,
            limit("ACTEON_STOPS", Duration::from_secs(u64::from(LEASE) + 5)),
        )
        .await;
        // It goes on under a new lease, and works.
        let again = ledger.load(
            4,
            &Arc::new(std::sync::Mutex::new(vec![
                fleet.process(0).client().clone(),
            ])),
        );
        ledger.wait_for_answers(20, PATIENCE).await;
        ledger.stop(again).await;
    }
    let report = ledger.check(&wecom, &fleet.client()).await;
    println!("three stops and continuations: {report:?}, 0 lost");
    assert!(
        report.twice > 0,
        "it stood still in the middle of sends: {report:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_fails_no_request_of_a_client_that_retries_once() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let wecom = local_wecom(unlimited()).await;
    let mut fleet = Fleet::start(3, shared.lines(LEASE) + &configuration(&wecom, ""));
    let stop = Arc::new(AtomicBool::new(false));
    let (answered, retried) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..16)
        .map(|client| {
            let (bases, stop) = (Arc::clone(&fleet.clients), Arc::clone(&stop));
            let (answered, retried) = (Arc::clone(&answered), Arc::clone(&retried));
            tokio::spawn(async move {
                for number in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let known = bases.lock().expect("a lock").clone();
                    let body = text(&format!("r-{client}-{number}")).to_string();
                    let post = async |gateway: usize| {
                        known[gateway % known.len()]
                            .try_send(Method::POST, "/v1/dispatch", Some(body.clone()), None)
                            .await
                    };
                    let answer = if let Ok(answer) = post(number).await {
                        answer
                    } else {
                        retried.fetch_add(1, Ordering::SeqCst);
                        post(number + 1)
                            .await
                            .expect("an answer of another gateway")
                    };
                    assert!(
                        answer.status.is_success(),
                        "{} {}",
                        answer.status,
                        answer.body
                    );
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    let answered_more = async || {
        let wanted = answered.load(Ordering::SeqCst) + 300;
        crate::support::until("nothing is answered", PATIENCE, async || {
            answered.load(Ordering::SeqCst) >= wanted
        })
        .await;
    };
    for _ in 0..2 {
        for place in 0..3 {
            answered_more().await;
            let leaving = fleet.take(place);
            let (code, _) = tokio::task::spawn_blocking(move || leaving.terminate())
                .await
                .expect("an end");
            assert_eq!(code, Some(0));
            fleet.revive(place);
        }
    }
    answered_more().await;
    stop.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.expect("no request failed");
    }
    println!(
        "six restarts: {} answered, {} retried, 0 failed",
        answered.load(Ordering::SeqCst),
        retried.load(Ordering::SeqCst)
    );
}
