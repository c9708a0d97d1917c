//! Tests of waiting for a token, on virtual time. Fetches are tested over HTTP by the server's tests.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_core::future::BoxFuture;
use secrecy::SecretString;
use tokio::time::{Instant, sleep, timeout};

use super::*;
use crate::app::App;
use crate::error::Reason;
use crate::share::{SharedToken, TokenTurn};

/// Share that gives a token, after a while.
struct Slow {
    after: Option<Duration>,
    asked: AtomicUsize,
}

impl TokenShare for Slow {
    fn turn<'a>(
        &'a self,
        _name: &'a [u8; 32],
        _usable: &'a (dyn Fn(&SharedToken) -> bool + Send + Sync),
    ) -> BoxFuture<'a, TokenTurn> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            match self.after {
                Some(after) => sleep(after).await,
                None => pending().await,
            }
            TokenTurn::Use(SharedToken {
                secret: Arc::new(SecretString::from("t0ken")),
                life: Duration::from_hours(1),
                whole_life: Duration::from_hours(1),
            })
        })
    }

    fn keep<'a>(&'a self, _name: &'a [u8; 32], _token: &'a SharedToken) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    fn end<'a>(&'a self, _name: &'a [u8; 32]) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}

fn app(after: Option<Duration>) -> (App, Arc<Slow>) {
    let share = Arc::new(Slow {
        after,
        asked: AtomicUsize::new(0),
    });
    let tokens = TokenCache::default();
    tokens.share(Arc::<Slow>::clone(&share));
    let secret = |text: &str| Arc::new(SecretString::from(text));
    let credentials = Credentials {
        corp_id: secret("corp"),
        corp_secret: secret("s3cret"),
    };
    let endpoint = Endpoint::new("http://127.0.0.1:9", Duration::from_secs(10), None, false)
        .expect("an endpoint");
    (
        App::new(endpoint, credentials, 1, Duration::from_mins(5), &tokens)
            .within(Duration::from_secs(10)),
        share,
    )
}

#[tokio::test(start_paused = true)]
async fn a_send_that_waits_for_a_token_ends_in_time_and_was_none() {
    let (app, share) = app(None);
    let began = Instant::now();
    let error = app.send(b"{}").await.expect_err("no token");
    assert_eq!(
        (&error.reason, error.maybe_sent()),
        (&Reason::TokenLate, false)
    );
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    app.send(b"{}").await.expect_err("no token");
    assert_eq!(share.asked.load(Ordering::SeqCst), 1, "the fetch goes on");
}

#[tokio::test(start_paused = true)]
async fn nobody_who_gives_up_ends_the_fetch_that_others_wait_for() {
    let (app, share) = app(Some(Duration::from_secs(5)));
    let deadline = Instant::now() + Duration::from_secs(8);
    let impatient = timeout(
        Duration::from_secs(1),
        app.slot.get(Duration::ZERO, deadline),
    );
    let patient = app.slot.get(Duration::ZERO, deadline);
    let (impatient, patient) = tokio::join!(impatient, patient);
    assert!(impatient.is_err() && patient.is_ok());
    assert!(
        app.slot.get(Duration::ZERO, Instant::now()).await.is_ok(),
        "it is there for whoever comes"
    );
    assert_eq!(share.asked.load(Ordering::SeqCst), 1);
}

/// Share that gives its token to whoever finds it usable.
struct Has(SharedToken);

impl TokenShare for Has {
    fn turn<'a>(
        &'a self,
        _name: &'a [u8; 32],
        usable: &'a (dyn Fn(&SharedToken) -> bool + Send + Sync),
    ) -> BoxFuture<'a, TokenTurn> {
        Box::pin(async move {
            if usable(&self.0) {
                TokenTurn::Use(self.0.clone())
            } else {
                TokenTurn::Fetch
            }
        })
    }

    fn keep<'a>(&'a self, _name: &'a [u8; 32], _token: &'a SharedToken) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    fn end<'a>(&'a self, _name: &'a [u8; 32]) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}

/// A shared token is used for as long as the process that fetched it would use it.
#[tokio::test(start_paused = true)]
async fn a_shared_token_is_used_for_as_long_as_one_of_its_own_would_be() {
    for (buffer, whole_life, life, is_used) in [
        (300, 7200, 301, true),
        (300, 7200, 300, false),
        (7199, 7200, 3601, true),
        (7199, 7200, 3600, false),
        (300, 200, 150, true),
    ] {
        let seconds = Duration::from_secs;
        let tokens = TokenCache::default();
        let secret = |text: &str| Arc::new(SecretString::from(text));
        tokens.share(Arc::new(Has(SharedToken {
            secret: secret("t0ken"),
            life: seconds(life),
            whole_life: seconds(whole_life),
        })));
        let credentials = Credentials {
            corp_id: secret("corp"),
            corp_secret: secret("s3cret"),
        };
        let endpoint =
            Endpoint::new("http://127.0.0.1:9", seconds(10), None, false).expect("an endpoint");
        let slot = tokens.slot(&endpoint, &credentials);
        let got = slot.get(seconds(buffer), Instant::now() + seconds(5)).await;
        assert_eq!(
            got.is_ok(),
            is_used,
            "buffer {buffer}, {life} of {whole_life} left"
        );
        assert!(
            got.is_err() || !got.is_ok_and(|token| token.stale(slot.now(), seconds(buffer))),
            "it is not fetched anew at once"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_send_of_now_waits_for_no_token() {
    let (app, share) = app(Some(Duration::from_secs(5)));
    let began = Instant::now();
    assert!(!app.is_ready());
    let error = app.send_now(b"{}").await.expect_err("no token");
    assert_eq!(
        (
            &error.reason,
            began.elapsed(),
            share.asked.load(Ordering::SeqCst)
        ),
        (&Reason::TokenLate, Duration::ZERO, 0)
    );
    app.make_ready().await.expect("a token");
    assert!(app.is_ready());
    // Another send was refused meanwhile: this one leaves with the same token, and is refused as well.
    app.slot.invalidate(1);
    assert!(!app.is_ready() && app.slot.latest().is_some_and(|token| token.generation == 1));
}

#[tokio::test]
async fn tokens_of_credentials_that_nobody_uses_any_more_are_forgotten() {
    let secret = |text: &str| Arc::new(SecretString::from(text));
    let endpoint = Endpoint::new("http://127.0.0.1:9", Duration::from_secs(10), None, false)
        .expect("an endpoint");
    let tokens = TokenCache::default();
    let app = |corp_secret: &str| {
        let credentials = Credentials {
            corp_id: secret("corp"),
            corp_secret: secret(corp_secret),
        };
        App::new(
            endpoint.clone(),
            credentials,
            1,
            Duration::from_mins(5),
            &tokens,
        )
    };
    let mut in_use = app("s3cret-0");
    for number in 1..=100 {
        in_use = app(&format!("s3cret-{number}"));
    }
    assert_eq!(
        tokens.slots.lock().expect("a lock").len(),
        2,
        "the one in use, and the one that it replaced"
    );
    let same = app("s3cret-100");
    assert!(
        Arc::ptr_eq(&in_use.slot, &same.slot) && tokens.slots.lock().expect("a lock").len() == 1
    );
}
