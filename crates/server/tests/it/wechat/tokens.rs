//! Access tokens under load and revocation.

use acteon_fakes::wecom::{Call, Fault};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{configuration, local_wecom, text, unlimited};
use crate::support::{Gateway, PATIENCE, action};

fn executed(outcomes: &[Value]) -> usize {
    outcomes
        .iter()
        .filter(|outcome| outcome["Executed"]["status"] == "success")
        .count()
}

async fn dispatch_all(gateway: &Gateway, prefix: &str, count: usize) -> Vec<Value> {
    let one =
        |number: usize| async move { gateway.dispatch(&text(&format!("{prefix}-{number}"))).await };
    join_all((0..count).map(one)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_first_dispatches_fetch_one_token() {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::start(&configuration(&wecom, "")).await;
    wecom.fault(Call::Gettoken, Fault::Delay(200), None);
    let outcomes = dispatch_all(&gateway, "a", 500).await;
    assert_eq!(executed(&outcomes), 500);
    assert_eq!(wecom.calls(Call::Gettoken), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_revoked_under_two_hundred_sends_costs_one_fetch() {
    for code in [40014, 42001] {
        let mut world = unlimited();
        world.settings.latency_ms = 50;
        let wecom = local_wecom(world).await;
        let gateway = Gateway::start(&configuration(&wecom, "")).await;
        // So many that the lane has opened and two hundred are in flight at once.
        dispatch_all(&gateway, "warm", 600).await;
        let sends_before = wecom.calls(Call::Send);
        // Looked at only after the revocation, however slow the machine is.
        wecom.fault(Call::Send, Fault::Delay(1000), Some(150));
        let revoke_in_flight = async {
            while wecom.calls(Call::Send) < sends_before + 150 {
                tokio::task::yield_now().await;
            }
            wecom.world(|world| world.revoke(1_000_002, code));
        };
        let (outcomes, ()) = tokio::join!(dispatch_all(&gateway, "a", 200), revoke_in_flight);
        assert_eq!(executed(&outcomes), 200, "{code}");
        assert_eq!(wecom.calls(Call::Gettoken), 2, "{code}");
        let sends = wecom.calls(Call::Send) - sends_before;
        assert!(sends > 200, "the revocation met sends in flight: {sends}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_complaint_about_the_old_token_fetches_nothing() {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::start(&configuration(&wecom, "")).await;
    gateway.dispatch(&text("warm")).await;
    // The first send is held back, looked at only after the second has replaced the token.
    wecom.fault(Call::Send, Fault::Delay(700), Some(1));
    let late = text("late");
    let held_back = gateway.dispatch(&late);
    let meanwhile = async {
        while wecom.calls(Call::Send) < 2 {
            tokio::task::yield_now().await;
        }
        wecom.world(|world| world.revoke(1_000_002, 42001));
        let outcome = gateway.dispatch(&text("second")).await;
        assert_eq!(outcome["Executed"]["status"], "success");
        assert_eq!(wecom.calls(Call::Gettoken), 2);
    };
    let (outcome, ()) = tokio::join!(held_back, meanwhile);
    assert_eq!(outcome["Executed"]["status"], "success");
    assert_eq!(
        wecom.calls(Call::Gettoken),
        2,
        "the newer token was not dropped"
    );
    assert_eq!(
        wecom.calls(Call::Send),
        5,
        "warm, late, second refused, second, late again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_sends_after_a_revocation_cost_one_fetch() {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::start(&configuration(&wecom, "")).await;
    gateway.dispatch(&text("warm")).await;
    wecom.world(|world| world.revoke(1_000_002, 40014));
    let outcomes = dispatch_all(&gateway, "a", 30).await;
    assert_eq!(executed(&outcomes), 30);
    assert_eq!(wecom.world(|world| world.counts().messages), 31);
    assert_eq!(wecom.calls(Call::Gettoken), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_providers_of_one_app_share_a_token() {
    let wecom = local_wecom(unlimited()).await;
    let both = format!(
        "{}{}",
        configuration(&wecom, ""),
        configuration(&wecom, "").replace("wechat-ops", "wechat-dev")
    );
    let gateway = Gateway::start(&both).await;
    let payload = serde_json::json!({ "touser": "@all", "content": "x" });
    for name in ["wechat-ops", "wechat-dev"] {
        let outcome = gateway.dispatch(&action(name, name, &payload)).await;
        assert_eq!(outcome["Executed"]["status"], "success", "{outcome}");
    }
    assert_eq!(wecom.calls(Call::Gettoken), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_lived_token_is_not_fetched_for_every_send() {
    let mut world = unlimited();
    world.settings.expires_in = 60;
    let wecom = local_wecom(world).await;
    let gateway = Gateway::start(&configuration(
        &wecom,
        "wechat.token_refresh_buffer_seconds = 300",
    ))
    .await;
    let outcomes = dispatch_all(&gateway, "a", 20).await;
    assert_eq!(executed(&outcomes), 20);
    assert_eq!(wecom.calls(Call::Gettoken), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_cannot_be_refreshed_early_stays_in_use() {
    let mut world = unlimited();
    world.settings.expires_in = 4;
    let wecom = local_wecom(world).await;
    let gateway = Gateway::start(&configuration(&wecom, "")).await;
    gateway.dispatch(&text("warm")).await;
    wecom.fault(Call::Gettoken, Fault::Errcode(-1), None);
    // Past half of its life the token is due for a refresh, which fails.
    while wecom.calls(Call::Gettoken) < 2 {
        let outcome = gateway
            .dispatch(&text(&format!("a{}", wecom.calls(Call::Send))))
            .await;
        assert_eq!(outcome["Executed"]["status"], "success", "{outcome}");
    }
    let outcome = gateway.dispatch(&text("last")).await;
    assert_eq!(outcome["Executed"]["status"], "success", "{outcome}");
    assert_eq!(wecom.calls(Call::Gettoken), 2, "the next try comes later");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_remembered() {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::start(&configuration(&wecom, "")).await;
    wecom.world(|world| world.apps[0].secret = "reset-by-somebody".into());
    let outcomes = dispatch_all(&gateway, "a", 50).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome["Failed"]["code"] == "CONFIGURATION"),
        "{outcomes:?}"
    );
    assert_eq!(
        wecom.calls(Call::Gettoken),
        1,
        "repeating it would get this address banned"
    );
    let message = outcomes[49]["Failed"]["message"]
        .as_str()
        .unwrap_or_default();
    assert!(
        message.contains("40001") && message.contains("Secret"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_good_serves_while_the_next_does_not_come() {
    let mut world = unlimited();
    world.settings.expires_in = 20;
    let wecom = local_wecom(world).await;
    let gateway = Gateway::start(&configuration(&wecom, "")).await;
    gateway.dispatch(&text("warm")).await;
    wecom.fault(Call::Gettoken, Fault::Delay(60_000), None);
    // Past half of its life the token is due for a refresh, which hangs.
    let mut sent = 0;
    while wecom.calls(Call::Gettoken) < 2 {
        sent += 1;
        let began = tokio::time::Instant::now();
        let outcome = gateway.dispatch(&text(&format!("a{sent}"))).await;
        assert_eq!(outcome["Executed"]["status"], "success", "{outcome}");
        assert!(
            began.elapsed() < std::time::Duration::from_secs(5),
            "who asks for the next waits for it: {:?}",
            began.elapsed()
        );
    }
    let began = tokio::time::Instant::now();
    for outcome in dispatch_all(&gateway, "b", 20).await {
        assert_eq!(outcome["Executed"]["status"], "success", "{outcome}");
        assert_eq!(
            outcome["Executed"]["headers"].get("possible_duplicate"),
            None,
            "{outcome}"
        );
    }
    assert!(
        began.elapsed() < std::time::Duration::from_secs(5),
        "nobody waited for the token: {:?}",
        began.elapsed()
    );
    assert_eq!(wecom.calls(Call::Gettoken), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_token_sends_nothing() {
    let wecom = local_wecom(unlimited()).await;
    let lines = format!(
        "retry.delays_seconds = [1]\nretry.max_retries = 0\n{}",
        configuration(&wecom, "wechat.timeout_seconds = 2")
    );
    let gateway = Gateway::start(&lines).await;
    wecom.fault(Call::Gettoken, Fault::Delay(60_000), Some(1));
    assert_eq!(
        gateway.final_outcome(&text("a")).await["Executed"]["status"],
        "success"
    );
    let view = gateway.get("/v1/actions/a").await.body;
    let first = (
        &view["history"][0]["error"]["code"],
        &view["possible_duplicate"],
    );
    assert_eq!(
        first,
        (&serde_json::json!("CONNECTION"), &serde_json::json!(false)),
        "{view}"
    );
    assert_eq!(wecom.calls(Call::Send), 1);
}

/// Alerts come faster than somebody repairs what refuses them, and each must not become a call.
#[tokio::test(flavor = "multi_thread")]
async fn any_final_refusal_is_remembered_for_a_moment() {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::start(&configuration(&wecom, "")).await;
    wecom.world(|world| world.apps[0].trusted_ips = Some(vec![]));
    let began = tokio::time::Instant::now();
    for number in 0..100 {
        let outcome = gateway.dispatch(&text(&format!("a-{number}"))).await;
        assert_eq!(
            (&outcome["Failed"]["code"], &outcome["Failed"]["retryable"]),
            (&json!("EXECUTION_FAILED"), &json!(false)),
            "{outcome}"
        );
    }
    let (calls, took) = (wecom.calls(Call::Gettoken), began.elapsed());
    assert!(
        calls <= 1 + took.as_secs() / 3,
        "{calls} calls within {took:?}"
    );
    wecom.world(|world| world.apps[0].trusted_ips = None);
    let give_up = tokio::time::Instant::now() + PATIENCE;
    for number in 0.. {
        if gateway
            .dispatch(&text(&format!("b-{number}")))
            .await
            .get("Executed")
            .is_some()
        {
            break;
        }
        assert!(tokio::time::Instant::now() < give_up, "it was repaired");
    }
}
