//! Renewals of a lease over connections that carry nothing: they end in seconds, and the next goes over another connection.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use acteon_store::postgres::{PostgresOptions, PostgresStore};
use acteon_store::{OwnerId, Processes as _};
use acteon_testkit::postgres::TestDatabase;
use acteon_testkit::proxy::{FaultProxy, Link};

/// A store behind a proxy, and a process registered there.
async fn behind_a_proxy(database: &TestDatabase) -> Option<(FaultProxy, PostgresStore, OwnerId)> {
    let options = database.options();
    let place = options.url.split('@').nth(1)?.split('/').next()?;
    let target: SocketAddr = place.parse().ok()?;
    let proxy = FaultProxy::start(target).await.expect("a proxy");
    let url = options.url.replace(place, &proxy.address().to_string());
    let store = PostgresStore::open(&PostgresOptions {
        url,
        ..options.clone()
    })
    .await
    .expect("a store");
    let owner = store.register().await.expect("an owner");
    assert_eq!(store.renew(owner).await, Ok(true));
    Some((proxy, store, owner))
}

#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::disallowed_methods,
    reason = "what is tested is how long it takes"
)]
async fn a_renewal_over_a_silent_connection_ends_in_seconds_and_the_next_has_another() {
    let Some(database) = TestDatabase::find().await else {
        return;
    };
    let Some((proxy, store, owner)) = behind_a_proxy(&database).await else {
        return;
    };
    proxy.set(Link::Silent);
    let begun = Instant::now();
    store.renew(owner).await.expect_err("no answer comes");
    assert!(
        begun.elapsed() < Duration::from_secs(6),
        "{:?}",
        begun.elapsed()
    );
    proxy.set(Link::Up);
    let begun = Instant::now();
    assert_eq!(store.renew(owner).await, Ok(true));
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_over_a_closed_connection_is_done_over_another() {
    let Some(database) = TestDatabase::find().await else {
        return;
    };
    let Some((proxy, store, owner)) = behind_a_proxy(&database).await else {
        return;
    };
    proxy.close_all();
    assert_eq!(store.renew(owner).await, Ok(true));
}
