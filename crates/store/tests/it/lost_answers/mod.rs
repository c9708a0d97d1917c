//! Commits whose answers are lost: what came of them is found out, and told as it was decided.

mod admissions;
mod advance_batches;
mod advances;
mod flow_changes;
pub(crate) mod flows;
mod letters;
mod mixed_batch;
mod nobodys_rows;
mod reroutes;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use acteon_core::Tenant;
use acteon_store::postgres::{PostgresOptions, PostgresStore};
use acteon_store::{
    Admission, Conditions, Disposition, Document, DocumentKind, Documents as _, Engine as _,
    Enqueue, NoteSwap, Notes as _, Overage, OwnerId, Processes as _, Put, QuotaCheck, Route,
    StoreError,
};
use acteon_testkit::postgres::TestDatabase;
use acteon_testkit::proxy::{FaultProxy, Link};

use crate::{at, route, with_disposition};

/// Lets what a table takes wait until it is let go.
fn slow(table: &str) -> String {
    slow_at("INSERT", table)
}

/// Lets an event of a table wait until it is let go.
fn slow_at(event: &str, table: &str) -> String {
    format!(
        "CREATE TABLE let_go (number bigint PRIMARY KEY); CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN WHILE NOT EXISTS (SELECT 1 FROM let_go) LOOP PERFORM pg_sleep(0.01); END LOOP; RETURN NEW; END $$; \
         CREATE TRIGGER slow BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION slow()"
    )
}

/// Lets a commit wait that has an event of a table, until it is let go: of several statements it is the last whose answer is lost.
fn at_commit(event: &str, table: &str) -> String {
    let trigger =
        slow_at(event, table).replace("TRIGGER slow BEFORE", "CONSTRAINT TRIGGER slow AFTER");
    trigger.replace("FOR EACH", "DEFERRABLE INITIALLY DEFERRED FOR EACH")
}

/// Fails until something is so.
fn until(condition: &str) -> String {
    format!("DO $$ BEGIN IF NOT ({condition}) THEN RAISE EXCEPTION 'not yet'; END IF; END $$")
}

async fn wait_until(database: &TestDatabase, condition: &str) {
    let so = async {
        while database.execute(&until(condition)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), so)
        .await
        .expect(condition);
}

/// Waits until so many rows are known to be open: a count that is taken anew while a commit is found out has its row twice until the next.
pub(crate) async fn until_open(store: &PostgresStore, count: usize) {
    let so = async {
        while store.open_count() != count {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let counted = tokio::time::timeout(Duration::from_secs(10), so).await;
    assert!(
        counted.is_ok(),
        "{} are open, not {count}",
        store.open_count()
    );
}

/// A database, a store that reaches it through a proxy, and a process registered there.
async fn behind_a_proxy() -> Option<(TestDatabase, FaultProxy, Arc<PostgresStore>, OwnerId)> {
    let database = TestDatabase::find().await?;
    let options = database.options();
    let place = options.url.split('@').nth(1)?.split('/').next()?.to_owned();
    let target: SocketAddr = place.parse().ok()?;
    let proxy = FaultProxy::start(target).await.expect("a proxy");
    let url = options.url.replace(&place, &proxy.address().to_string());
    let store = PostgresStore::open(&PostgresOptions {
        url,
        ..options.clone()
    })
    .await
    .expect("a store");
    let owner = store.register().await.expect("an owner");
    Some((database, proxy, Arc::new(store), owner))
}

/// Processes of the database that wait in the middle of a write until they are let go.
fn waiting(database: &TestDatabase) -> String {
    let schema = &database.options().schema;
    format!(
        "SELECT DISTINCT a.pid FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid JOIN pg_class c ON c.oid = l.relation \
         JOIN pg_namespace n ON n.oid = c.relnamespace WHERE a.wait_event = 'PgSleep' AND n.nspname = '{schema}'"
    )
}

/// Condition that so many writes wait until they are let go.
fn are_under_way(database: &TestDatabase, count: usize) -> String {
    format!("(SELECT COUNT(*) FROM ({}) w) = {count}", waiting(database))
}

/// Lets a write that is under way be rolled back and its answer be lost. Nothing comes through until all connections are closed.
async fn end_in_the_middle(database: &TestDatabase, proxy: &FaultProxy) {
    wait_until(database, &are_under_way(database, 1)).await;
    proxy.set(Link::Silent);
    let ended = format!(
        "SELECT pg_terminate_backend(pid, 5000) FROM ({}) w",
        waiting(database)
    );
    wait_until(database, &format!("(SELECT COUNT(*) FROM ({ended}) e) = 1")).await;
}

/// Lets a write be committed and its answer be lost: nothing comes back from when the write is under way until the row is there, and then
/// the connection is closed. `meanwhile` is done to the database before the store can reach it again.
async fn lose_the_answer(
    database: &TestDatabase,
    proxy: &FaultProxy,
    is_there: &str,
    meanwhile: &str,
) {
    wait_until(database, &are_under_way(database, 1)).await;
    proxy.set(Link::Silent);
    database
        .execute("INSERT INTO let_go VALUES (1)")
        .await
        .expect("let go");
    wait_until(database, is_there).await;
    database.execute(meanwhile).await.expect("done meanwhile");
    proxy.close_all();
}

/// Charged to a quota, which it may go over.
fn charged(id: &str, owner: OwnerId, max_actions: u64) -> Admission {
    let quota = QuotaCheck {
        counter: "q".into(),
        id: "q".into(),
        tenant: Tenant::parse("t").expect("a name"),
        max_actions,
        resets_at: at(3600),
        overage: Overage::Warn,
    };
    let route = Route {
        quotas: vec![quota],
        ..route("p", Enqueue::Claimed(owner))
    };
    with_disposition(
        id,
        at(100),
        Disposition::Send {
            conditions: Conditions::default(),
            routes: vec![route],
        },
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_swap_of_a_note_is_told_as_done() {
    let Some((database, proxy, store, _)) = behind_a_proxy().await else {
        return;
    };
    database.execute(&slow("notes")).await.expect("a trigger");
    let task = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.swap_note(turn_of("mine")).await }
    });
    lose_the_answer(
        &database,
        &proxy,
        "EXISTS (SELECT 1 FROM notes)",
        "SELECT 1",
    )
    .await;
    let told = tokio::time::timeout(Duration::from_secs(40), task)
        .await
        .expect("an answer")
        .expect("an answer");
    assert_eq!(told, Ok(true), "the turn is taken, and by whom");
    assert_eq!(store.swap_note(turn_of("theirs")).await, Ok(false));
}

/// Taking a turn that nobody has.
fn turn_of(whose: &str) -> NoteSwap {
    NoteSwap {
        name: "turn".into(),
        expected: None,
        text: whose.into(),
        now: at(100),
        until: at(200),
    }
}

/// Runs a call whose answer is lost, and says what it was told.
async fn told_after_all<T: Send + 'static>(
    (database, proxy): (&TestDatabase, &FaultProxy),
    call: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    is_there: &str,
) -> Result<T, StoreError> {
    let task = tokio::spawn(call);
    lose_the_answer(database, proxy, is_there, "SELECT 1").await;
    tokio::time::timeout(Duration::from_secs(40), task)
        .await
        .expect("an answer")
        .expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_write_of_a_document_is_told_as_done() {
    let Some((database, proxy, store, _)) = behind_a_proxy().await else {
        return;
    };
    let at_commit = at_commit("INSERT", "documents");
    database.execute(&at_commit).await.expect("a trigger");
    let document = Document {
        kind: DocumentKind::Silence,
        id: "s".into(),
        name: "s".into(),
        body: "{}".into(),
        version: 0,
    };
    let put = {
        let (store, document) = (Arc::clone(&store), document.clone());
        async move { store.put_document(document).await }
    };
    let told = told_after_all((&database, &proxy), put, "EXISTS (SELECT 1 FROM documents)").await;
    assert_eq!(told, Ok(Put::Written(1)));
    assert_eq!(
        store.put_document(document).await,
        Ok(Put::Changed),
        "it is there, once"
    );
}
