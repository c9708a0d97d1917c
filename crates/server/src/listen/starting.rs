//! Answers of a server that is still starting: that it lives, and that it is not there for anything else yet.
//!
//! A start may take long: a large database is counted, or other gateways are waited for. Whoever supervises the process would take silence for
//! death, and end it before it ever began.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::{HEADER_TIMEOUT, MAX_HEAD_BYTES, RESERVED_CONNECTIONS};
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::while_starting;

/// Time for which callers wait for a start that is quick.
const QUICK: Duration = Duration::from_secs(2);
/// Longest time that such an answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Ends `work`. Once that has taken a while, it answers those who connect meanwhile.
pub(crate) async fn answering<T>(listener: &TcpListener, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    tokio::select! {
        biased;
        done = work.as_mut() => return done,
        () = tokio::time::sleep(QUICK) => {}
    }
    tracing::info!(
        "the start takes longer; /live is answered meanwhile, and everything else is asked to come back"
    );
    let places = Arc::new(Semaphore::new(RESERVED_CONNECTIONS));
    loop {
        let accepting = async {
            // At the limit the others wait where the kernel keeps them.
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        tokio::select! {
            biased;
            done = work.as_mut() => return done,
            (accepted, place) = accepting => match (accepted, place) {
                (Ok((stream, _)), Ok(place)) => drop(tokio::spawn(serve(stream, place))),
                _ => tokio::time::sleep(Duration::from_millis(100)).await,
            },
        }
    }
}

async fn serve(stream: TcpStream, _place: OwnedSemaphorePermit) {
    let service = hyper::service::service_fn(
        async |request: Request<Incoming>| -> Result<Response<_>, Infallible> {
            Ok(while_starting(request.uri().path()))
        },
    );
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .keep_alive(false);
    // Its client comes back anyway.
    drop(
        tokio::time::timeout(
            ANSWER_LIMIT,
            builder.serve_connection(TokioIo::new(stream), service),
        )
        .await,
    );
}
