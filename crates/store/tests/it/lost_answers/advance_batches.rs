//! Batches of advances: of which one is refused, and of which two are of one flow.

use std::sync::Arc;

use acteon_store::postgres::PostgresStore;
use acteon_store::{Advance, Advanced, Expect, Flows as _, Journal as _};
use acteon_testkit::postgres::TestDatabase;

use super::flows::{FIRST, advance, begin, begun, new, over_its_quota, state, version};
use super::{are_under_way, slow, until_open, wait_until};

/// A trigger that refuses flows with a status.
const REFUSING: &str = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
     $$ BEGIN IF NEW.status = 'bad' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$; \
     CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON flows FOR EACH ROW EXECUTE FUNCTION refuse()";

#[tokio::test(flavor = "multi_thread")]
async fn an_advance_that_is_refused_refuses_no_other_of_its_batch() {
    let Some(database) = TestDatabase::find().await else {
        return;
    };
    let store = PostgresStore::open(database.options())
        .await
        .expect("a store");
    database.execute(REFUSING).await.expect("a trigger");
    let is_bad = |number: usize| number % 20 == 7;
    let advances = (0..120).map(|number| {
        let status = if is_bad(number) { "bad" } else { "good" };
        store.advance(Advance {
            admissions: vec![over_its_quota(&format!("a{number}"))],
            begins: vec![begin(&format!("begun-{}", number / 2))],
            ..advance(&format!("f{number}"), new(), Some(state(status, None)))
        })
    });
    let told = futures_util::future::join_all(advances).await;
    for (number, told) in told.into_iter().enumerate() {
        assert_eq!(
            version(told).ok(),
            (!is_bad(number)).then_some(Some(FIRST)),
            "{number}"
        );
    }
    let actions = database.count("SELECT COUNT(*) FROM actions a JOIN jobs j ON j.seq = a.seq");
    let flows = database.count("SELECT COUNT(*) FROM flows");
    assert_eq!(
        (
            actions.await.expect("a count"),
            flows.await.expect("a count")
        ),
        (114, 114 + 60)
    );
    assert_eq!(store.used("q").await, Ok(114));
    until_open(&store, 114).await;
}

/// Lets two advances of a flow wait together behind others, so that one transaction is to do both.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_advances_in_one_batch_the_first_is_done() {
    let Some(database) = TestDatabase::find().await else {
        return;
    };
    let store = Arc::new(
        PostgresStore::open(database.options())
            .await
            .expect("a store"),
    );
    begun(&store, &["f"]).await;
    database.execute(&slow("flows")).await.expect("a trigger");
    let blocking = ["b1", "b2"].map(|id| {
        let store = Arc::clone(&store);
        async move {
            store
                .advance(advance(id, new(), Some(state("waits", None))))
                .await
        }
    });
    let mut blocked = Vec::new();
    for (number, call) in blocking.into_iter().enumerate() {
        blocked.push(tokio::spawn(call));
        wait_until(&database, &are_under_way(&database, number + 1)).await;
    }
    let step = |status: &str, id: &str| Advance {
        admissions: vec![over_its_quota(id)],
        ..advance("f", Expect::Version(FIRST), Some(state(status, None)))
    };
    // Pushed in this order, before either is waited for.
    let (one, two) = (
        store.advance(step("one", "a1")),
        store.advance(step("two", "a2")),
    );
    database
        .execute("INSERT INTO let_go VALUES (1)")
        .await
        .expect("let go");
    let (one, two) = tokio::join!(one, two);
    assert_eq!(version(one), Ok(Some(FIRST + 1)));
    let Ok(Advanced::Changed(Some(found))) = two else {
        panic!("the first was first");
    };
    assert_eq!((found.version, &*found.state.status), (FIRST + 1, "one"));
    assert_eq!(
        store.used("q").await,
        Ok(1),
        "nothing of the second is written"
    );
    for call in blocked {
        assert_eq!(version(call.await.expect("an end")), Ok(Some(FIRST)));
    }
}
