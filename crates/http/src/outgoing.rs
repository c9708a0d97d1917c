//! Request body that knows whether its request left.
//!
//! A time-out or a broken connection looks the same whether the request was on its way or still waited for a connection. But the HTTP client asks a
//! body whether it is empty once it has a connection to write to, just before it writes the head: a request whose body was never asked did not leave.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Body of a request. It starts the sending when the HTTP client first asks about it.
pub(crate) struct Outgoing {
    bytes: Option<Bytes>,
    state: SendState,
}

/// State of a request: undecided, started or cancelled. It is decided once, by whichever comes first: the connection that writes the request, or the
/// caller that cancels it.
#[derive(Clone, Default)]
pub(crate) struct SendState(Arc<OnceLock<SendOutcome>>);

/// Decision about a request that waited.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SendOutcome {
    Started,
    Cancelled,
}

/// Error of a cancelled request. It closes the connection that was about to write the request; no caller sees it.
#[derive(Debug, thiserror::Error)]
#[error("the request was cancelled")]
pub(crate) struct Cancelled;

impl SendState {
    /// Makes a request's body, which decides this state; `None` is a request without a body.
    pub(crate) fn of(&self, bytes: Option<Vec<u8>>) -> Outgoing {
        Outgoing {
            bytes: bytes.map(Bytes::from),
            state: self.clone(),
        }
    }

    /// Cancels the request; `false` when it was started before, so that it may have left.
    pub(crate) fn cancel(&self) -> bool {
        *self.0.get_or_init(|| SendOutcome::Cancelled) == SendOutcome::Cancelled
    }

    fn is_cancelled(&self) -> bool {
        self.0.get() == Some(&SendOutcome::Cancelled)
    }

    /// Starts the sending. Errors when the request was cancelled before.
    fn start(&self) -> Result<(), Cancelled> {
        if *self.0.get_or_init(|| SendOutcome::Started) == SendOutcome::Started {
            Ok(())
        } else {
            Err(Cancelled)
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Cancelled;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cancelled>>> {
        let left = self.state.start();
        Poll::Ready(match left {
            Ok(()) => self.bytes.take().map(|bytes| Ok(Frame::data(bytes))),
            Err(cancelled) => Some(Err(cancelled)),
        })
    }

    /// Whether the body is at its end. A cancelled one says that it is not: the client then asks for a frame, gets the error, and drops the head that
    /// it has not written yet.
    fn is_end_stream(&self) -> bool {
        self.state.start().is_ok() && self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
        // As above: a body of length 0 is not asked for a frame, and could not fail.
        SizeHint::with_exact(if self.state.is_cancelled() {
            length.max(1)
        } else {
            length
        })
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use hyper::client::conn::http1;
    use hyper_util::rt::TokioIo;
    use tokio::io::AsyncReadExt as _;

    use super::*;

    /// Bodies that a request may have: none, an empty one, some bytes.
    fn bodies() -> [Option<Vec<u8>>; 3] {
        [None, Some(Vec::new()), Some(b"hello".to_vec())]
    }

    #[test]
    fn a_request_is_sent_or_cancelled_and_never_both() {
        let poll = |body: &mut Outgoing| {
            Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()))
        };
        for bytes in bodies() {
            let state = SendState::default();
            let mut body = state.of(bytes.clone());
            assert_eq!(body.is_end_stream(), bytes.is_none());
            assert_eq!(
                body.size_hint().exact(),
                Some(bytes.as_ref().map_or(0, Vec::len) as u64)
            );
            assert!(!state.cancel() && !state.cancel(), "it has left: {bytes:?}");
            assert!(
                !matches!(poll(&mut body), Poll::Ready(Some(Err(_)))),
                "it goes on: {bytes:?}"
            );

            let state = SendState::default();
            let mut body = state.of(bytes.clone());
            assert!(state.cancel() && state.cancel(), "it waits: {bytes:?}");
            assert!(
                !body.is_end_stream() && body.size_hint().lower() > 0,
                "{bytes:?}"
            );
            assert!(
                matches!(poll(&mut body), Poll::Ready(Some(Err(Cancelled)))),
                "{bytes:?}"
            );
            assert!(state.cancel(), "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn nothing_is_written_of_a_cancelled_request() {
        for bytes in bodies() {
            for method in [hyper::Method::GET, hyper::Method::POST] {
                let (ours, mut theirs) = tokio::io::duplex(4096);
                let (mut sender, connection) = http1::handshake(TokioIo::new(ours))
                    .await
                    .expect("a connection");
                let serving = tokio::spawn(connection);
                let state = SendState::default();
                let mut request = hyper::Request::new(state.of(bytes.clone()));
                *request.method_mut() = method;
                assert!(state.cancel());
                let mut written = Vec::new();
                let reading = async {
                    theirs
                        .read_buf(&mut written)
                        .await
                        .expect("bytes, or their end");
                    drop(theirs);
                };
                let (sent, ()) = tokio::join!(sender.send_request(request), reading);
                assert!(sent.is_err());
                serving.await.expect("an end").ok();
                assert_eq!(String::from_utf8_lossy(&written), "", "{bytes:?}");
            }
        }
    }
}
