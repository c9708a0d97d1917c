//! Take-overs on PostgreSQL, and what the owner of a row writes meanwhile.

use std::sync::Arc;

use acteon_store::{Enqueue, Freed};
use acteon_store::{Processes as _, postgres::PostgresStore};
use acteon_testkit::postgres::TestDatabase;

use crate::{admit, at, find};

#[tokio::test(flavor = "multi_thread")]
async fn a_row_whose_owner_begins_to_send_it_during_a_take_over_is_marked() {
    let Some(database) = TestDatabase::find().await else {
        return;
    };
    let database = Arc::new(database);
    let store = PostgresStore::open(database.options())
        .await
        .expect("a store");
    let owner = store.register().await.expect("an owner");
    admit(&store, "a", Enqueue::Claimed(owner)).await;
    let beats = store.heartbeats().await.expect("beats");
    // Writes what the owner would, and commits it once somebody waits for the row.
    let is_waited_for = "EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid)";
    let begins = format!(
        "BEGIN; UPDATE jobs SET in_flight = TRUE; DO $$ BEGIN WHILE NOT {is_waited_for} LOOP PERFORM pg_sleep(0.01); \
         END LOOP; END $$; COMMIT"
    );
    let owner_database = Arc::clone(&database);
    let writing = tokio::spawn(async move { owner_database.execute(&begins).await });
    let is_written = "DO $$ BEGIN PERFORM 1 FROM jobs FOR UPDATE NOWAIT; RAISE EXCEPTION 'not yet'; EXCEPTION WHEN lock_not_available THEN NULL; END $$";
    while database.execute(is_written).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        store.take_over(beats, at(120)).await,
        Ok(Freed {
            unsent: 0,
            maybe_sent: 1
        })
    );
    writing.await.expect("an end").expect("written");
    let found = find(&store, "a").await;
    assert_eq!(
        (
            found.possible_duplicate,
            found.takeovers,
            found.owned,
            found.in_flight
        ),
        (true, 1, false, false)
    );
}
