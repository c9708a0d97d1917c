//! What every store promises, on every engine there is.

/// Tests that run on each engine, unchanged.
macro_rules! on_every_engine {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() { super::$name(&crate::engine::sqlite()).await; })*
        }
        mod memory {
            $(#[tokio::test]
            async fn $name() { super::$name(&crate::engine::memory()).await; })*
        }
        #[cfg(feature = "postgres")]
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                if let Some(engine) = crate::engine::postgres().await { super::$name(&engine).await; }
            })*
        }
    };
}

mod damage;
mod documents;
mod engine;
mod events;
mod faults;
#[cfg(feature = "postgres")]
mod flow_locks;
mod flows;
mod gate;
mod goldens;
mod history;
mod holds;
mod journal;
mod letters;
#[cfg(feature = "postgres")]
mod lost_answers;
#[cfg(feature = "postgres")]
mod parts;
#[cfg(feature = "postgres")]
mod positions;
mod priorities;
mod readers;
#[cfg(feature = "postgres")]
mod renewals;
mod reroutes;
mod scheduled;
mod sweeps;
#[cfg(feature = "postgres")]
mod take_overs;
mod transfer;
mod upgrade;

use std::path::Path;
use std::sync::Arc;

pub(crate) use engine::Engine;

use acteon_core::{
    Action, ActionId, Caller, Origin, Outcome, Prepared, ProviderName, Response, Scope, Timestamp,
};
use acteon_store::{
    Admission, Admitted, Claim, ClaimRows, Conditions, Disposition, Enqueue, Hold, OwnerId, Record,
    Room, Route, Seq, Settlement, SqliteOptions, SqliteStore, Step, Store, StoreError, Turn,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn open(folder: &Path, max_pages: Option<u32>) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(&SqliteOptions {
        path: folder.join("test.db"),
        max_pages,
        ..SqliteOptions::default()
    })
}

fn provider(name: &str) -> ProviderName {
    ProviderName::parse(name).expect("a name")
}

fn prepared() -> Prepared {
    Prepared {
        bytes: vec![0, 255, 7],
        recipients: vec!["1/u".into()],
        warnings: vec!["cut".into()],
        repeat_safe: true,
    }
}

fn action(id: &str, tenant: &str) -> Action {
    let text = format!(
        r#"{{"id":"{id}","namespace":"n","tenant":"{tenant}","provider":"p","action_type":"x","payload":{{"b":1,"a":"中"}},"created_at":"2026-01-01T00:00:00Z"}}"#
    );
    serde_json::from_str(&text).expect("an action")
}

fn route(name: &str, enqueue: Enqueue) -> Route {
    Route {
        provider: provider(name),
        prepared: Arc::new(prepared()),
        not_before: at(0),
        give_up_at: at(1000),
        enqueue,
        quotas: Vec::new(),
        so_far: None,
    }
}

fn with_disposition(id: &str, accepted_at: Timestamp, disposition: Disposition) -> Admission {
    let action = Arc::new(action(id, "t"));
    Admission {
        action,
        origin: Origin::Api,
        caller: Caller::anonymous(),
        verdict: acteon_core::VerdictKind::Allow,
        rule: None,
        priority: acteon_core::Priority::default(),
        accepted_at,
        turn: Turn::Single,
        disposition,
        possible_duplicate: false,
        letter: None,
        parent: None,
        begins: Vec::new(),
    }
}

fn admission(id: &str, enqueue: Enqueue) -> Admission {
    with_disposition(
        id,
        at(100),
        Disposition::Send {
            conditions: Conditions::default(),
            routes: vec![route("p", enqueue)],
        },
    )
}

fn executed() -> Outcome {
    Outcome::Executed(Response::success(
        serde_json::value::to_raw_value(&true).expect("JSON"),
    ))
}

fn failed(code: &str) -> Outcome {
    Outcome::Failed {
        code: code.into(),
        message: "no".into(),
        retryable: false,
        attempts: 1,
    }
}

fn end(outcome: Outcome) -> Step {
    Step::End {
        text: outcome.to_json(),
        outcome,
        class: None,
        refund: None,
    }
}

fn again(due: i64) -> Step {
    let action_id = ActionId::parse("a").expect("an id");
    let so_far = Outcome::Scheduled {
        action_id,
        scheduled_for: at(due),
        attempts: 1,
        last_error: None,
    };
    Step::PutOff {
        due_at: at(due),
        so_far: so_far.to_json(),
        age: None,
    }
}

fn settlement(seq: Seq, owner: OwnerId, step: Step) -> Settlement {
    Settlement {
        hold: Hold {
            seq,
            owner,
            fence: 0,
        },
        at: at(200),
        attempts: 1,
        durable_retries: 1,
        takeovers: 0,
        history: Some("[]".into()),
        possible_duplicate: false,
        late_mark: None,
        waited_for: true,
        poke: None,
        step,
    }
}

async fn admit(store: &dyn Store, id: &str, enqueue: Enqueue) -> Seq {
    match store.admit(admission(id, enqueue)).await {
        Ok(Admitted::Open { seq, .. }) => seq,
        Ok(_) => panic!("{id} was there"),
        Err(error) => panic!("{error:?}"),
    }
}

/// Claims due rows of the provider `p`, and reads them.
async fn claim(store: &dyn Store, owner: OwnerId, now: i64) -> Vec<Record> {
    claim_rows(
        store,
        owner,
        now,
        ClaimRows::Due(vec![Room::of(vec![provider("p")], 10)]),
    )
    .await
}

async fn claim_rows(store: &dyn Store, owner: OwnerId, now: i64, rows: ClaimRows) -> Vec<Record> {
    let mut records = Vec::new();
    for claimed in store
        .claim(Claim {
            owner,
            now: at(now),
            rows,
        })
        .await
        .expect("claimed")
    {
        let record = store
            .records(vec![claimed.hold.seq])
            .await
            .expect("read")
            .pop()
            .expect("a record");
        assert_eq!(
            (record.fence, record.owned, record.in_flight),
            (claimed.hold.fence, true, false)
        );
        records.push(record);
    }
    records
}

async fn find(store: &dyn Store, id: &str) -> Record {
    let mut found = store
        .find(&Scope::everything(), &ActionId::parse(id).expect("an id"))
        .await
        .expect("found");
    found.pop().expect("a record")
}

async fn sweep(store: &dyn Store, now: i64) {
    let mut next = store.sweep(at(now), None).await.expect("swept");
    while let Some(cursor) = next {
        next = store.sweep(at(now), Some(cursor)).await.expect("swept");
    }
}
