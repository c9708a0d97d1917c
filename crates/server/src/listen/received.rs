//! The body of a request, whose rest is read and thrown away where nobody wants it.
//!
//! Many programs write their whole body before they read an answer. A connection that is closed with bytes that nobody read is reset, and they never
//! see the answer that says why. So the rest is read while the answer is on its way and after it, within limits.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use acteon_core::limits::{MAX_UNREAD_BYTES, UNREAD_TIMEOUT};
use axum::body::Bytes;
use axum::http::{Request, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::runtime::Handle;

use crate::connection::Connection;

/// Body as it arrives.
pub(super) struct Received {
    /// Rest of the body; `None` once it has ended.
    body: Option<Incoming>,
    /// Whether its client waits to be asked for it (`Expect`), and was not: there is nothing to
    /// read.
    waits: bool,
    connection: Arc<Connection>,
}

impl Received {
    /// Wraps the body of a request.
    pub(super) fn within(
        request: Request<Incoming>,
        connection: &Arc<Connection>,
    ) -> Request<Self> {
        let waits = request.headers().contains_key(header::EXPECT);
        request.map(|body| Self {
            body: Some(body),
            waits,
            connection: Arc::clone(connection),
        })
    }
}

impl Body for Received {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.waits = false;
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(body).poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        // The few connections of the reserve are for others.
        let is_left = self.waits || self.connection.is_reserved();
        let Some(mut rest) = self
            .body
            .take()
            .filter(|rest| !rest.is_end_stream() && !is_left)
        else {
            return;
        };
        // A small one has often come with its head.
        let first = Pin::new(&mut rest).poll_frame(&mut Context::from_waker(Waker::noop()));
        if matches!(first, Poll::Ready(None | Some(Err(_)))) || rest.is_end_stream() {
            return;
        }
        self.connection.set_last();
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(throw_away(rest));
        }
    }
}

/// Reads the rest of a body. What comes after the limits is cut off with its connection.
async fn throw_away(mut rest: Incoming) {
    let reading = async {
        let mut left = MAX_UNREAD_BYTES;
        // Behind the last bytes of a length nothing comes to tell so.
        while !rest.is_end_stream()
            && let Some(Ok(frame)) = rest.frame().await
        {
            left = left.checked_sub(frame.data_ref().map_or(0, Bytes::len))?;
        }
        Some(())
    };
    drop(tokio::time::timeout(UNREAD_TIMEOUT, reading).await);
}
