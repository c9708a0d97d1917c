//! Answers that go on: events as a browser's `EventSource` reads them, one frame for each.

use std::convert::Infallible;
use std::sync::Arc;

use acteon_core::Caller;
use acteon_core::limits::STREAM_PING;
use acteon_gateway::{StreamEvent, Told};
use acteon_store::EventId;
use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use tokio::time::{Instant, timeout_at};

use super::state::AppState;
use super::stream_places::StreamPlace;
use crate::metrics::StreamCount;

/// Header by which proxies such as nginx are told to pass on every frame as it comes.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Line that keeps a connection open on which nothing happens.
const PING: &str = ": ping\n";

/// Frame that says only from where its reader goes on. Browsers keep an id without an event.
pub(super) fn begins(came_to: EventId) -> Bytes {
    format!("id: {came_to}\n\n").into()
}

/// Frame that keeps a connection open, with the id by which its reader goes on from here, if there is one.
pub(super) fn ping(came_to: Option<EventId>) -> Bytes {
    came_to
        .map_or_else(|| format!("{PING}\n"), |id| format!("{PING}id: {id}\n\n"))
        .into()
}

/// Frame of an event.
pub(super) fn frame(event: &StreamEvent) -> Bytes {
    let StreamEvent { id, kind, data, .. } = event;
    format!("id: {id}\nevent: {}\ndata: {data}\n\n", kind.as_str()).into()
}

/// Frame that says how many events were passed over.
pub(super) fn lagged(skipped: u64) -> Bytes {
    format!("event: lagged\ndata: {{\"skipped\":{skipped}}}\n\n").into()
}

/// Frame that says that nothing more comes of what has this id.
pub(super) fn subscription_end(name: &str, id: &str) -> Bytes {
    let data = serde_json::json!({ name: id });
    format!("event: subscription_end\ndata: {data}\n\n").into()
}

/// Source of what a reader is told.
pub(super) trait Frames: Send + 'static {
    /// The next frame; `None` at the end. It may be dropped while it waits.
    fn next(&mut self) -> impl Future<Output = Option<Bytes>> + Send;

    /// A frame for a connection on which nothing happens.
    fn ping(&mut self) -> impl Future<Output = Bytes> + Send;
}

/// Reader, with what ends it.
pub(super) struct Reading<F> {
    pub(super) frames: F,
    pub(super) state: Arc<AppState>,
    pub(super) caller: Caller,
    pub(super) place: StreamPlace,
}

/// State of the body of an answer.
struct Sending<F> {
    frames: F,
    state: Arc<AppState>,
    caller: Caller,
    /// Instant of the next look whether its caller may still read, and of a ping where nothing was told.
    ping_at: Instant,
    _place: StreamPlace,
    _count: StreamCount,
}

/// Answer that tells what `reading` has until that ends, its caller leaves or may not read any more, or the server stops.
pub(super) fn answer<F: Frames>(reading: Reading<F>) -> Response {
    let Reading {
        frames,
        state,
        caller,
        place,
    } = reading;
    let sending = Sending {
        frames,
        ping_at: Instant::now() + STREAM_PING,
        _place: place,
        _count: state.metrics.stream(),
        state,
        caller,
    };
    let frames = stream::unfold(sending, |mut sending| async move {
        let frame = sending.next().await?;
        Some((Ok::<_, Infallible>(frame), sending))
    });
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream"),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache, no-transform"),
        ),
        (BUFFERING, HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(frames)).into_response()
}

impl<F: Frames> Sending<F> {
    async fn next(&mut self) -> Option<Bytes> {
        let told = timeout_at(self.ping_at, self.frames.next()).await;
        if self.ping_at <= Instant::now() {
            self.ping_at = Instant::now() + STREAM_PING;
            if !self.state.auth.still_knows(&self.caller) {
                return None;
            }
        }
        match told {
            Ok(told) => told,
            Err(_) => Some(self.frames.ping().await),
        }
    }
}

/// Frame of what a reader is told.
pub(super) fn told(told: &Told) -> Bytes {
    match told {
        Told::Event(event) => frame(event),
        Told::Lagged(skipped) => lagged(*skipped),
    }
}
