//! Positions that somebody else took.

use acteon_store::Engine as _;
use acteon_store::postgres::PostgresStore;

use crate::{Engine, Enqueue, admit, at};

#[tokio::test]
async fn a_position_that_another_took_is_left_to_it() {
    let Some(Engine::Postgres(database)) = crate::engine::postgres().await else {
        return;
    };
    let store = PostgresStore::open(database.options())
        .await
        .expect("a store");
    let first = admit(&store, "first", Enqueue::DueAt(at(500))).await;
    let taken = format!(
        "INSERT INTO actions SELECT seq + 1, 'taken', tenant, namespace, accepted_at, provider, action_type, origin, caller, auth_method, \
         verdict, rule, superseded, through, charges, request_facts, replace(action, '\"first\"', '\"taken\"'), request \
         FROM actions WHERE seq = {}",
        first.0
    );
    database.execute(&taken).await.expect("a row");
    let second = admit(&store, "second", Enqueue::DueAt(at(500))).await;
    assert_eq!((second.0 - first.0, store.open_count()), (2, 2));
}
