//! Changes of rows that nobody owns: several of one row in one batch, and such whose answers are lost.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::Outcome;
use acteon_store::postgres::PostgresStore;
use acteon_store::{
    ActionState, Enqueue, Hold, Journal as _, OwnerId, Processes as _, Seq, Settled, Settlement,
    Step,
};
use acteon_testkit::postgres::TestDatabase;
use acteon_testkit::proxy::Link;
use tokio::task::JoinHandle;

use super::{are_under_way, behind_a_proxy, end_in_the_middle, slow, slow_at, wait_until};
use crate::{again, at, claim, end, find, settlement};

/// A change of a row that waits for its instant.
fn by_nobody(seq: Seq, step: Step) -> Settlement {
    Settlement {
        hold: Hold {
            seq,
            owner: OwnerId::NOBODY,
            fence: 0,
        },
        attempts: 0,
        durable_retries: 0,
        history: None,
        ..settlement(seq, OwnerId::NOBODY, step)
    }
}

fn cancel(by: &str) -> Step {
    end(Outcome::Cancelled {
        by: by.into(),
        at: at(160),
    })
}

/// Lets changes of rows wait until those of their due time are let go.
fn slow_by_due_time() -> String {
    let trigger = slow_at("UPDATE OR DELETE", "jobs").replace(
        "FROM let_go",
        "FROM let_go WHERE number = OLD.due_at / 1000",
    );
    trigger.replace("RETURN NEW", "RETURN COALESCE(NEW, OLD)")
}

async fn let_go(database: &TestDatabase, due: i64) {
    database
        .execute(&format!("INSERT INTO let_go VALUES ({due})"))
        .await
        .expect("let go");
}

type Told = Result<Settled, acteon_store::StoreError>;

/// Keeps both workers of the queue busy: what is asked for meanwhile goes into one batch.
async fn keep_busy(database: &TestDatabase, store: &Arc<PostgresStore>) -> Vec<JoinHandle<Told>> {
    let mut busy = Vec::new();
    for id in ["b1", "b2"] {
        let seq = crate::admit(&**store, id, Enqueue::DueAt(at(800))).await;
        let store = Arc::clone(store);
        busy.push(tokio::spawn(async move {
            store.settle(by_nobody(seq, again(900))).await
        }));
        wait_until(database, &are_under_way(database, busy.len())).await;
    }
    busy
}

/// Changes a row twice in one batch; says what each was told.
async fn both(
    (database, store): (&TestDatabase, Arc<PostgresStore>),
    steps: [Step; 2],
    meanwhile: impl AsyncFnOnce(),
) -> (Told, Told) {
    let seq = crate::admit(&*store, "a", Enqueue::DueAt(at(400))).await;
    database
        .execute(&slow_by_due_time())
        .await
        .expect("a trigger");
    let busy = keep_busy(database, &store).await;
    let (queued, are_queued) = tokio::sync::oneshot::channel();
    let task = tokio::spawn(async move {
        // Both are in the queue before either is waited for.
        let [first, second] = steps.map(|step| store.settle(by_nobody(seq, step)));
        queued.send(()).expect("somebody waits");
        tokio::join!(first, second)
    });
    are_queued.await.expect("queued");
    let_go(database, 800).await;
    for call in busy {
        assert_eq!(call.await.expect("an end"), Ok(Settled::Written));
    }
    wait_until(database, &are_under_way(database, 1)).await;
    meanwhile().await;
    tokio::time::timeout(Duration::from_secs(40), task)
        .await
        .expect("an answer")
        .expect("an answer")
}

/// State and due time of a row, and how the database shows it.
type Stands = (ActionState, i64, &'static str);

const CANCELLED: Stands = (ActionState::Done, 100, "EXISTS (SELECT 1 FROM outcomes)");
const MOVED: Stands = (
    ActionState::Open,
    500,
    "EXISTS (SELECT 1 FROM jobs WHERE due_at = 500000)",
);

/// A cancel and a move in both orders, and how the row stands afterwards.
fn orders() -> [([Step; 2], Stands); 2] {
    [
        ([cancel("ops"), again(500)], CANCELLED),
        ([again(500), cancel("ops")], MOVED),
    ]
}

async fn stands(store: &PostgresStore) -> (ActionState, i64) {
    let found = find(store, "a").await;
    (found.state, found.due_at.as_millis() / 1000)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_cancel_and_a_move_in_one_batch_the_first_is_done_and_told() {
    for (steps, (state, due, _)) in orders() {
        let Some(database) = TestDatabase::find().await else {
            return;
        };
        let store = PostgresStore::open(database.options())
            .await
            .expect("a store");
        let store = Arc::new(store);
        let told = both((&database, Arc::clone(&store)), steps, async || {
            let_go(&database, 400).await;
        });
        assert_eq!(told.await, (Ok(Settled::Written), Ok(Settled::Fenced)));
        assert_eq!(stands(&store).await, (state, due));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_cancel_and_a_move_whose_answers_are_lost_the_first_is_told_as_done() {
    for (steps, (state, due, is_there)) in orders() {
        let Some((database, proxy, store, _)) = behind_a_proxy().await else {
            return;
        };
        let told = both((&database, Arc::clone(&store)), steps, async || {
            proxy.set(Link::Silent);
            let_go(&database, 400).await;
            wait_until(&database, is_there).await;
            // What was moved is moved there again.
            let_go(&database, 500).await;
            proxy.close_all();
        });
        assert_eq!(told.await, (Ok(Settled::Written), Ok(Settled::Fenced)));
        assert_eq!(stands(&store).await, (state, due));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_cancel_that_another_was_before_is_told_as_fenced() {
    let Some((database, proxy, store, _)) = behind_a_proxy().await else {
        return;
    };
    let seq = crate::admit(&*store, "a", Enqueue::DueAt(at(400))).await;
    database
        .execute(&slow("outcomes"))
        .await
        .expect("a trigger");
    let task = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.settle(by_nobody(seq, cancel("mine"))).await }
    });
    end_in_the_middle(&database, &proxy).await;
    let_go(&database, 1).await;
    let other = PostgresStore::open(database.options())
        .await
        .expect("a store");
    let theirs = other.settle(by_nobody(seq, cancel("theirs"))).await;
    assert_eq!(theirs, Ok(Settled::Written));
    proxy.close_all();
    let told = tokio::time::timeout(Duration::from_secs(40), task)
        .await
        .expect("an answer")
        .expect("an answer");
    assert_eq!(told, Ok(Settled::Fenced), "it is another's outcome");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_changes_what_was_tried_although_its_fence_is_the_same() {
    let Some(database) = TestDatabase::find().await else {
        return;
    };
    let open = async || {
        PostgresStore::open(database.options())
            .await
            .expect("a store")
    };
    let (store, other) = (open().await, open().await);
    let seq = crate::admit(&store, "a", Enqueue::DueAt(at(110))).await;
    // Each process counts its claims: the first of each has the same number.
    let claimed = claim_of(&store, 120).await;
    let unsent = Settlement {
        hold: claimed,
        attempts: 0,
        durable_retries: 0,
        ..settlement(seq, claimed.owner, again(130))
    };
    assert_eq!(store.settle(unsent).await, Ok(Settled::Written));
    let late = |step| Settlement {
        hold: Hold {
            owner: OwnerId::NOBODY,
            ..claimed
        },
        ..by_nobody(seq, step)
    };
    let again_claimed = claim_of(&other, 140).await;
    assert_eq!(again_claimed.fence, claimed.fence);
    let tried = Settlement {
        hold: again_claimed,
        ..settlement(seq, again_claimed.owner, again(400))
    };
    assert_eq!(other.settle(tried).await, Ok(Settled::Written));
    for step in [cancel("ops"), again(500)] {
        assert_eq!(store.settle(late(step)).await, Ok(Settled::Fenced));
    }
    assert_eq!(stands(&store).await, (ActionState::Open, 400));
}

/// Claims the one row that is due.
async fn claim_of(store: &PostgresStore, now: i64) -> Hold {
    let owner = store.register().await.expect("an owner");
    let claimed = claim(store, owner, now).await.pop().expect("a row");
    Hold {
        seq: claimed.seq,
        owner,
        fence: claimed.fence,
    }
}
