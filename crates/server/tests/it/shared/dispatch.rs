//! One action, whichever gateway it is posted to.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::json;

use super::Shared;
use crate::wechat::{configuration, local_wecom, text, unlimited};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_posted_to_three_gateways_at_once_is_sent_once() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let mut world = unlimited();
    world.settings.latency_ms = 30;
    let wecom = local_wecom(world).await;
    let configuration = configuration(&wecom, "");
    let gateways = join_all((0..3).map(|_| shared.gateway(&configuration))).await;
    let actions: Vec<_> = (0..100)
        .map(|number| text(&format!("a-{number}")))
        .collect();
    let posts = actions.iter().flat_map(|action| {
        gateways
            .iter()
            .map(move |gateway| gateway.final_outcome(action))
    });
    let outcomes = join_all(posts).await;
    for of_one in outcomes.chunks(3) {
        assert_eq!(of_one[0]["Executed"]["status"], "success", "{of_one:?}");
        assert!(
            of_one.iter().all(|outcome| *outcome == of_one[0]),
            "the same answer from each: {of_one:?}"
        );
    }
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    wecom.world(|world| {
        world
            .messages()
            .for_each(|message| *sent.entry(message.content.to_string()).or_default() += 1);
    });
    assert!(
        sent.len() == 100 && sent.values().all(|count| *count == 1),
        "{sent:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_made_at_one_gateway_holds_at_the_others_and_a_newer_schema_is_refused() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let (first, second) = (
        shared
            .gateway("[[providers]]\nname = \"log\"\ntype = \"log\"\n")
            .await,
        shared.gateway("").await,
    );
    let silence = json!({ "namespace": "n", "tenant": "t", "matchers": [{ "name": "team", "value": "db", "op": "equal" }], "comment": "c",
        "duration_seconds": 600 });
    assert_eq!(
        second.post("/v1/silences", &silence).await.status.as_u16(),
        201
    );
    let action = |number: u32| {
        json!({ "id": format!("s-{number}"), "namespace": "n", "tenant": "t", "provider": "log", "action_type": "x", "payload": {},
            "metadata": { "labels": { "team": "db" } } })
    };
    let give_up = tokio::time::Instant::now() + crate::support::PATIENCE;
    for number in 0.. {
        let outcome = first.dispatch_until_taken(&action(number)).await;
        if outcome.get("Silenced").is_some() {
            break;
        }
        assert!(
            tokio::time::Instant::now() < give_up,
            "never heard: {outcome}"
        );
    }
    let options = shared.database.options();
    let (client, connection) = tokio_postgres::connect(&options.url, tokio_postgres::NoTls)
        .await
        .expect("the database");
    tokio::spawn(connection);
    client
        .execute(
            &format!("UPDATE {}.schema_version SET version = 99", options.schema),
            &[],
        )
        .await
        .expect("a newer version");
    let error = acteon_store::postgres::PostgresStore::open(options)
        .await
        .map(drop)
        .expect_err("refused");
    assert!(error.to_string().contains("schema 99"), "{error}");
}
