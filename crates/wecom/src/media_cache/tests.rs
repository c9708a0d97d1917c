//! Tests of the cache, against a server that answers with what it is given.

use std::sync::mpsc::Receiver;

use super::*;
use crate::test_server::{Received, T1, serve};
use crate::upload::MediaType;

const M1: &str =
    r#"{"errcode":0,"errmsg":"","type":"file","media_id":"m-1","created_at":"1380000000"}"#;
const M2: &str =
    r#"{"errcode":0,"errmsg":"","type":"file","media_id":"m-2","created_at":"1380000000"}"#;
const M3: &str =
    r#"{"errcode":0,"errmsg":"","type":"file","media_id":"m-3","created_at":"1380000000"}"#;
const BUSY: &str = r#"{"errcode":-1,"errmsg":"system busy"}"#;

/// Clocks that a test sets.
#[derive(Default)]
struct Hands {
    monotonic: Mutex<Duration>,
    wall: Mutex<Duration>,
}

impl Clock for Hands {
    fn monotonic(&self) -> Duration {
        *self.monotonic.lock().expect("a time")
    }

    fn wall(&self) -> Duration {
        *self.wall.lock().expect("a time")
    }
}

fn cache(capacity: usize) -> (MediaCache, Arc<Hands>) {
    let hands = Arc::new(Hands::default());
    (
        MediaCache::new(capacity, Arc::<Hands>::clone(&hands)),
        hands,
    )
}

fn file<'a>(filename: &'a str, bytes: &'a [u8]) -> Upload<'a> {
    Upload {
        media_type: MediaType::File,
        filename,
        content_type: "text/plain",
        bytes,
    }
}

async fn id(app: &App, cache: &MediaCache, upload: Upload<'_>) -> String {
    let uploaded = app.upload_cached(cache, upload).await;
    uploaded.expect("an upload").media_id
}

fn uploads(calls: &Receiver<Received>) -> usize {
    calls
        .try_iter()
        .filter(|(target, _)| target.starts_with("/cgi-bin/media/upload"))
        .count()
}

#[tokio::test]
async fn the_same_medium_is_uploaded_once() {
    let (app, calls) = serve(&[T1, M1, M2, M3]);
    let (cache, _) = cache(10);
    for _ in 0..3 {
        assert_eq!(id(&app, &cache, file("a.txt", b"123456")).await, "m-1");
    }
    assert_eq!(id(&app, &cache, file("b.txt", b"123456")).await, "m-2");
    assert_eq!(id(&app, &cache, file("a.txt", b"1234567")).await, "m-3");
    assert_eq!((uploads(&calls), cache.len()), (3, 3));
    assert!(format!("{cache:?}").contains("len: 3"));
}

#[tokio::test]
async fn an_id_is_handed_out_for_so_long_by_either_clock() {
    for clock in 0..2 {
        let (app, calls) = serve(&[T1, M1, M2]);
        let (cache, hands) = cache(10);
        let set = |time: Duration| {
            let hand = [&hands.monotonic, &hands.wall][clock];
            *hand.lock().expect("a time") = time;
        };
        let medium = file("a.txt", b"123456");
        assert_eq!(id(&app, &cache, medium).await, "m-1");
        set(GOOD_FOR.checked_sub(Duration::from_secs(1)).expect("less"));
        assert_eq!(id(&app, &cache, medium).await, "m-1");
        set(GOOD_FOR);
        assert_eq!(id(&app, &cache, medium).await, "m-2");
        assert_eq!(uploads(&calls), 2);
    }
}

#[tokio::test]
async fn who_comes_meanwhile_waits_for_the_same_upload() {
    let (app, calls) = serve(&[T1, M1]);
    let (cache, _) = cache(10);
    let medium = file("a.txt", b"123456");
    let one = || id(&app, &cache, medium);
    let ids = tokio::join!(one(), one(), one());
    assert_eq!(ids, ("m-1".into(), "m-1".into(), "m-1".into()));
    assert_eq!(uploads(&calls), 1);
}

#[tokio::test]
async fn an_error_is_for_those_who_wait_and_nobody_else() {
    let (app, calls) = serve(&[T1, BUSY, M1]);
    let (cache, _) = cache(10);
    let medium = file("a.txt", b"123456");
    let one = || app.upload_cached(&cache, medium);
    let (first, second) = tokio::join!(one(), one());
    let first = first.expect_err("busy");
    assert_eq!((first.code(), second), (Some(-1), Err(first.clone())));
    assert!(cache.is_empty());
    assert_eq!(id(&app, &cache, medium).await, "m-1");
    assert_eq!(uploads(&calls), 2);
}

#[tokio::test]
async fn an_upload_that_is_given_up_is_taken_up_by_another() {
    let (app, _) = serve(&[T1, M1, M2]);
    let (cache, _) = cache(10);
    let medium = file("a.txt", b"123456");
    let mut given_up = Box::pin(app.upload_cached(&cache, medium));
    assert!(at_once(given_up.as_mut()).is_none());
    let mut waiting = Box::pin(app.upload_cached(&cache, medium));
    assert!(at_once(waiting.as_mut()).is_none());
    drop(given_up);
    assert!(cache.lock().under_way.is_empty(), "nothing is left of it");
    let uploaded = waiting.await.expect("an upload");
    assert!(uploaded.media_id.starts_with("m-"), "{uploaded:?}");
    assert_eq!(cache.len(), 1);
}

/// What a future comes to at once; `None` where it waits.
fn at_once<F: Future + ?Sized>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}

#[tokio::test]
async fn the_one_that_was_used_least_lately_goes_first() {
    let (app, calls) = serve(&[T1, M1, M2, M3, M1]);
    let (cache, _) = cache(2);
    let [a, b, c] = ["a", "b", "c"].map(|name| file(name, b"123456"));
    assert_eq!(id(&app, &cache, a).await, "m-1");
    assert_eq!(id(&app, &cache, b).await, "m-2");
    assert_eq!(id(&app, &cache, a).await, "m-1");
    assert_eq!(id(&app, &cache, c).await, "m-3");
    assert_eq!((id(&app, &cache, a).await, cache.len()), ("m-1".into(), 2));
    assert_eq!(id(&app, &cache, b).await, "m-1", "it was forgotten");
    assert_eq!(uploads(&calls), 4);
}

#[tokio::test]
async fn a_medium_that_the_service_no_longer_knows_is_forgotten() {
    let (app, calls) = serve(&[T1, M1, M2]);
    let (cache, _) = cache(2);
    let medium = file("a.txt", b"123456");
    assert_eq!(id(&app, &cache, medium).await, "m-1");
    cache.forget("m-1");
    assert_eq!(id(&app, &cache, medium).await, "m-2");
    assert_eq!(uploads(&calls), 2);
}
