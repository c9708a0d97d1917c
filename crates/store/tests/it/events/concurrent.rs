//! Commits of several transactions at once, on the engine that has them.

use std::sync::Arc;
use std::time::Duration;

use acteon_store::postgres::PostgresStore;
use acteon_store::{
    Engine as _, EventPosition, Events as _, Journal as _, Processes as _, Settled, Store,
};
use acteon_testkit::postgres::TestDatabase;

use super::{PATIENCE, claimed, end_at_once, events, ids, look};
use crate::{at, end, executed, settlement};

/// Lets the commit of one action's outcome wait until it is let go.
fn slow(seq: i64) -> String {
    format!(
        "CREATE TABLE let_go (number bigint); CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN WHILE NEW.seq = {seq} AND NOT EXISTS (SELECT 1 FROM let_go) LOOP PERFORM pg_sleep(0.01); END LOOP; RETURN NEW; END $$; \
         CREATE TRIGGER slow BEFORE INSERT ON outcomes FOR EACH ROW EXECUTE FUNCTION slow()"
    )
}

/// Waits until a transaction of the schema sleeps in its trigger.
async fn until_under_way(database: &TestDatabase) {
    let select = format!(
        "SELECT COUNT(*) FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid JOIN pg_class c ON c.oid = l.relation \
         JOIN pg_namespace n ON n.oid = c.relnamespace WHERE a.wait_event = 'PgSleep' AND n.nspname = '{}'",
        database.options().schema
    );
    let so = async {
        while database.count(&select).await.expect("a count") == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, so)
        .await
        .expect("it is under way");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_began_earlier_and_is_committed_later_is_not_passed_over() {
    let Some(database) = TestDatabase::find().await else {
        return;
    };
    let store = Arc::new(
        PostgresStore::open(database.options())
            .await
            .expect("a store"),
    );
    let owner = store.register().await.expect("an owner");
    let first = claimed(&*store, "first", owner).await;
    let second = claimed(&*store, "second", owner).await;
    database.execute(&slow(first.0)).await.expect("a trigger");
    let slow = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            store
                .settle(settlement(first, owner, end(executed())))
                .await
        }
    });
    until_under_way(&database).await;
    let settled = store
        .settle(settlement(second, owner, end(executed())))
        .await;
    assert_eq!(settled, Ok(Settled::Written));
    let rows = database
        .count("SELECT COUNT(*) FROM events")
        .await
        .expect("a count");
    assert_eq!(rows, 1, "the second is committed, and the first is not");
    let page = look(&*store, EventPosition::START).await;
    assert_eq!(
        (page.events.len(), page.pending),
        (0, Some(at(200))),
        "it is not told yet"
    );
    assert_eq!(page.looked_to, EventPosition::START);
    let newest = store.newest_event().await.expect("an id").position();
    database
        .execute("INSERT INTO let_go VALUES (1)")
        .await
        .expect("let go");
    assert_eq!(slow.await.expect("no panic"), Ok(Settled::Written));
    for after in [EventPosition::START, newest] {
        let found = events(&*store, after, 2).await;
        assert_eq!(
            ids(&found),
            ["first", "second"],
            "in the order in which they began"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_follows_many_writers_misses_none_and_sees_none_twice() {
    const WRITERS: usize = 8;
    const EACH: usize = 40;
    let Some(database) = TestDatabase::find().await else {
        return;
    };
    let mut stores = Vec::new();
    for _ in 0..2 {
        let store = PostgresStore::open(database.options()).await;
        stores.push(Arc::new(store.expect("a store")));
    }
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = Arc::clone(&stores[writer % 2]);
            tokio::spawn(async move {
                let owner = store.register().await.expect("an owner");
                for number in 0..EACH {
                    let id = format!("{writer}-{number}");
                    if number % 3 == 0 {
                        end_at_once(&*store, &id, at(100)).await;
                        continue;
                    }
                    let seq = claimed(&*store, &id, owner).await;
                    let ended = store.settle(settlement(seq, owner, end(executed()))).await;
                    assert_eq!(ended, Ok(Settled::Written));
                }
            })
        })
        .collect();
    let follow = async {
        let (mut after, mut told) = (EventPosition::START, Vec::new());
        while told.len() < WRITERS * EACH {
            let page = stores[0].events(after, 7).await.expect("a page");
            told.extend(page.events.iter().map(|event| event.action.id.clone()));
            after = page.looked_to;
            if page.events.is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        told
    };
    let mut told = tokio::time::timeout(PATIENCE * 2, follow)
        .await
        .expect("all of them");
    for writer in writers {
        writer.await.expect("no panic");
    }
    for writer in 0..WRITERS {
        let prefix = format!("{writer}-");
        let numbers: Vec<usize> = told
            .iter()
            .filter_map(|id| id.strip_prefix(&prefix)?.parse().ok())
            .collect();
        assert!(
            numbers.is_sorted(),
            "of one writer in its order: {numbers:?}"
        );
    }
    told.sort();
    told.dedup();
    assert_eq!(told.len(), WRITERS * EACH, "none is told twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_another_database_are_forgotten() {
    let Some(database) = TestDatabase::find().await else {
        return;
    };
    let store = PostgresStore::open(database.options())
        .await
        .expect("a store");
    end_at_once(&store, "a", at(100)).await;
    // As a copy of a database has them that had more transactions.
    let far = "INSERT INTO events (xid, pos, kind, ats, seqs) SELECT xid + 1000000000, pos, kind, ats, seqs FROM events";
    database.execute(far).await.expect("a row");
    assert_eq!(ids(&events(&store, EventPosition::START, 1).await), ["a"]);
    drop(store);
    let store = PostgresStore::open(database.options())
        .await
        .expect("a store");
    let rows = database
        .count("SELECT COUNT(*) FROM events")
        .await
        .expect("a count");
    assert_eq!((rows, store.open_count()), (1, 0));
    let page: &dyn Store = &store;
    assert_eq!(ids(&events(page, EventPosition::START, 1).await), ["a"]);
}
