//! A request body that tells whether it left.
//!
//! Time-outs and broken connections look the same whether the request was on its way or still waited for a connection. The HTTP client asks
//! for the body only once it has a connection to write to, and writes nothing before: a body that nobody asked for did not leave.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// The bytes of a request.
pub(crate) struct Outgoing {
    bytes: Option<Bytes>,
    left: Departure,
}

/// Whether a request left.
#[derive(Clone, Default)]
pub(crate) struct Departure(Arc<AtomicBool>);

impl Departure {
    /// The body to send.
    pub(crate) fn of(&self, bytes: Vec<u8>) -> Outgoing {
        Outgoing {
            bytes: Some(bytes.into()),
            left: self.clone(),
        }
    }

    /// Whether some of it may have left.
    pub(crate) fn happened(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.left.0.store(true, Ordering::Release);
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}
