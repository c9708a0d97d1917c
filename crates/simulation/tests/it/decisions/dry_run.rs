//! A dry run and the dispatch after it.

use std::time::Duration;

use acteon_core::{Outcome, Scope};
use acteon_simulation::harness::{SimulationConfig, SimulationHarness};
use acteon_store::Overage;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::{action, quota, silence};

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
    prop_assert_eq!(&said.would_be, came.as_str(), "{:?} {:?}", said, came);
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
