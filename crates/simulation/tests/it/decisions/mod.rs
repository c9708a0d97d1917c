//! Decisions over several gateways on one store, and what a dry run says of them.

mod dry_run;

use std::time::Duration;

use acteon_core::{Action, Outcome, Scope};
use acteon_gateway::{OverageSpec, Quota, Silence};
use acteon_rules::MatcherSpec;
use acteon_simulation::harness::{ActionOutcomeExt as _, SimulationConfig, SimulationHarness};
use acteon_store::Overage;
use futures_util::future::join_all;
use serde_json::{Value, json};

fn action(id: &str, payload: &Value, labels: &Value, dedup_key: Option<&str>) -> Action {
    let whole = json!({
        "id": id, "namespace": "incidents", "tenant": "acme", "provider": "log", "action_type": "notify", "payload": payload,
        "metadata": labels, "dedup_key": dedup_key, "created_at": "2026-01-01T00:00:00Z",
    });
    serde_json::from_str(&whole.to_string()).expect("an action")
}

fn plain(id: &str) -> Action {
    action(id, &json!({}), &json!({}), None)
}

fn quota(
    harness: &SimulationHarness,
    max_actions: u64,
    provider: Option<&str>,
    overage: Overage,
) -> Quota {
    use acteon_core::Clock as _;
    let now = harness.clock().now();
    Quota {
        id: String::new(),
        namespace: "incidents".into(),
        tenant: "acme".into(),
        provider: provider.map(str::to_owned),
        principal: None,
        per_principal: false,
        max_actions,
        window: serde_json::from_value(json!("daily")).expect("a window"),
        overage_behavior: OverageSpec(overage),
        enabled: true,
        description: None,
        labels: std::collections::BTreeMap::new(),
        created_at: now,
        updated_at: now,
    }
}

fn silence(harness: &SimulationHarness, name: &str, value: &str) -> Silence {
    use acteon_core::Clock as _;
    let now = harness.clock().now();
    Silence {
        id: String::new(),
        namespace: "incidents".into(),
        tenant: "acme".into(),
        matchers: vec![MatcherSpec {
            name: name.into(),
            value: value.into(),
            op: acteon_rules::MatchOp::Equal,
        }],
        starts_at: now,
        ends_at: now + Duration::from_hours(1),
        created_by: String::new(),
        comment: String::new(),
        created_at: now,
        updated_at: now,
        deleted_at: None,
    }
}

#[tokio::test]
async fn sixty_four_clients_of_three_gateways_leave_exactly_a_quota() {
    let config = SimulationConfig::builder()
        .nodes(3)
        .add_recording_provider("log")
        .build();
    let harness = SimulationHarness::start(config)
        .await
        .expect("a simulation");
    let gateway = |node: usize| harness.node(node).expect("a node").gateway();
    let made = gateway(0)
        .create_quota(quota(&harness, 1000, None, Overage::Block))
        .await
        .expect("a quota");
    harness
        .advance(Duration::from_secs(1))
        .await
        .expect("a second");
    let harness = &harness;
    let clients = (0..64).map(|client| async move {
        let mut went = 0;
        for number in (client..10_000).step_by(64) {
            let outcome = harness
                .dispatch_to(number % 3, &plain(&format!("a{number}")))
                .await
                .expect("an outcome");
            went += usize::from(matches!(outcome, Outcome::Executed(_)));
        }
        went
    });
    let went: usize = join_all(clients).await.into_iter().sum();
    let sent = harness.provider("log").expect("it is there").call_count();
    let used = gateway(1)
        .quota_usage(&made, "")
        .await
        .expect("the usage")
        .used;
    assert_eq!((went, sent, used), (1000, 1000, 1000));
}

#[tokio::test]
async fn a_change_on_one_gateway_holds_on_the_others_within_a_second() {
    let rules =
        "rules: [{name: r, condition: 'action.payload.no == true', action: {type: suppress}}]";
    let config = SimulationConfig::builder()
        .nodes(3)
        .add_recording_provider("log")
        .add_rule_yaml(rules)
        .build();
    let harness = SimulationHarness::start(config)
        .await
        .expect("a simulation");
    let gateway = |node: usize| harness.node(node).expect("a node").gateway();
    let made = gateway(0)
        .create_silence(silence(&harness, "team", "pay"))
        .await
        .expect("a silence");
    gateway(1)
        .set_rule_enabled("r", false)
        .await
        .expect("switched");
    harness
        .advance(Duration::from_secs(1))
        .await
        .expect("a second");
    for node in 0..3 {
        let quiet = action(
            &format!("a{node}"),
            &json!({}),
            &json!({ "team": "pay" }),
            None,
        );
        let outcome = harness.dispatch_to(node, &quiet).await.expect("an outcome");
        assert!(
            matches!(&outcome, Outcome::Silenced { silence_id, .. } if *silence_id == made.id),
            "{outcome:?}"
        );
        let allowed = action(
            &format!("b{node}"),
            &json!({ "no": true }),
            &json!({}),
            None,
        );
        harness
            .dispatch_to(node, &allowed)
            .await
            .expect("an outcome")
            .assert_executed();
    }
    gateway(2)
        .expire_silence(&Scope::everything(), &made.id)
        .await
        .expect("ended");
    harness
        .advance(Duration::from_secs(1))
        .await
        .expect("a second");
    for node in 0..3 {
        let quiet = action(
            &format!("c{node}"),
            &json!({}),
            &json!({ "team": "pay" }),
            None,
        );
        harness
            .dispatch_to(node, &quiet)
            .await
            .expect("an outcome")
            .assert_executed();
    }
}

#[tokio::test]
async fn a_dead_letter_gives_its_place_and_key_back() {
    let rules =
        "rules: [{name: once, condition: 'has(action.dedup_key)', action: {type: deduplicate}}]";
    let failing = acteon_simulation::harness::FailingProvider::execution_failed();
    let config = SimulationConfig::builder()
        .add_provider("log", std::sync::Arc::new(failing))
        .add_rule_yaml(rules)
        .build();
    let harness = SimulationHarness::start(config)
        .await
        .expect("a simulation");
    let gateway = harness.node(0).expect("a node").gateway();
    let made = gateway
        .create_quota(quota(&harness, 2, None, Overage::Block))
        .await
        .expect("a quota");
    for number in 0..5 {
        let outcome = harness
            .dispatch(&action(
                &format!("a{number}"),
                &json!({}),
                &json!({}),
                Some("k"),
            ))
            .await
            .expect("an outcome");
        assert_eq!(outcome.assert_failed(), "EXECUTION_FAILED");
    }
    assert_eq!(
        gateway
            .quota_usage(&made, "")
            .await
            .expect("the usage")
            .used,
        0
    );
}

#[tokio::test]
async fn the_journal_forgets_by_age_and_tenant_and_keeps_what_is_open() {
    let retention = acteon_gateway::RetentionPolicy {
        default: Duration::from_mins(10),
        tenants: vec![("slow".into(), Duration::from_hours(9))],
    };
    let failing = acteon_simulation::harness::FailingProvider::connection_error();
    let config = SimulationConfig::builder()
        .add_recording_provider("log")
        .add_provider("down", std::sync::Arc::new(failing))
        .retention(retention);
    let harness = SimulationHarness::start(config.build())
        .await
        .expect("a simulation");
    let gateway = harness.node(0).expect("a node").gateway();
    let mut short = silence(&harness, "team", "nobody");
    short.ends_at = short.starts_at + Duration::from_mins(5);
    gateway.create_silence(short).await.expect("a silence");
    let mut long = silence(&harness, "team", "nobody");
    long.ends_at = long.starts_at + Duration::from_hours(9);
    gateway.create_silence(long).await.expect("a silence");
    for (id, tenant, provider) in [
        ("old", "acme", "log"),
        ("kept", "slow", "log"),
        ("open", "acme", "down"),
        ("newest", "acme", "log"),
    ] {
        let mut posted = plain(id);
        posted.tenant = acteon_core::Tenant::parse(tenant).expect("a name");
        posted.provider = acteon_core::ProviderName::parse(provider).expect("a name");
        harness.dispatch(&posted).await.expect("an outcome");
    }
    let found = async |id: &str| {
        let id = acteon_core::ActionId::parse(id).expect("an id");
        !gateway
            .find(&Scope::everything(), &id)
            .await
            .expect("a look")
            .is_empty()
    };
    // A run that real disks hold up goes by the time at which it began: what came of age meanwhile is left to the next one.
    harness
        .advance(Duration::from_mins(59))
        .await
        .expect("almost an hour");
    let mut minutes = 0;
    let silences = || gateway.silences(&Scope::everything(), true).len();
    while (found("old").await || silences() > 1) && minutes < 30 {
        harness
            .advance(Duration::from_mins(1))
            .await
            .expect("a minute");
        minutes += 1;
    }
    let mut left = Vec::new();
    for id in ["old", "kept", "open", "newest"] {
        if found(id).await {
            left.push(id);
        }
    }
    assert_eq!(
        left,
        ["kept", "open", "newest"],
        "the newest row stays, so that positions go on"
    );
    assert_eq!(silences(), 1, "a silence is kept as long as the journal");
}
