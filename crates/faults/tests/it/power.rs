//! Thousands of power cuts at any moment of a store's work.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::sync::Arc;

use acteon_core::{
    Action, Caller, Namespace, Origin, Outcome, Prepared, ProviderName, Response, Tenant, Timestamp,
};
use acteon_faults::{Operation, PowerCuts, Recording};
use acteon_store::{
    Admission, Admitted, Advance, Advanced, Conditions, Disposition, Enqueue, Expect, FlowKey,
    FlowState, Flows as _, Hold, Journal as _, OwnerId, Poke, Processes as _, Route, Settlement,
    SqliteOptions, SqliteStore, Step, Turn,
};

/// Actions of one recording, admitted by so many at once.
const ACTIONS: u64 = 600;
const CLIENTS: u64 = 8;
/// Cuts of one recording.
const CUTS: usize = 100;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis)
}

fn action(number: u64) -> Action {
    let text = format!(
        r#"{{"id":"a{number}","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{{"text":"{}"}},"created_at":"2026-01-01T00:00:00Z"}}"#,
        "x".repeat(number as usize * 7 % 900)
    );
    serde_json::from_str(&text).expect("an action")
}

/// Admission of an action, by the process that sends it or by the flow that wants it.
fn admission(number: u64, owner: Option<OwnerId>) -> Admission {
    let route = Route {
        provider: ProviderName::parse("p").expect("a name"),
        prepared: Arc::new(Prepared::default()),
        not_before: at(0),
        give_up_at: at(1_000_000),
        enqueue: owner.map_or(Enqueue::DueAt(at(0)), Enqueue::InFlight),
        quotas: Vec::new(),
        so_far: None,
    };
    Admission {
        action: Arc::new(action(number)),
        origin: Origin::Api,
        caller: Caller::anonymous(),
        verdict: acteon_core::VerdictKind::Allow,
        rule: None,
        priority: acteon_core::Priority::default(),
        accepted_at: at(number as i64),
        turn: Turn::Single,
        disposition: Disposition::Send {
            conditions: Conditions::default(),
            routes: vec![route],
        },
        possible_duplicate: false,
        letter: None,
        parent: owner.is_none().then(|| flow(number)),
        begins: Vec::new(),
    }
}

fn flow(number: u64) -> FlowKey {
    FlowKey::new("chain", &format!("a{number}"))
}

/// Beginning of a flow that wants an action, and waits for its end.
fn begins(number: u64) -> Advance {
    let names = (Namespace::parse("n"), Tenant::parse("t"));
    Advance {
        key: flow(number),
        expect: Expect::New(names.0.expect("a name"), names.1.expect("a name")),
        at: at(number as i64),
        due: at(number as i64),
        state: Some(FlowState {
            status: "waits".into(),
            body: format!(r#"{{"text":"{}"}}"#, "y".repeat(number as usize * 5 % 700)).into(),
            due_at: None,
            is_over: false,
        }),
        admissions: vec![admission(number, None)],
        begins: Vec::new(),
        cancels: Vec::new(),
        pokes: Vec::new(),
        events: Vec::new(),
    }
}

/// Admits an action, each second one with its flow.
async fn admit(store: &SqliteStore, number: u64, owner: OwnerId) -> Hold {
    let (admitted, owner) = if number.is_multiple_of(2) {
        let admitted = store.admit(admission(number, Some(owner))).await;
        (admitted.expect("an answer"), owner)
    } else {
        let advanced = store.advance(begins(number)).await.expect("an answer");
        let Advanced::Written { mut admitted, .. } = advanced else {
            panic!("{number} did not begin")
        };
        (admitted.pop().expect("an admission"), OwnerId::NOBODY)
    };
    let Admitted::Open { seq, .. } = admitted else {
        panic!("{number} was not admitted")
    };
    Hold {
        seq,
        owner,
        fence: 0,
    }
}

fn ends(number: u64, hold: Hold) -> Settlement {
    let outcome = Outcome::Executed(Response::success(
        serde_json::value::to_raw_value(&number).expect("JSON"),
    ));
    let poke = || Poke {
        flow: flow(number),
        due_at: at(number as i64 + 1),
    };
    Settlement {
        hold,
        at: at(number as i64 + 1),
        attempts: 1,
        durable_retries: 0,
        takeovers: 0,
        history: Some("[]".into()),
        possible_duplicate: false,
        late_mark: None,
        waited_for: true,
        poke: (hold.owner == OwnerId::NOBODY).then(poke),
        step: Step::End {
            text: outcome.to_json(),
            outcome,
            class: None,
            refund: None,
        },
    }
}

/// Admits and settles; marks `2n` once the admission of action n was answered, `2n + 1` once its settlement was.
async fn work(store: Arc<SqliteStore>, recording: Recording) {
    let owner = store.register().await.expect("an owner");
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (store, recording) = (Arc::clone(&store), recording.clone());
            tokio::spawn(async move {
                // Each client has even numbers and odd ones.
                for number in (0..ACTIONS).filter(|number| number / 2 % CLIENTS == client) {
                    let hold = admit(&store, number, owner).await;
                    recording.mark(2 * number);
                    store.settle(ends(number, hold)).await.expect("settled");
                    recording.mark(2 * number + 1);
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("a client");
    }
}

async fn record() -> Vec<Operation> {
    let folder = tempfile::tempdir().expect("a folder");
    acteon_faults::register();
    let recording = Recording::begin(folder.path());
    let options = SqliteOptions {
        path: folder.path().join("acteon.db"),
        vfs: Some(acteon_faults::NAME.into()),
        ..SqliteOptions::default()
    };
    let store = Arc::new(SqliteStore::open(&options).expect("a store"));
    work(Arc::clone(&store), recording.clone()).await;
    drop(store);
    recording.end()
}

/// Opens what is left as the next start would, and returns the ids that are there, and those that ended. A flow is there with the action that it wants, and
/// poked with its end.
fn recover(folder: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let path = folder.join("acteon.db");
    drop(
        SqliteStore::open(&SqliteOptions {
            path: path.clone(),
            ..SqliteOptions::default()
        })
        .expect("it opens"),
    );
    let connection = rusqlite::Connection::open(path).expect("the database");
    let check: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("a check");
    assert_eq!(check, "ok");
    let ids = |query: &str| {
        let mut select = connection.prepare(query).expect("a query");
        let rows = select.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<rusqlite::Result<BTreeSet<String>>>()
            .expect("ids")
    };
    assert_eq!(
        ids("SELECT id FROM flows"),
        ids("SELECT id FROM actions WHERE parent = 'chain:' || id")
    );
    assert_eq!(
        ids("SELECT id FROM flows WHERE due_at IS NOT NULL"),
        ids(
            "SELECT a.id FROM actions a JOIN outcomes o ON o.seq = a.seq WHERE a.parent IS NOT NULL"
        )
    );
    (
        ids("SELECT id FROM actions"),
        ids("SELECT a.id FROM actions a JOIN outcomes o ON o.seq = a.seq"),
    )
}

/// As often as the variable says, or a few hundred times.
fn wanted() -> usize {
    std::env::var("ACTEON_POWER_CUTS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(300)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_answered_is_lost_when_the_power_goes() {
    let began = tokio::time::Instant::now();
    let (mut cuts, mut promised, mut checkpointed) = (0, 0, 0);
    let random = RandomState::new();
    let mut drawn = 0_u64;
    let mut draw = move || {
        drawn += 1;
        random.hash_one(drawn)
    };
    while cuts < wanted() {
        let operations = record().await;
        checkpointed += usize::from(is_checkpointed(&operations));
        let mut moments: Vec<usize> = (0..CUTS)
            .map(|_| draw() as usize % (operations.len() + 1))
            .collect();
        moments.sort_unstable();
        let mut power = PowerCuts::new(&operations);
        for moment in moments {
            power.go_to(moment);
            let disk = tempfile::tempdir().expect("a folder");
            power.cut(disk.path(), &mut draw).expect("what is left");
            let (admitted, settled) = recover(disk.path());
            for mark in power.marks() {
                let there = if mark % 2 == 0 { &admitted } else { &settled };
                assert!(
                    there.contains(&format!("a{}", mark / 2)),
                    "{mark} was answered and is lost, after {moment} operations"
                );
            }
            promised += power.marks().len();
            cuts += 1;
        }
    }
    println!(
        "{cuts} power cuts in {:?}: {promised} promises checked, 0 broken; {checkpointed} recordings with checkpoints",
        began.elapsed()
    );
}

/// Whether pages moved from the log into the database after the schema was there.
fn is_checkpointed(operations: &[Operation]) -> bool {
    let marked = operations
        .iter()
        .position(|operation| matches!(operation, Operation::Mark(_)))
        .unwrap_or_default();
    operations[marked..].iter().any(
        |operation| matches!(operation, Operation::Write { file, .. } if &**file == "acteon.db"),
    )
}

#[tokio::test]
async fn a_store_that_does_not_sync_is_found_out() {
    let operations: Vec<Operation> = record()
        .await
        .into_iter()
        .filter(|operation| !matches!(operation, Operation::Sync { .. }))
        .collect();
    let mut power = PowerCuts::new(&operations);
    power.go_to(operations.len());
    let disk = tempfile::tempdir().expect("a folder");
    // A disk that kept nothing that it was not told to.
    power.cut(disk.path(), || 0).expect("what is left");
    assert!(!power.marks().is_empty());
    let (admitted, _) = recover(disk.path());
    assert!(
        admitted.is_empty(),
        "nothing was synced, so nothing is there"
    );
}
