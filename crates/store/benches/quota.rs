//! What a quota costs: admissions a second of many clients, without one, with one for all, and with one for each of twenty tenants.
//!
//! `cargo bench -p acteon-store --all-features --bench quota`. PostgreSQL is measured where `ACTEON_TEST_POSTGRES` names one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use acteon_core::{Action, Caller, Origin, Prepared, ProviderName, Tenant, Timestamp};
use acteon_store::{
    Admission, Admitted, Conditions, Disposition, Enqueue, Overage, QuotaCheck, Route,
    SqliteOptions, SqliteStore, Store, Turn,
};
use tokio::runtime::Runtime;

const CLIENTS: u64 = 192;
const MEASURE: Duration = Duration::from_secs(3);

/// How many quotas there are, and how the case is called.
const CASES: [(u64, &str); 3] = [(0, "none"), (1, "one"), (20, "twenty")];

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    for round in 1..=2 {
        println!("round {round}: quotas, admissions a second");
        let folder = tempfile::tempdir().expect("a folder");
        let options = SqliteOptions {
            path: folder.path().join("bench.db"),
            ..SqliteOptions::default()
        };
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&options).expect("a store"));
        measure(&runtime, "sqlite", &store);
        #[cfg(feature = "postgres")]
        if let Some(database) = runtime.block_on(acteon_testkit::postgres::TestDatabase::find()) {
            let store = runtime
                .block_on(acteon_store::postgres::PostgresStore::open(
                    database.options(),
                ))
                .expect("a store");
            let store: Arc<dyn Store> = Arc::new(store);
            measure(&runtime, "postgres", &store);
        }
    }
}

fn measure(runtime: &Runtime, engine: &str, store: &Arc<dyn Store>) {
    for (quotas, name) in CASES {
        println!(
            "{engine:10} {name:8} {:.0}",
            runtime.block_on(rate(store, quotas))
        );
    }
}

#[expect(clippy::disallowed_methods, reason = "a measurement of real time")]
async fn rate(store: &Arc<dyn Store>, quotas: u64) -> f64 {
    let begun = Instant::now();
    let admitted = Arc::new(AtomicU64::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (store, admitted) = (Arc::clone(store), Arc::clone(&admitted));
            tokio::spawn(async move {
                for number in 0.. {
                    if begun.elapsed() > MEASURE {
                        return;
                    }
                    let admission =
                        admission(&format!("{quotas}-{client}-{number}"), client, quotas);
                    assert!(
                        matches!(store.admit(admission).await, Ok(Admitted::Open { .. })),
                        "admitted"
                    );
                    admitted.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("a client");
    }
    admitted.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
}

fn admission(id: &str, client: u64, quotas: u64) -> Admission {
    let filler = "x".repeat(300);
    let text = format!(
        r#"{{"id":"{id}","namespace":"incidents","tenant":"acme","provider":"p","action_type":"notify","payload":{{"content":"{filler}"}},"created_at":"2026-01-01T00:00:00Z"}}"#
    );
    let action: Action = serde_json::from_str(&text).expect("an action");
    let prepared = Prepared {
        bytes: action.payload.to_string().into_bytes(),
        ..Prepared::default()
    };
    let quota = client.checked_rem(quotas).map(|number| QuotaCheck {
        counter: format!("q{number}"),
        id: "q".into(),
        tenant: Tenant::parse("acme").expect("a name"),
        max_actions: 1_000_000_000,
        resets_at: Timestamp::from_millis(1_000_000_000),
        overage: Overage::Block,
    });
    let route = Route {
        provider: ProviderName::parse("p").expect("a name"),
        prepared: Arc::new(prepared),
        not_before: Timestamp::from_millis(0),
        give_up_at: Timestamp::from_millis(2_000_000),
        enqueue: Enqueue::DueAt(Timestamp::from_millis(1_000_000)),
        quotas: quota.into_iter().collect(),
        so_far: None,
    };
    Admission {
        action: Arc::new(action),
        origin: Origin::Api,
        caller: Caller::anonymous(),
        verdict: acteon_core::VerdictKind::Allow,
        rule: None,
        priority: acteon_core::Priority::default(),
        accepted_at: Timestamp::from_millis(1_000_000),
        turn: Turn::Single,
        disposition: Disposition::Send {
            conditions: Conditions::default(),
            routes: vec![route],
        },
        possible_duplicate: false,
        letter: None,
        parent: None,
        begins: Vec::new(),
    }
}
