//! Batches of which a part is refused: nobody is told that nothing was stored whose row is there, and one item's fault is no other's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Scope, Tenant};
use acteon_store::{
    Admission, Admitted, Conditions, Disposition, Enqueue, Overage, OwnerId, QuotaCheck, Route,
    StoreError,
};
use acteon_store::{History as _, Journal as _, Processes as _, postgres::PostgresStore};
use acteon_testkit::postgres::TestDatabase;

use crate::lost_answers::until_open;
use crate::{action, at, route, with_disposition};

/// Raises an error for rows of a table that a condition holds for, like a disk that is full.
fn raising(table: &str, code: &str, condition: &str) -> String {
    format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN IF {condition} THEN RAISE EXCEPTION 'refused' USING ERRCODE = '{code}'; END IF; RETURN NEW; END $$; \
         CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
}

fn charged(id: &str, owner: OwnerId, counter: Option<&str>) -> Admission {
    let quota = |counter: &str| QuotaCheck {
        counter: counter.into(),
        id: counter.into(),
        tenant: Tenant::parse("t").expect("a name"),
        max_actions: 1_000_000,
        resets_at: at(3600),
        overage: Overage::Block,
    };
    let route = Route {
        quotas: counter.map(quota).into_iter().collect(),
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

/// Admits all at once; says what each was told.
async fn admit_all(
    store: &Arc<PostgresStore>,
    admissions: Vec<Admission>,
) -> BTreeMap<String, Result<(), StoreError>> {
    let tasks: Vec<_> = admissions
        .into_iter()
        .map(|admission| {
            let (store, id) = (Arc::clone(store), admission.action.id.to_string());
            tokio::spawn(async move {
                let told = tokio::time::timeout(Duration::from_mins(1), store.admit(admission))
                    .await
                    .expect("an answer");
                (
                    id,
                    told.map(|admitted| {
                        assert!(matches!(admitted, Admitted::Open { .. }), "it is open");
                    }),
                )
            })
        })
        .collect();
    let mut told = BTreeMap::new();
    for task in tasks {
        let (id, answer) = task.await.expect("an answer");
        told.insert(id, answer);
    }
    told
}

async fn is_there(store: &PostgresStore, id: &str) -> bool {
    !store
        .find(&Scope::everything(), &action(id, "t").id)
        .await
        .expect("found")
        .is_empty()
}

/// Those with an even number are charged to a counter; what the counters' table refuses is told to those alone, and none of them is there.
async fn refused_counters(code: &str, told_as: fn(&StoreError) -> bool) {
    let Some(database) = TestDatabase::find().await else {
        return;
    };
    let store = Arc::new(
        PostgresStore::open(database.options())
            .await
            .expect("a store"),
    );
    let owner = store.register().await.expect("an owner");
    database
        .execute(&raising("counters", code, "TRUE"))
        .await
        .expect("a trigger");
    let admissions = (0..400)
        .map(|number| {
            charged(
                &format!("a{number}"),
                owner,
                (number % 2 == 0).then_some("q"),
            )
        })
        .collect();
    for (id, told) in admit_all(&store, admissions).await {
        let even = id[1..].parse::<usize>().expect("a number") % 2 == 0;
        assert_eq!(told.is_err(), even, "{id} was told {told:?}");
        assert!(
            told.as_ref().err().is_none_or(told_as),
            "{id} was told {told:?}"
        );
        assert_eq!(is_there(&store, &id).await, !even, "{id} was told {told:?}");
    }
    until_open(&store, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_counter_finds_no_space_is_told_so_and_is_not_there() {
    refused_counters("53100", |error| *error == StoreError::Full).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_counter_cannot_be_written_is_told_so_and_is_not_there() {
    refused_counters("23514", |error| matches!(error, StoreError::Engine(_))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_counter_stays_contended_is_told_so_and_is_not_there() {
    refused_counters("40001", |error| {
        matches!(error, StoreError::Busy | StoreError::Away(_))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_counter_takes_too_long_is_told_so_and_is_not_there() {
    refused_counters("57014", |error| matches!(error, StoreError::Away(_))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_counter_that_is_refused_refuses_no_other() {
    let Some(database) = TestDatabase::find().await else {
        return;
    };
    let store = Arc::new(
        PostgresStore::open(database.options())
            .await
            .expect("a store"),
    );
    let owner = store.register().await.expect("an owner");
    database
        .execute(&raising("counters", "53100", "NEW.name = 'q7'"))
        .await
        .expect("a trigger");
    let admissions = (0..100)
        .map(|number| {
            charged(
                &format!("a{number}"),
                owner,
                Some(&format!("q{}", number % 50)),
            )
        })
        .collect();
    let told = admit_all(&store, admissions).await;
    let refused: Vec<&str> = told
        .iter()
        .filter(|(_, told)| told.is_err())
        .map(|(id, _)| id.as_str())
        .collect();
    assert_eq!(refused, ["a57", "a7"]);
    assert_eq!(store.used("q8").await, Ok(2), "the others are charged once");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_process_any_more_refuses_nobody_else_of_a_batch() {
    let Some(database) = TestDatabase::find().await else {
        return;
    };
    let store = Arc::new(
        PostgresStore::open(database.options())
            .await
            .expect("a store"),
    );
    let owners = [
        store.register().await.expect("an owner"),
        store.register().await.expect("an owner"),
    ];
    store.retire(owners[0], at(100)).await.expect("retired");
    let admission = |number: usize| {
        charged(
            &format!("a{number}"),
            owners[number % 2],
            number.is_multiple_of(3).then_some("q"),
        )
    };
    let told = admit_all(&store, (0..300).map(admission).collect()).await;
    for (id, told) in &told {
        let gone = id[1..].parse::<usize>().expect("a number") % 2 == 0;
        assert_eq!(
            told.as_ref().err(),
            gone.then_some(&StoreError::Fenced),
            "{id}"
        );
        assert_eq!(is_there(&store, id).await, !gone, "{id}");
    }
    assert_eq!(
        store.used("q").await,
        Ok(50),
        "nothing is charged for what is not written"
    );
}
