//! Bytes of a connection, with a limit on what its client may make it hold.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use acteon_core::limits::{SMALL_HEAD_BYTES, WRITE_STEP_BYTES, WRITE_TIMEOUT};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf, Take};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use crate::budget::{Budget, Room};
use crate::connection::Connection;

/// Most bytes in one read. The layer above doubles its buffer when a read fills it, and keeps the
/// larger one for as long as the connection lasts.
const MAX_READ: u64 = 8191;

/// First and longest pause between looks at whether a client that has half closed should still be
/// waited for.
const FIRST_LOOK: Duration = Duration::from_millis(10);
const LAST_LOOK: Duration = Duration::from_secs(1);

pub(super) struct Stream {
    tcp: Take<TcpStream>,
    connection: Arc<Connection>,
    /// Bytes read since the last request ended, of which most are the next one's head, and room for
    /// them.
    head: usize,
    room: Room,
    /// While the client does not read: when that must be over, and how many bytes were written
    /// meanwhile.
    blocked: Option<(Pin<Box<Sleep>>, usize)>,
    half_closed: Option<HalfClosed>,
}

/// Client that said that nothing more comes while its request is worked on. The layer above would
/// take it for gone, and drop the request, so it is not told for a while.
struct HalfClosed {
    since: Instant,
    /// Time of the next look, and the pause before it.
    look: Pin<Box<Sleep>>,
    pause: Duration,
}

impl Stream {
    pub(super) fn new(tcp: TcpStream, connection: Arc<Connection>, heads: &Arc<Budget>) -> Self {
        let room = heads.room(Arc::clone(connection.close()));
        Self {
            tcp: tcp.take(MAX_READ),
            connection,
            head: 0,
            room,
            blocked: None,
            half_closed: None,
        }
    }

    fn writes(&mut self) -> Pin<&mut TcpStream> {
        Pin::new(self.tcp.get_mut())
    }

    /// Counts bytes of a head. The room is kept until the request ends: what is made of a head
    /// refers to its bytes.
    fn count(&mut self, read: usize) -> io::Result<()> {
        if !self.connection.is_idle() {
            return Ok(());
        }
        if self.connection.take_had_request() {
            self.head = 0;
            self.room.empty();
        }
        self.head += read;
        if self.head > SMALL_HEAD_BYTES
            && !self
                .room
                .grow(self.head.next_multiple_of(SMALL_HEAD_BYTES) * 2)
        {
            return Err(io::Error::other("too many long heads are on their way"));
        }
        Ok(())
    }

    /// Ready when the layer above may learn that nothing more comes.
    fn end_is_told(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let connection = &self.connection;
        let half_closed = self.half_closed.get_or_insert_with(|| {
            connection.set_half_closed();
            HalfClosed {
                since: Instant::now(),
                look: Box::pin(tokio::time::sleep(FIRST_LOOK)),
                pause: FIRST_LOOK,
            }
        });
        loop {
            if half_closed.since.elapsed() >= connection.half_closed_limit() {
                return Poll::Ready(());
            }
            ready!(half_closed.look.as_mut().poll(cx));
            half_closed.pause = (half_closed.pause * 2).min(LAST_LOOK);
            half_closed
                .look
                .as_mut()
                .reset(Instant::now() + half_closed.pause);
        }
    }

    fn wrote(
        &mut self,
        cx: &mut Context<'_>,
        asked: usize,
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match result {
            Poll::Ready(Ok(written)) => {
                let progress = self
                    .blocked
                    .as_ref()
                    .map_or(0, |(_, before)| before + written);
                if written == asked || progress >= WRITE_STEP_BYTES {
                    self.unblock();
                } else if let Some((_, before)) = &mut self.blocked {
                    *before = progress;
                }
                Poll::Ready(Ok(written))
            }
            Poll::Pending => {
                let connection = &self.connection;
                let (limit, _) = self.blocked.get_or_insert_with(|| {
                    connection.set_blocked(true);
                    (Box::pin(tokio::time::sleep(WRITE_TIMEOUT)), 0)
                });
                match limit.as_mut().poll(cx) {
                    Poll::Ready(()) => Poll::Ready(Err(io::Error::new(
                        io::ErrorKind::TimedOut,
                        "its client does not read",
                    ))),
                    Poll::Pending => Poll::Pending,
                }
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        }
    }

    fn unblock(&mut self) {
        if self.blocked.take().is_some() {
            self.connection.set_blocked(false);
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        self.tcp.set_limit(MAX_READ);
        let polled = Pin::new(&mut self.tcp).poll_read(cx, buffer);
        let read = buffer.filled().len() - before;
        if let Poll::Ready(Ok(())) = polled {
            if read == 0 && buffer.remaining() > 0 {
                return self.end_is_told(cx).map(Ok);
            }
            self.count(read)?;
        }
        polled
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = self.writes().poll_write(cx, bytes);
        self.wrote(cx, bytes.len(), result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let asked = slices.iter().map(|slice| slice.len()).sum();
        let result = self.writes().poll_write_vectored(cx, slices);
        self.wrote(cx, asked, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.get_ref().is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writes().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writes().poll_shutdown(cx)
    }
}
