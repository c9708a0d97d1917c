//! Reading a request's body within its limits.

use std::sync::Arc;

use acteon_core::limits::{BODY_TIMEOUT, MAX_BODY_BYTES, SMALL_BODY_BYTES};
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;

use crate::budget::Room;
use crate::connection::Exchange;
use crate::http::error::{BODIES_FULL, Refusal};
use crate::http::extract::content_type::{check_type, other_charset};
use crate::http::state::AppState;

/// Mark that some programs begin UTF-8 text with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Body that is still to be received.
pub(in crate::http) struct Incoming {
    headers: HeaderMap,
    body: Body,
    room: Room,
    exchange: Option<Exchange>,
}

/// Body as text, which holds its room among all bodies.
pub(in crate::http) struct Text {
    text: String,
    _room: Room,
}

impl std::ops::Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl FromRequest<Arc<AppState>> for Incoming {
    type Rejection = std::convert::Infallible;

    async fn from_request(
        request: Request,
        state: &Arc<AppState>,
    ) -> Result<Self, Self::Rejection> {
        let (mut parts, body) = request.into_parts();
        let exchange = parts.extensions.remove::<Exchange>();
        Ok(Self {
            headers: parts.headers,
            body,
            room: state.bodies.room(Arc::default()),
            exchange,
        })
    }
}

/// Body of a request to a route that takes none: it is absent or says nothing. A caller whose
/// filters stood in it would have everything replayed or drained that they meant to leave alone.
pub(in crate::http) struct NoBody;

impl FromRequest<Arc<AppState>> for NoBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &Arc<AppState>) -> Result<Self, Refusal> {
        let Ok(mut incoming) = Incoming::from_request(request, state).await;
        if says_nothing(&incoming.bytes().await?) {
            return Ok(Self);
        }
        let message = "this route takes no body, and nothing was done: what it can be asked for, such as filters and a limit, goes into the \
                       query, like ?tenant=acme&limit=10";
        Err(Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "INVALID_BODY",
            message,
        ))
    }
}

/// Whether a body is blank, an empty object or null.
fn says_nothing(bytes: &[u8]) -> bool {
    let text = bytes
        .strip_prefix(BYTE_ORDER_MARK)
        .unwrap_or(bytes)
        .trim_ascii();
    let within = text
        .strip_prefix(b"{")
        .and_then(|rest| rest.strip_suffix(b"}"));
    text.is_empty()
        || text == b"null"
        || within.is_some_and(|within| within.trim_ascii().is_empty())
}

impl Incoming {
    /// Body as text; `None` where it is absent. One that says nothing needs no content type.
    pub(super) async fn text_or_nothing(mut self) -> Result<Option<Text>, Refusal> {
        if !self.headers.contains_key(header::CONTENT_TYPE) {
            if !says_nothing(&self.bytes().await?) {
                check_type(&self.headers)?;
            }
            return Ok(None);
        }
        let text = self.text().await?;
        Ok(Some(text).filter(|text| !text.trim().is_empty()))
    }

    /// Body as it came, of no more than `most` bytes.
    pub(in crate::http) async fn raw(mut self, most: usize) -> Result<Vec<u8>, Refusal> {
        self.bytes_within(most).await
    }

    /// Body of a form as text, as it was encoded, of no more than `most` bytes.
    pub(in crate::http) async fn form(self, most: usize) -> Result<String, Refusal> {
        let bytes = self.raw(most).await?;
        String::from_utf8(bytes).map_err(|_| {
            let message = "the form is not UTF-8: encode the bytes of its UTF-8";
            Refusal::new(StatusCode::BAD_REQUEST, "INVALID_FORM", message)
        })
    }

    /// Body as text. Its content type must be JSON.
    pub(in crate::http) async fn text(mut self) -> Result<Text, Refusal> {
        let of_ascii = check_type(&self.headers)?;
        let mut bytes = self.bytes().await?;
        if let Some(charset) = of_ascii.filter(|_| !bytes.is_ascii()) {
            return Err(other_charset(&charset));
        }
        if bytes.starts_with(BYTE_ORDER_MARK) {
            bytes.drain(..BYTE_ORDER_MARK.len());
        }
        let refused = |message| Refusal::new(StatusCode::BAD_REQUEST, "INVALID_JSON", message);
        if is_utf16(&bytes) {
            return Err(refused("the body is UTF-16; send it as UTF-8".to_owned()));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            refused(format!(
                "the body is not UTF-8: byte {valid} is wrong; send it as UTF-8"
            ))
        })?;
        Ok(Text {
            text,
            _room: self.room,
        })
    }

    /// Bytes of the body, not checked.
    async fn bytes(&mut self) -> Result<Vec<u8>, Refusal> {
        self.bytes_within(MAX_BODY_BYTES).await
    }

    /// Bytes of the body, no more than `most`.
    async fn bytes_within(&mut self, most: usize) -> Result<Vec<u8>, Refusal> {
        if self.body.is_end_stream() {
            return Ok(Vec::new());
        }
        let declared = declared_length(&self.headers);
        // Before the body is asked for: who waits for `100 Continue` need not send it.
        if declared.is_some_and(|length| length > most) {
            return Err(too_large(most));
        }
        if let Some(exchange) = &self.exchange {
            exchange.set_receiving();
        }
        let received =
            tokio::time::timeout(BODY_TIMEOUT, self.receive(declared.unwrap_or(most), most)).await;
        let bytes = received.unwrap_or_else(|_| {
            let message = format!(
                "the body did not arrive within {} s",
                BODY_TIMEOUT.as_secs()
            );
            Err(Refusal::new(
                StatusCode::REQUEST_TIMEOUT,
                "BODY_TIMEOUT",
                message,
            ))
        })?;
        self.room.keep();
        if let Some(exchange) = &self.exchange {
            exchange.set_working();
        }
        Ok(bytes)
    }

    /// Receives the bytes in one piece: small frames cost many times what they hold. Room is taken
    /// as bytes arrive, not as they are promised.
    async fn receive(&mut self, longest: usize, most: usize) -> Result<Vec<u8>, Refusal> {
        let mut bytes = Vec::new();
        loop {
            let frame = tokio::select! {
                biased;
                frame = self.body.frame() => frame,
                () = self.room.must_give_way() => return Err(no_room()),
            };
            let Some(frame) = frame else { return Ok(bytes) };
            let frame = frame.map_err(|_| {
                Refusal::new(StatusCode::BAD_REQUEST, "BODY_BROKEN", "the body broke off")
            })?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            self.take_in(&mut bytes, &data, (longest, most))?;
        }
    }

    fn take_in(
        &mut self,
        bytes: &mut Vec<u8>,
        data: &Bytes,
        (longest, most): (usize, usize),
    ) -> Result<(), Refusal> {
        let length = bytes.len() + data.len();
        if length > most {
            return Err(too_large(most));
        }
        if length > bytes.capacity() {
            let capacity = (bytes.capacity() * 2).min(longest).max(length);
            if capacity > SMALL_BODY_BYTES && !self.room.grow(capacity) {
                return Err(no_room());
            }
            bytes.reserve_exact(capacity - bytes.len());
        }
        bytes.extend_from_slice(data);
        Ok(())
    }
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// Whether a body is UTF-16: it begins with that mark of byte order, or each letter of JSON stands beside a NUL.
const fn is_utf16(body: &[u8]) -> bool {
    matches!(
        body,
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, b'{' | b'[', ..] | [b'{' | b'[', 0, ..]
    )
}

fn too_large(most: usize) -> Refusal {
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "BODY_TOO_LARGE",
        format!("the body is longer than {most} bytes"),
    )
}

fn no_room() -> Refusal {
    Refusal::come_back(
        BODIES_FULL,
        "too many large requests are on their way at the same time; try again",
    )
}
