//! Decisions over several gateways on one store, and what a dry run says of them.

use std::time::Duration;

use acteon_core::{Action, Outcome, Scope};
use acteon_gateway::{OverageSpec, Quota, Silence};
use acteon_rules::MatcherSpec;
use acteon_simulation::harness::{ActionOutcomeExt as _, SimulationConfig, SimulationHarness};
use acteon_store::Overage;
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
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
    let keep = acteon_gateway::Keep {
        default: Duration::from_mins(10),
        tenants: vec![("slow".into(), Duration::from_hours(9))],
    };
    let failing = acteon_simulation::harness::FailingProvider::connection_error();
    let config = SimulationConfig::builder()
        .add_recording_provider("log")
        .add_provider("down", std::sync::Arc::new(failing))
        .keep(keep);
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

/// Rules, silences and quotas at random.
#[derive(Clone, Debug)]
struct World {
    rules: Vec<Value>,
    silences: Vec<(&'static str, &'static str)>,
    quotas: Vec<(Option<&'static str>, u64, u8)>,
    actions: Vec<Posted>,
}

#[derive(Clone, Debug)]
struct Posted {
    id: u8,
    kind: &'static str,
    team: &'static str,
    key: Option<&'static str>,
    /// Hours after the beginning.
    expires: Option<u8>,
}

/// It is muted by the first, and by the second outside; the third is over, and the fourth never ends.
const INTERVALS: &str = r#"[{"name":"i0","time_ranges":[{"times":[{"start":"00:00","end":"03:00"}]}]},
    {"name":"i1","time_ranges":[{"times":[{"start":"02:00","end":"05:00"}]}]},
    {"name":"i2","time_ranges":[{"years":[{"start":2020,"end":2021}]}]},
    {"name":"i3","on_mute":"postpone","time_ranges":[{"years":[{"start":1,"end":9999}]}]}]"#;

fn world() -> impl Strategy<Value = World> {
    let word = || prop_oneof![Just("a"), Just("b"), Just("c")];
    let condition = prop_oneof![
        word().prop_map(|value| format!("action.payload.kind == '{value}'")),
        word().prop_map(|value| format!("action.metadata.team != '{value}'")),
        Just("action.payload.kind > 5".to_owned()),
        Just("has(action.dedup_key)".to_owned()),
    ];
    let verdict = prop_oneof![
        Just(json!({ "type": "allow" })),
        Just(json!({ "type": "suppress" })),
        Just(json!({ "type": "deduplicate", "ttl_seconds": 600 })),
        Just(json!({ "type": "reroute", "target_provider": "other" })),
        Just(json!({ "type": "throttle", "max_count": 1, "window_seconds": 60 })),
        Just(json!({ "type": "modify", "changes": { "content": "{{ action.payload.kind }}" } })),
    ];
    let silence = (
        prop_oneof![
            Just("team"),
            Just("action.provider"),
            Just("action.payload.kind")
        ],
        prop_oneof![Just("a"), Just("other")],
    );
    let quota = (
        prop_oneof![Just(None), Just(Some("log")), Just(Some("other"))],
        0u64..3,
        0u8..4,
    );
    let expires =
        prop_oneof![3 => Just(None), 1 => Just(Some(0u8)), 1 => Just(Some(1)), 1 => Just(Some(4))];
    let posted = (
        0u8..6,
        word(),
        word(),
        prop_oneof![Just(None), Just(Some("k"))],
        expires,
    );
    let posted = posted.prop_map(|(id, kind, team, key, expires)| Posted {
        id,
        kind,
        team,
        key,
        expires,
    });
    let muting = (
        prop_oneof![2 => Just(None), 1 => Just(Some("mute")), 1 => Just(Some("active"))],
        0u8..4,
        prop_oneof![Just(None), Just(Some("drop")), Just(Some("postpone"))],
    );
    let rule =
        (condition, verdict, muting).prop_map(|(condition, verdict, (muting, number, on_mute))| {
            let mut rule = json!({ "condition": condition, "action": verdict });
            if let Some(muting) = muting {
                rule[format!("{muting}_time_intervals")] = json!([format!("i{number}")]);
                if let Some(on_mute) = on_mute {
                    rule["on_mute"] = json!(on_mute);
                }
            }
            rule
        });
    (
        proptest::collection::vec(rule, 0..4),
        proptest::collection::vec(silence, 0..2),
        proptest::collection::vec(quota, 0..3),
        proptest::collection::vec(posted, 1..8),
    )
        .prop_map(|(rules, silences, quotas, actions)| World {
            rules,
            silences,
            quotas,
            actions,
        })
}

async fn check(world: World) -> Result<(), TestCaseError> {
    let mut listed = world.rules.clone();
    listed
        .iter_mut()
        .enumerate()
        .for_each(|(number, rule)| rule["name"] = json!(format!("r{number}")));
    let intervals: Value = serde_json::from_str(INTERVALS).expect("JSON");
    let rules = json!({ "rules": listed, "time_intervals": intervals }).to_string();
    let config = SimulationConfig::builder()
        .add_recording_providers(&["log", "other"])
        .add_rule_yaml(&rules)
        .build();
    let harness = SimulationHarness::start(config)
        .await
        .expect("a simulation");
    let gateway = harness.node(0).expect("a node").gateway();
    for (name, value) in &world.silences {
        gateway
            .create_silence(silence(&harness, name, value))
            .await
            .expect("a silence");
    }
    for (provider, max_actions, overage) in &world.quotas {
        let other = acteon_core::ProviderName::parse("other").expect("a name");
        let overage = [
            Overage::Block,
            Overage::Warn,
            Overage::Degrade(other.clone()),
            Overage::Notify(other),
        ][usize::from(*overage)]
        .clone();
        // A second quota of one kind is refused.
        drop(
            gateway
                .create_quota(quota(&harness, *max_actions, *provider, overage))
                .await,
        );
    }
    for posted in &world.actions {
        compare(&harness, posted).await?;
    }
    harness.teardown().await;
    Ok(())
}

/// Asks what a dispatch would come to, and dispatches.
async fn compare(harness: &SimulationHarness, posted: &Posted) -> Result<(), TestCaseError> {
    use acteon_core::Clock as _;
    let Posted {
        id,
        kind,
        team,
        key,
        expires,
    } = posted;
    let mut action = action(
        &format!("a{id}"),
        &json!({ "kind": kind }),
        &json!({ "team": team }),
        *key,
    );
    // Times count from the beginning, and the clock stands still.
    action.expires_at =
        expires.map(|hours| harness.clock().now() + Duration::from_hours(hours.into()));
    let Outcome::DryRun(said) = harness.dispatch_dry_run(&action).await.expect("a dry run") else {
        panic!("a dry run")
    };
    let came = match harness.dispatch(&action).await {
        Ok(came) => came,
        Err(error) => {
            prop_assert_eq!(
                (
                    said.would_be.as_str(),
                    said.refusal.as_ref().map(|refusal| refusal.message.clone())
                ),
                ("refused", Some(error.to_string()))
            );
            return Ok(());
        }
    };
    prop_assert_eq!(&said.would_be, came.tag(), "{:?} {:?}", said, came);
    let through = match &came {
        Outcome::Rerouted { new_provider, .. } => Some(new_provider.as_str()),
        Outcome::Executed(_) => Some("log"),
        _ => None,
    };
    prop_assert!(
        through.is_none_or(|through| through == said.would_be_provider.as_str()),
        "{:?} {:?}",
        said,
        came
    );
    if let Some(foretold) = &said.outcome {
        prop_assert_eq!(
            serde_json::to_value(foretold).expect("JSON"),
            serde_json::to_value(&came).expect("JSON")
        );
    }
    let gateway = harness.node(0).expect("a node").gateway();
    let view = gateway
        .find(&Scope::everything(), &action.id)
        .await
        .expect("found")
        .pop()
        .expect("the action");
    prop_assert_eq!(
        (&view.verdict, view.matched_rule.as_deref()),
        (&said.verdict, said.matched_rule.as_deref())
    );
    Ok(())
}

#[test]
fn a_dry_run_names_what_the_dispatch_then_does() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let mut runner = TestRunner::new(Config {
        cases: 128,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&world(), |world| runtime.block_on(check(world)))
        .unwrap_or_else(|error| panic!("{error}"));
}
