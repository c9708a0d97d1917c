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

mod documents;
mod engine;
mod gate;
mod history;
mod journal;
mod letters;
#[cfg(feature = "postgres")]
mod parts;
#[cfg(feature = "postgres")]
mod positions;
mod readers;
#[cfg(feature = "postgres")]
mod renewals;
mod transfer;
mod upgrade;

use std::path::Path;
use std::sync::Arc;

pub(crate) use engine::Engine;

use acteon_core::{Action, ActionId, Caller, Origin, Outcome, Prepared, ProviderName, Response, Scope, Timestamp};
use acteon_store::{
    Admission, Admitted, Birth, Claim, ClaimLane, Conditions, Fate, OwnerId, Record, Seq, Settlement, SqliteOptions, SqliteStore, Store,
    StoreError, Turn, Way,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn open(folder: &Path, max_pages: Option<u32>) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(&SqliteOptions { path: folder.join("test.db"), max_pages, ..SqliteOptions::default() })
}

fn provider(name: &str) -> ProviderName {
    ProviderName::parse(name).expect("a name")
}

fn prepared() -> Prepared {
    Prepared { bytes: vec![0, 255, 7], recipients: vec!["1/u".into()], warnings: vec!["cut".into()], repeat_safe: true }
}

fn action(id: &str, tenant: &str) -> Action {
    let text = format!(
        r#"{{"id":"{id}","namespace":"n","tenant":"{tenant}","provider":"p","action_type":"x","payload":{{"b":1,"a":"中"}},"created_at":"2026-01-01T00:00:00Z"}}"#
    );
    serde_json::from_str(&text).expect("an action")
}

fn way(name: &str, birth: Birth) -> Way {
    Way { provider: provider(name), prepared: Arc::new(prepared()), lane: "lane".into(), give_up_at: at(1000), birth, quotas: Vec::new() }
}

fn with_fate(id: &str, accepted_at: Timestamp, fate: Fate) -> Admission {
    let action = Arc::new(action(id, "t"));
    Admission {
        action,
        origin: Origin::Api,
        caller: Caller::anonymous(),
        verdict: "allow",
        rule: None,
        accepted_at,
        turn: Turn::Single,
        fate,
        possible_duplicate: false,
        letter: None,
    }
}

fn admission(id: &str, birth: Birth) -> Admission {
    with_fate(id, at(100), Fate::Send { conditions: Conditions::default(), ways: vec![way("p", birth)] })
}

fn executed() -> Outcome {
    Outcome::Executed(Response::success(serde_json::value::to_raw_value(&true).expect("JSON")))
}

fn failed(code: &str) -> Outcome {
    Outcome::Failed { code: code.into(), message: "no".into(), retryable: false, attempts: 1 }
}

fn again(due: i64) -> Outcome {
    let action_id = ActionId::parse("a").expect("an id");
    Outcome::Scheduled { action_id, scheduled_for: at(due), attempts: 1, last_error: None }
}

fn settlement(seq: Seq, owner: OwnerId, outcome: Outcome) -> Settlement {
    Settlement {
        seq,
        owner,
        fence: 0,
        at: at(200),
        attempts: 1,
        rounds: 1,
        takeovers: 0,
        history: "[]".into(),
        possible_duplicate: false,
        waited_for: true,
        text: outcome.to_json(),
        outcome,
        refund: None,
    }
}

async fn admit(store: &dyn Store, id: &str, birth: Birth) -> Seq {
    match store.admit(admission(id, birth)).await {
        Ok(Admitted::Open { seq, .. }) => seq,
        Ok(_) => panic!("{id} was there"),
        Err(error) => panic!("{error}"),
    }
}

async fn claim(store: &dyn Store, owner: OwnerId, now: i64) -> Vec<Record> {
    store.claim(Claim { owner, now: at(now), lane: ClaimLane::Lane("lane".into()), limit: 10 }).await.expect("claimed")
}

async fn find(store: &dyn Store, id: &str) -> Record {
    let mut found = store.find(&Scope::everything(), &ActionId::parse(id).expect("an id")).await.expect("found");
    found.pop().expect("a record")
}
