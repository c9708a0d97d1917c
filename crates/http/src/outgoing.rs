//! A request body that tells whether its request left.
//!
//! Time-outs and broken connections look the same whether the request was on its way or still waited for a connection. The HTTP client asks
//! a body whether it is empty once it has a connection to write to, and just before it writes the head: a body that nobody asked did not leave.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// The bytes of a request.
pub(crate) struct Outgoing {
    bytes: Option<Bytes>,
    departure: Departure,
}

/// Whether a request left. Decided once, by whoever is first: the connection that writes it, or the caller who gives it up.
#[derive(Clone, Default)]
pub(crate) struct Departure(Arc<OnceLock<Fate>>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Left,
    GivenUp,
}

/// A request that may no longer leave. Ends the connection that was about to write it; nobody waits for it.
#[derive(Debug, thiserror::Error)]
#[error("the request was given up")]
pub(crate) struct GivenUp;

impl Departure {
    /// The body to send, if there is one.
    pub(crate) fn of(&self, bytes: Option<Vec<u8>>) -> Outgoing {
        Outgoing {
            bytes: bytes.map(Bytes::from),
            departure: self.clone(),
        }
    }

    /// Gives the request up, and tells whether it has not left, and never will.
    pub(crate) fn give_up(&self) -> bool {
        *self.0.get_or_init(|| Fate::GivenUp) == Fate::GivenUp
    }

    fn is_given_up(&self) -> bool {
        self.0.get() == Some(&Fate::GivenUp)
    }

    /// Lets the request leave, if it was not given up.
    fn leave(&self) -> Result<(), GivenUp> {
        if *self.0.get_or_init(|| Fate::Left) == Fate::Left {
            Ok(())
        } else {
            Err(GivenUp)
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = GivenUp;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, GivenUp>>> {
        let left = self.departure.leave();
        Poll::Ready(match left {
            Ok(()) => self.bytes.take().map(|bytes| Ok(Frame::data(bytes))),
            Err(given_up) => Some(Err(given_up)),
        })
    }

    /// One that was given up says that there is more, since only what is asked for more can fail: the head, not yet written, goes with it.
    fn is_end_stream(&self) -> bool {
        self.departure.leave().is_ok() && self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
        // As with its end: what says that it is empty is not asked for more.
        SizeHint::with_exact(if self.departure.is_given_up() {
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

    /// What a request may have for a body.
    fn bodies() -> [Option<Vec<u8>>; 3] {
        [None, Some(Vec::new()), Some(b"hello".to_vec())]
    }

    #[test]
    fn a_request_leaves_or_is_given_up_and_never_both() {
        let poll = |body: &mut Outgoing| {
            Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()))
        };
        for bytes in bodies() {
            let departure = Departure::default();
            let mut body = departure.of(bytes.clone());
            assert_eq!(body.is_end_stream(), bytes.is_none());
            assert_eq!(
                body.size_hint().exact(),
                Some(bytes.as_ref().map_or(0, Vec::len) as u64)
            );
            assert!(
                !departure.give_up() && !departure.give_up(),
                "it has left: {bytes:?}"
            );
            assert!(
                !matches!(poll(&mut body), Poll::Ready(Some(Err(_)))),
                "it goes on: {bytes:?}"
            );

            let departure = Departure::default();
            let mut body = departure.of(bytes.clone());
            assert!(
                departure.give_up() && departure.give_up(),
                "it waits: {bytes:?}"
            );
            assert!(
                !body.is_end_stream() && body.size_hint().lower() > 0,
                "{bytes:?}"
            );
            assert!(
                matches!(poll(&mut body), Poll::Ready(Some(Err(GivenUp)))),
                "{bytes:?}"
            );
            assert!(departure.give_up(), "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn nothing_is_written_of_a_request_that_was_given_up() {
        for bytes in bodies() {
            for method in [hyper::Method::GET, hyper::Method::POST] {
                let (ours, mut theirs) = tokio::io::duplex(4096);
                let (mut sender, connection) = http1::handshake(TokioIo::new(ours))
                    .await
                    .expect("a connection");
                let serving = tokio::spawn(connection);
                let departure = Departure::default();
                let mut request = hyper::Request::new(departure.of(bytes.clone()));
                *request.method_mut() = method;
                assert!(departure.give_up());
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
