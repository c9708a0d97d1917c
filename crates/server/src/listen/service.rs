//! A request from its head to the last byte of its answer, as its connection counts it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use acteon_core::limits::SMALL_ANSWER_BYTES;
use axum::body::{Body, Bytes};
use axum::http::{Request, Response};
use hyper::body::{Body as _, Frame, Incoming, SizeHint};

use super::answers::Answers;
use super::received::Received;
use crate::budget::{Held, Room};
use crate::connection::{Connection, Exchange};
use crate::http::{Effect, Front, closing, effect_of, no_room_for_answer};

/// Routes, and the room for their answers, for the requests of all connections.
pub(super) struct Answering {
    pub(super) front: Front,
    pub(super) answers: Answers,
}

/// Service of one connection.
pub(super) struct Service {
    answering: Arc<Answering>,
    connection: Arc<Connection>,
}

impl Service {
    pub(super) fn new(answering: Arc<Answering>, connection: Arc<Connection>) -> Self {
        Self {
            answering,
            connection,
        }
    }
}

impl hyper::service::Service<Request<Incoming>> for Service {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Answer>, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let effect = effect_of(&request);
        let under_way = UnderWay(Exchange::begin(&self.connection, effect == Effect::Looks));
        let answering = Arc::clone(&self.answering);
        let request = Received::within(request, &self.connection);
        Box::pin(async move {
            let UnderWay(exchange) = &under_way;
            let response = if answering.answers.may_begin(effect) {
                answering
                    .front
                    .answer(request.map(Body::new), exchange)
                    .await
            } else {
                drop(request);
                no_room_for_answer()
            };
            exchange.set_working();
            Ok(counted(response, &answering.answers, effect, under_way))
        })
    }
}

/// Takes room for a large answer, or replaces the answer with a refusal. Where something was
/// changed it is not refused: its caller would do it a second time.
fn counted(
    mut response: Response<Body>,
    answers: &Answers,
    effect: Effect,
    under_way: UnderWay,
) -> Response<Answer> {
    let length = response
        .body()
        .size_hint()
        .exact()
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or(0);
    let (connection, mut room) = (&under_way.0.connection, None);
    if length > SMALL_ANSWER_BYTES {
        let close = Arc::clone(connection.close());
        let changes = effect != Effect::Looks;
        let mut asked = if changes {
            answers.of_changes.room(close)
        } else {
            answers.of_looks.room(close)
        };
        if changes {
            asked.take(length);
            room = Some(asked);
        } else if asked.grow(length) {
            room = Some(asked);
        } else {
            response = no_room_for_answer();
        }
    }
    // What comes behind a body that is thrown away would be read while nobody counts it.
    if connection.is_last() {
        response = closing(response);
    }
    response.map(|body| Answer {
        body,
        room,
        _under_way: under_way,
    })
}

/// Request under way. Dropping it marks its answer as over.
struct UnderWay(Exchange);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Body of an answer.
pub(super) struct Answer {
    body: Body,
    /// Room for the bytes, which goes with them until they are written.
    room: Option<Room>,
    _under_way: UnderWay,
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        polled.map_ok(|frame| match self.room.take() {
            None => frame,
            Some(room) => frame.map_data(|bytes| Held::bytes(bytes, room)),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
