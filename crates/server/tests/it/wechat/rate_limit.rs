//! Sends against limits, and what is shown of them.

use std::time::Duration;

use acteon_fakes::wecom::{Call, LocalWecom, RateLimit};
use futures_util::future::join_all;
use serde_json::Value;

use super::{configuration, local_wecom, text, unlimited};
use crate::support::Gateway;

#[tokio::test(flavor = "multi_thread")]
async fn a_limited_lane_delivers_everything_at_the_permitted_pace() {
    let mut world = unlimited();
    world.settings.rate_limit = Some(RateLimit {
        calls: 20,
        window_ms: 1000,
        penalty_ms: 0,
    });
    let wecom = local_wecom(world).await;
    let gateway = Gateway::start(&configuration(&wecom, "")).await;
    let started = tokio::time::Instant::now();
    let actions: Vec<_> = (0..1000)
        .map(|number| text(&format!("a-{number}")))
        .collect();
    for outcome in join_all(actions.iter().map(|action| gateway.dispatch(action))).await {
        assert!(
            outcome.get("Executed").is_some() || outcome.get("Scheduled").is_some(),
            "{outcome}"
        );
    }
    let outcomes = join_all(actions.iter().map(|action| gateway.final_outcome(action))).await;
    let took = started.elapsed();
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome["Executed"]["status"] == "success")
    );
    let (messages, refused) = wecom.world(|world| {
        let distinct: std::collections::BTreeSet<String> = world
            .messages()
            .map(|message| message.content.to_string())
            .collect();
        assert_eq!(distinct.len(), 1000, "none lost");
        (
            world.counts().messages,
            world.counts().refused.get(&45009).copied().unwrap_or(0),
        )
    });
    assert_eq!(messages, 1000, "none twice");
    let calls = wecom.calls(Call::Send);
    println!("1000 sends at 20 a second: {took:?}, {refused} of {calls} calls refused");
    assert!(refused * 20 < calls, "{refused} of {calls} calls refused");
    // The permitted pace is 50 s; the rest is finding it out, on a machine that may be busy. A count of the virtual kind would need the
    // server's clock.
    assert!(took < Duration::from_secs(100), "{took:?}");
}

/// A gateway whose lane is paused by the action "a-1", the service that refused it, and the lane.
async fn with_a_paused_lane() -> (LocalWecom, Gateway, Value) {
    let mut world = unlimited();
    world.settings.rate_limit = Some(RateLimit {
        calls: 0,
        window_ms: 60_000,
        penalty_ms: 0,
    });
    let wecom = local_wecom(world).await;
    let gateway = Gateway::start(&configuration(&wecom, "")).await;
    assert!(
        gateway
            .dispatch(&text("a-1"))
            .await
            .get("Scheduled")
            .is_some()
    );
    let paused = |body: &Value| {
        body["lanes"][0]["state"] == "paused"
            && body["lanes"][0]["next_probe_in_seconds"].as_f64() > Some(1.5)
    };
    let lanes = gateway.until("/admin/lanes", paused).await;
    let lane = lanes["lanes"][0].clone();
    (wecom, gateway, lane)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_lane_is_shown_with_its_reason() {
    let (_wecom, gateway, lane) = with_a_paused_lane().await;
    assert!(
        lane["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("45009")),
        "{lane}"
    );
    let health = gateway.get("/v1/providers/health").await.body;
    let health = &health["providers"][0];
    assert_eq!(
        (
            health["healthy"].as_bool(),
            health["code"].as_str(),
            health["retryable"].as_bool()
        ),
        (Some(false), Some("RATE_LIMITED"), Some(true))
    );
    assert_eq!(health["lane"]["name"], lane["name"]);
    let Value::String(metrics) = gateway.get("/metrics").await.body else {
        panic!("metrics are text")
    };
    let name = lane["name"].as_str().expect("a name");
    for line in [
        "acteon_lane_paused",
        "acteon_lane_next_probe_seconds",
        "acteon_lane_max_per_second",
        "acteon_lane_more_in_store",
    ] {
        assert!(
            metrics
                .lines()
                .any(|found| found.starts_with(&format!("{line}{{lane=\"{name}\"}} "))),
            "{line} in {metrics}"
        );
    }
    assert!(
        metrics.contains(&format!("acteon_lane_paused{{lane=\"{name}\"}} 1")),
        "{metrics}"
    );
    let met = format!(
        "acteon_lane_pauses_total{{lane=\"{name}\",code=\"RATE_LIMITED\",reason=\"rate\"}} "
    );
    assert!(metrics.contains(&met), "{met} in {metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_lane_can_be_reset() {
    let (wecom, gateway, lane) = with_a_paused_lane().await;
    let name = lane["name"].as_str().expect("a name");
    wecom.world(|world| world.settings.rate_limit = None);
    let path = format!("/admin/lanes/{}/reset", name.replace('/', "%2F"));
    let reset = gateway.post(&path, &Value::Null).await;
    assert_eq!(
        (reset.status.as_u16(), reset.body["state"].as_str()),
        (200, Some("open")),
        "{}",
        reset.body
    );
    assert!(
        gateway
            .dispatch(&text("a-2"))
            .await
            .get("Executed")
            .is_some(),
        "it goes at once"
    );
    assert_eq!(
        gateway.final_outcome(&text("a-1")).await["Executed"]["status"],
        "success"
    );
    assert_eq!(
        gateway
            .post("/admin/lanes/nope/reset", &Value::Null)
            .await
            .status
            .as_u16(),
        404
    );
}
