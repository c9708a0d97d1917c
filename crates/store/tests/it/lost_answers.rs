//! Commits whose answers are lost: what came of them is found out, and told as it was decided.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use acteon_core::Tenant;
use acteon_store::postgres::{PostgresOptions, PostgresStore};
use acteon_store::{
    ActionState, Admission, Admitted, Conditions, Disposition, Document, DocumentKind,
    Documents as _, Engine as _, Enqueue, History as _, Journal as _, NoteSwap, Notes as _,
    Overage, OwnerId, Processes as _, Put, QuotaCheck, Route, Store, StoreError,
};
use acteon_testkit::postgres::TestDatabase;
use acteon_testkit::proxy::{FaultProxy, Weather};

use crate::{at, failed, find, route, settlement, with_disposition};

/// Lets what a table takes wait until it is let go.
fn slow(table: &str) -> String {
    slow_at("INSERT", table)
}

/// Lets an event of a table wait until it is let go.
fn slow_at(event: &str, table: &str) -> String {
    format!(
        "CREATE TABLE let_go (number bigint); CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN WHILE NOT EXISTS (SELECT 1 FROM let_go) LOOP PERFORM pg_sleep(0.01); END LOOP; RETURN NEW; END $$; \
         CREATE TRIGGER slow BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION slow()"
    )
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

/// Lets a write be committed and its answer be lost: nothing comes back from when the write is under way until the row is there, and then
/// the connection is closed. `meanwhile` is done to the database before the store can reach it again.
async fn lose_the_answer(
    database: &TestDatabase,
    proxy: &FaultProxy,
    is_there: &str,
    meanwhile: &str,
) {
    let schema = &database.options().schema;
    let under_way = format!(
        "EXISTS (SELECT 1 FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid JOIN pg_class c ON c.oid = l.relation \
         JOIN pg_namespace n ON n.oid = c.relnamespace WHERE a.wait_event = 'PgSleep' AND n.nspname = '{schema}')"
    );
    wait_until(database, &under_way).await;
    proxy.set(Weather::Silent);
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

/// Actions that are charged before, so that the counter is there.
const BEFORE: u64 = 40;

/// One of many whose quota has room for so many is admitted; says which quotas it was told to go over.
async fn admitted_though_its_answer_was_lost(
    max_actions: u64,
    meanwhile: &str,
    after: &str,
) -> Option<Vec<usize>> {
    let (database, proxy, store, owner) = behind_a_proxy().await?;
    for number in 0..BEFORE {
        assert!(
            store
                .admit(charged(&format!("b{number}"), owner, max_actions))
                .await
                .is_ok()
        );
    }
    database.execute(&slow("actions")).await.expect("a trigger");
    let task = tokio::spawn({
        let (store, admission) = (Arc::clone(&store), charged("a", owner, max_actions));
        async move { store.admit(admission).await }
    });
    lose_the_answer(
        &database,
        &proxy,
        "EXISTS (SELECT 1 FROM actions WHERE id = 'a')",
        meanwhile,
    )
    .await;
    let told = tokio::time::timeout(Duration::from_secs(40), task)
        .await
        .expect("an answer")
        .expect("an answer");
    database.execute(after).await.expect("done after");
    assert_eq!(store.used("q").await, Ok(BEFORE + 1), "charged once");
    until_open(&store, 41).await;
    match told {
        Ok(Admitted::Open { route: 0, over, .. }) => Some(over),
        Ok(_) => panic!("it is open"),
        Err(error) => panic!("it was stored, and told that {error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_admission_is_found_and_told_as_it_was_decided() {
    if let Some(over) = admitted_though_its_answer_was_lost(5, "SELECT 1", "SELECT 1").await {
        assert_eq!(over, [0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_admission_that_fits_is_found_and_told_as_it_was_decided() {
    if let Some(over) = admitted_though_its_answer_was_lost(1000, "SELECT 1", "SELECT 1").await {
        assert_eq!(over, [0; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_admission_is_found_also_where_it_could_not_be_done_again() {
    let (away, back) = (
        "ALTER TABLE counters RENAME TO counted",
        "ALTER TABLE counted RENAME TO counters",
    );
    if let Some(over) = admitted_though_its_answer_was_lost(5, away, back).await {
        assert_eq!(over, [0]);
    }
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
    // Of several statements it is the last whose answer is lost.
    let at_commit =
        slow("documents").replace("TRIGGER slow BEFORE", "CONSTRAINT TRIGGER slow AFTER");
    let at_commit = at_commit.replace("FOR EACH", "DEFERRABLE INITIALLY DEFERRED FOR EACH");
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

/// A dead letter.
async fn letter(store: &dyn Store, owner: OwnerId) -> acteon_store::Seq {
    let seq = crate::admit(store, "letter", Enqueue::Claimed(owner)).await;
    store
        .settle(settlement(seq, owner, crate::end(failed("CONNECTION"))))
        .await
        .expect("settled");
    seq
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_discard_is_told_with_what_it_took_off_the_list() {
    let Some((database, proxy, store, owner)) = behind_a_proxy().await else {
        return;
    };
    let seq = letter(&*store, owner).await;
    database
        .execute(&slow_at("UPDATE", "outcomes"))
        .await
        .expect("a trigger");
    let discard = {
        let store = Arc::clone(&store);
        async move { store.discard(vec![seq]).await }
    };
    let told = told_after_all(
        (&database, &proxy),
        discard,
        "EXISTS (SELECT 1 FROM outcomes WHERE state = 4)",
    )
    .await;
    assert_eq!((told, store.discard(vec![seq]).await), (Ok(1), Ok(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_replay_is_told_as_written_and_its_letter_is_off_the_list() {
    let Some((database, proxy, store, owner)) = behind_a_proxy().await else {
        return;
    };
    let seq = letter(&*store, owner).await;
    database.execute(&slow("actions")).await.expect("a trigger");
    let replay = Admission {
        letter: Some(seq),
        ..crate::admission("again", Enqueue::DueAt(at(500)))
    };
    let admit = {
        let store = Arc::clone(&store);
        async move { store.admit(replay).await }
    };
    let told = told_after_all(
        (&database, &proxy),
        admit,
        "EXISTS (SELECT 1 FROM actions WHERE id = 'again')",
    )
    .await;
    assert!(
        matches!(told, Ok(Admitted::Open { .. })),
        "neither that it is there, nor that there is no letter"
    );
    assert_eq!(
        (
            find(&*store, "letter").await.state,
            find(&*store, "again").await.state
        ),
        (ActionState::Discarded, ActionState::Open)
    );
    until_open(&store, 1).await;
}

/// Refuses some rows of a table.
fn refusing(table: &str, condition: &str) -> String {
    format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN RAISE EXCEPTION 'no'; END IF; \
         RETURN NEW; END $$; CREATE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_mixed_batch_in_which_some_rows_are_refused_everybody_hears_the_truth() {
    // What is refused is given up at another time than what is not.
    for (table, condition) in [
        ("actions", "NEW.id LIKE 'bad%'"),
        ("jobs", "NEW.give_up_at = 777000"),
    ] {
        let Some(database) = TestDatabase::find().await else {
            return;
        };
        let store = PostgresStore::open(database.options())
            .await
            .expect("a store");
        let owner = store.register().await.expect("an owner");
        database
            .execute(&refusing(table, condition))
            .await
            .expect("a trigger");
        let admit = |number: usize| {
            let id = format!("{}{number}", if number % 20 == 7 { "bad" } else { "good" });
            let mut admission = charged(&id, owner, 100);
            if let Disposition::Send { routes, .. } = &mut admission.disposition {
                for route in routes.iter_mut() {
                    route.give_up_at = at(if number % 20 == 7 { 777 } else { 1000 });
                    if number.is_multiple_of(2) {
                        route.quotas.clear();
                    }
                }
            }
            store.admit(admission)
        };
        let told = futures_util::future::join_all((0..120).chain([127, 128]).map(admit)).await;
        let (mut accepted, mut charges) = (0, 0);
        for (told, number) in told.iter().zip((0..120).chain([127, 128])) {
            let is_bad = number % 20 == 7;
            assert_eq!(
                matches!(told, Ok(Admitted::Open { .. })),
                !is_bad,
                "{table}, {number}"
            );
            accepted += usize::from(!is_bad);
            charges += u64::from(!is_bad && number % 2 == 1);
        }
        let there = database.count("SELECT COUNT(*) FROM actions a JOIN jobs j ON j.seq = a.seq WHERE a.id LIKE 'good%'").await;
        let others = database
            .count("SELECT (SELECT COUNT(*) FROM actions WHERE id LIKE 'bad%') + (SELECT COUNT(*) FROM jobs WHERE give_up_at = 777000)");
        assert_eq!(
            (there.expect("a count"), others.await.expect("a count")),
            (accepted as i64, 0),
            "{table}"
        );
        assert_eq!(
            store.used("q").await,
            Ok(charges),
            "{table}: what was not written is not charged"
        );
        until_open(&store, accepted).await;
    }
}
