//! The listener: takes connections, serves them within limits, and closes them when the server stops.
//!
//! A [`table::Table`] knows every connection and what it is doing. At the limit the one that is idle the longest is closed; where none is idle, a
//! few more are taken for health and metrics alone. [`stream::Stream`] counts what a connection reads and how long it does not read what is
//! written to it; [`service::Service`] says when a request begins and ends; [`received::Received`] reads what nobody else reads of it.

mod answers;
mod files;
mod received;
mod service;
mod starting;
mod stream;
mod table;

use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::{HEADER_TIMEOUT, MAX_HEAD_BYTES, MAX_HEADS_BYTES, SLOW_BODY};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

use crate::budget::Budget;
use crate::connection::Connection;
use crate::http::Front;
pub(crate) use answers::Answers;
pub(crate) use files::connections;
pub use files::raise_open_files;
use service::{Answering, Service};
pub(crate) use starting::answering;
use stream::Stream;
use table::Table;

/// Pause after a failed accept: most likely there are no file handles left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Time that a body which is on its way when the server stops may still take, also one that is
/// thrown away.
const STOP_BODIES_AFTER: Duration = Duration::from_secs(1);

/// State that all connections share.
pub(crate) struct Listening {
    table: Table,
    heads: Arc<Budget>,
    answering: Arc<Answering>,
}

impl Listening {
    /// Listener for at most `connections` connections, whose answers share the room in `answers`.
    pub(crate) fn new(front: Front, answers: Answers, connections: usize) -> Arc<Self> {
        Arc::new(Self {
            table: Table::new(connections),
            heads: Budget::new(MAX_HEADS_BYTES, SLOW_BODY),
            answering: Arc::new(Answering { front, answers }),
        })
    }

    /// Accepts connections until `stopped` becomes true, then lets requests under way end, for at
    /// most `limit`.
    pub(crate) async fn accept(
        self: Arc<Self>,
        listener: TcpListener,
        mut stopped: watch::Receiver<bool>,
        limit: Duration,
    ) {
        let (alive, mut all_gone) = mpsc::channel::<()>(1);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stopped.wait_for(|stop| *stop) => break,
            };
            match accepted {
                Ok((stream, _)) => self.serve(stream, stopped.clone(), alive.clone()),
                Err(error) => {
                    let closed = self.table.make_room();
                    tracing::warn!(%error, closed, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop((listener, alive));
        drop(tokio::time::timeout(limit, all_gone.recv()).await);
    }

    fn serve(
        self: &Arc<Self>,
        stream: TcpStream,
        stopped: watch::Receiver<bool>,
        alive: mpsc::Sender<()>,
    ) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        let Some(connection) = self.table.enter(&stream) else {
            return;
        };
        let listening = Arc::clone(self);
        tokio::spawn(async move {
            listening.run(stream, &connection, stopped).await;
            listening.table.leave(&connection);
            drop(alive);
        });
    }

    async fn run(
        self: &Arc<Self>,
        stream: TcpStream,
        connection: &Arc<Connection>,
        mut stopped: watch::Receiver<bool>,
    ) {
        let stream = Stream::new(stream, Arc::clone(connection), &self.heads);
        let service = Service::new(Arc::clone(&self.answering), Arc::clone(connection));
        let mut builder = hyper::server::conn::http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .max_buf_size(MAX_HEAD_BYTES);
        builder.keep_alive(!connection.is_reserved());
        let served = builder.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(served);
        tokio::select! {
            result = served.as_mut() => return end(result),
            () = connection.told_to_close() => return,
            _ = stopped.wait_for(|stop| *stop) => {}
        }
        if connection.is_idle() {
            return;
        }
        served.as_mut().graceful_shutdown();
        let late_body = async {
            tokio::time::sleep(STOP_BODIES_AFTER).await;
            while !connection.waits_for_body() {
                tokio::time::sleep(STOP_BODIES_AFTER).await;
            }
        };
        tokio::select! {
            result = served => end(result),
            () = connection.told_to_close() => {}
            () = late_body => {}
        }
    }
}

fn end(result: Result<(), hyper::Error>) {
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended early");
    }
}
