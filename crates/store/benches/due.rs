//! What it costs to know what is due next, and to claim it, beside 100,000 recurring actions, 100,000 chains and 100,000 scheduled actions that wait, and beside none. The goal is
//! under a millisecond for each look.
//!
//! `cargo bench -p acteon-store --all-features --bench due`. PostgreSQL is measured where `ACTEON_TEST_POSTGRES` names one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use acteon_core::{Action, Caller, Namespace, Origin, Prepared, ProviderName, Tenant, Timestamp};
use acteon_store::{
    Admission, Advance, Claim, ClaimRows, Conditions, Disposition, Enqueue, Expect, FlowClaim,
    FlowKey, FlowState, OwnerId, Room, Route, SqliteOptions, SqliteStore, Store, Turn,
};
use tokio::runtime::Runtime;

/// Flows that wait, and scheduled actions.
const WAITING: i64 = 100_000;
/// Written together.
const BATCH: i64 = 1000;
/// Measurements of each look.
const LOOKS: usize = 500;
/// Measurements of each claim.
const CLAIMS: usize = 50;
/// Flows and actions that are due for each claim.
const DUE: i64 = 64;
/// Now, in due time. What waits is due later.
const NOW: i64 = 1_000_000;
/// Kinds of the flows, each with the bytes of its state.
const KINDS: [(&str, usize); 2] = [("recurring", 300), ("chain", 2000)];
/// Flows of each name.
const EACH: i64 = KINDS.len() as i64;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    println!("microseconds: the middle, and what 99 of 100 stay below");
    let folder = tempfile::tempdir().expect("a folder");
    let options = SqliteOptions {
        path: folder.path().join("bench.db"),
        ..SqliteOptions::default()
    };
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&options).expect("a store"));
    runtime.block_on(measure("sqlite", &store));
    #[cfg(feature = "postgres")]
    if let Some(database) = runtime.block_on(acteon_testkit::postgres::TestDatabase::find()) {
        let store = runtime
            .block_on(acteon_store::postgres::PostgresStore::open(
                database.options(),
            ))
            .expect("a store");
        let store: Arc<dyn Store> = Arc::new(store);
        runtime.block_on(measure("postgres", &store));
    }
}

async fn measure(engine: &str, store: &Arc<dyn Store>) {
    let owner = store.register().await.expect("an owner");
    look(engine, 0, store, owner).await;
    fill(store).await;
    look(engine, WAITING, store, owner).await;
}

/// Times each look and each claim.
async fn look(engine: &str, waiting: i64, store: &Arc<dyn Store>, owner: OwnerId) {
    let kinds = kinds();
    let providers = [ProviderName::parse("p").expect("a name")];
    let print = |what: &str, times| println!("{engine:9} {waiting:7} {what:28} {}", told(times));
    let mut times = Vec::new();
    for _ in 0..LOOKS {
        let began = now();
        store.next_flow_due(&kinds).await.expect("an instant");
        times.push(began.elapsed());
    }
    print("next_flow_due", times);
    let mut times = Vec::new();
    for _ in 0..LOOKS {
        let began = now();
        store.next_due(&providers).await.expect("an instant");
        times.push(began.elapsed());
    }
    print("next_due", times);
    for due in [0, DUE] {
        let (mut flows, mut actions) = (Vec::new(), Vec::new());
        for number in 0..CLAIMS {
            let name = |place: i64| format!("due-{waiting}-{due}-{number}-{place}");
            write(store, (0..due).map(|place| (name(place), NOW))).await;
            let began = now();
            let claimed = store.claim_flows(claim_flows(owner)).await.expect("flows");
            flows.push(began.elapsed());
            assert_eq!(claimed.len() as i64, due * EACH);
            let began = now();
            let claimed = store.claim(claim(owner, &providers)).await.expect("rows");
            actions.push(began.elapsed());
            assert_eq!(claimed.len() as i64, due);
        }
        print(&format!("claim of {} due flows", due * EACH), flows);
        print(&format!("claim of {due} due actions"), actions);
    }
}

/// Fills a store with what waits.
async fn fill(store: &Arc<dyn Store>) {
    for first in (0..WAITING).step_by(BATCH as usize) {
        let batch = (first..first + BATCH)
            .map(|number| (format!("waits-{number}"), NOW + 3_600_000 + number));
        write(store, batch).await;
    }
}

/// Writes a flow of each kind and an action of each name, due at an instant, together.
async fn write(store: &Arc<dyn Store>, names: impl Iterator<Item = (String, i64)>) {
    let written: Vec<_> = names
        .map(|(name, due)| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                for kind in KINDS {
                    begin(&store, kind, &name, due).await;
                }
                admit(&store, &name, due).await;
            })
        })
        .collect();
    for one in written {
        one.await.expect("written");
    }
}

async fn begin(store: &Arc<dyn Store>, (kind, bytes): (&str, usize), id: &str, due: i64) {
    let filler = "x".repeat(bytes);
    let state = FlowState {
        status: "active".into(),
        body: format!(r#"{{"payload":"{filler}"}}"#).into(),
        due_at: Some(Timestamp::from_millis(due)),
        is_over: false,
    };
    let advance = Advance {
        key: FlowKey::new(kind, id),
        expect: Expect::New(
            Namespace::parse("incidents").expect("a name"),
            Tenant::parse("acme").expect("a name"),
        ),
        at: Timestamp::from_millis(NOW),
        due: Timestamp::from_millis(NOW),
        state: Some(state),
        admissions: Vec::new(),
        begins: Vec::new(),
        cancels: Vec::new(),
        pokes: Vec::new(),
        events: Vec::new(),
    };
    store.advance(advance).await.expect("begun");
}

async fn admit(store: &Arc<dyn Store>, id: &str, due: i64) {
    let filler = "x".repeat(300);
    let text = format!(
        r#"{{"id":"{id}","namespace":"incidents","tenant":"acme","provider":"p","action_type":"notify","payload":{{"content":"{filler}"}},"created_at":"2026-01-01T00:00:00Z"}}"#
    );
    let action: Action = serde_json::from_str(&text).expect("an action");
    let prepared = Prepared {
        bytes: action.payload.to_string().into_bytes(),
        ..Prepared::default()
    };
    let due = Timestamp::from_millis(due);
    let route = Route {
        provider: ProviderName::parse("p").expect("a name"),
        prepared: Arc::new(prepared),
        not_before: due,
        give_up_at: due + Duration::from_hours(6),
        enqueue: Enqueue::DueAt(due),
        quotas: Vec::new(),
        so_far: Some(r#"{"Scheduled":{}}"#.into()),
    };
    let admission = Admission {
        action: Arc::new(action),
        origin: Origin::Api,
        caller: Caller::anonymous(),
        verdict: acteon_core::VerdictKind::Allow,
        rule: None,
        priority: acteon_core::Priority::default(),
        accepted_at: Timestamp::from_millis(NOW),
        turn: Turn::Single,
        disposition: Disposition::Send {
            conditions: Conditions::default(),
            routes: vec![route],
        },
        possible_duplicate: false,
        letter: None,
        parent: None,
        begins: Vec::new(),
    };
    store.admit(admission).await.expect("admitted");
}

fn kinds() -> Vec<Arc<str>> {
    KINDS.iter().map(|(kind, _)| (*kind).into()).collect()
}

fn claim_flows(owner: OwnerId) -> FlowClaim {
    FlowClaim {
        owner,
        now: Timestamp::from_millis(NOW),
        kinds: kinds(),
        limit: (DUE * EACH) as usize,
    }
}

fn claim(owner: OwnerId, providers: &[ProviderName]) -> Claim {
    let room = Room {
        providers: providers.to_vec(),
        limit: DUE as usize,
        more_high: 0,
        turn: 0,
    };
    Claim {
        owner,
        now: Timestamp::from_millis(NOW),
        rows: ClaimRows::Due(vec![room]),
    }
}

#[expect(clippy::disallowed_methods, reason = "a measurement of real time")]
fn now() -> Instant {
    Instant::now()
}

fn told(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |hundredth: usize| times[times.len() * hundredth / 100].as_micros();
    format!("{:6} {:6}", at(50), at(99))
}
