//! Reading a request's body within its limits.

use std::sync::Arc;

use acteon_core::json::{Flaw, head};
use acteon_core::limits::{
    BODY_TIMEOUT, MAX_BODY_BYTES, MAX_DEPTH, MAX_NAME_BYTES, SMALL_BODY_BYTES,
};
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use http_body_util::BodyExt as _;

use crate::budget::Room;
use crate::connection::Exchange;
use crate::http::error::{BODIES_FULL, Faults, Refusal};
use crate::http::offload::{Aside, Asides, off_runtime};
use crate::http::shape::{Body as Walked, Shape, Values};
use crate::http::state::AppState;

/// What some programs begin a text with to say that it is UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A body that is still to be received.
pub(in crate::http) struct Incoming {
    headers: HeaderMap,
    body: Body,
    room: Room,
    exchange: Option<Exchange>,
}

/// A body as text, which holds its room among all bodies.
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

/// The body of a request to a route that takes none: it is not there, or says nothing. A caller whose filters stood in it would have everything
/// replayed or drained that they meant to leave alone.
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
    /// The body as text. Its type must be JSON.
    pub(in crate::http) async fn text(mut self) -> Result<Text, Refusal> {
        let of_ascii = check_type(&self.headers)?;
        let mut bytes = self.bytes().await?;
        if let Some(charset) = of_ascii.filter(|_| !bytes.is_ascii()) {
            return Err(other_charset(&charset));
        }
        if bytes.starts_with(BYTE_ORDER_MARK) {
            bytes.drain(..BYTE_ORDER_MARK.len());
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let message = if matches!(error.as_bytes(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
                "the body is UTF-16; send it as UTF-8".into()
            } else {
                format!(
                    "the body is not UTF-8: byte {} is wrong; send it as UTF-8",
                    error.utf8_error().valid_up_to()
                )
            };
            Refusal::new(StatusCode::BAD_REQUEST, "INVALID_JSON", message)
        })?;
        Ok(Text {
            text,
            _room: self.room,
        })
    }

    /// The body's bytes, whatever they say.
    async fn bytes(&mut self) -> Result<Vec<u8>, Refusal> {
        if self.body.is_end_stream() {
            return Ok(Vec::new());
        }
        let declared = declared_length(&self.headers);
        // Before the body is asked for: who waits for `100 Continue` need not send it.
        if declared.is_some_and(|length| length > MAX_BODY_BYTES) {
            return Err(too_large());
        }
        if let Some(exchange) = &self.exchange {
            exchange.set_receiving();
        }
        let received = tokio::time::timeout(
            BODY_TIMEOUT,
            self.receive(declared.unwrap_or(MAX_BODY_BYTES)),
        )
        .await;
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

    /// What is made of a body of this shape.
    pub(in crate::http) async fn read<T, M>(
        self,
        shape: &'static Shape,
        make: M,
    ) -> Result<T, Refusal>
    where
        T: Send + 'static,
        M: FnOnce(Values<'_>) -> Result<T, Refusal> + Send + 'static,
    {
        let text = self.text().await?;
        let length = text.len();
        off_runtime(length, move || make(Walked::walk(&text, shape)?.checked()?)).await?
    }

    /// The same, read once it has a turn: what is made takes several times the bytes of its text.
    pub(in crate::http) async fn read_in_turn<'t, T, M>(
        self,
        turns: &'t Asides,
        shape: &'static Shape,
        make: M,
    ) -> Result<(T, Aside<'t>), Refusal>
    where
        T: Send + 'static,
        M: FnOnce(Values<'_>) -> Result<T, Refusal> + Send + 'static,
    {
        let text = self.text().await?;
        let turn = turns.take().await?;
        let length = text.len();
        Ok((
            off_runtime(length, move || make(Walked::walk(&text, shape)?.checked()?)).await??,
            turn,
        ))
    }

    /// The same, where the body may be left out.
    pub(in crate::http) async fn read_or_nothing<T, M>(
        mut self,
        shape: &'static Shape,
        make: M,
    ) -> Result<Option<T>, Refusal>
    where
        T: Send + 'static,
        M: FnOnce(Values<'_>) -> Result<T, Refusal> + Send + 'static,
    {
        if !self.headers.contains_key(header::CONTENT_TYPE) {
            if !says_nothing(&self.bytes().await?) {
                check_type(&self.headers)?;
            }
            return Ok(None);
        }
        let text = self.text().await?;
        if text.trim().is_empty() {
            return Ok(None);
        }
        let length = text.len();
        off_runtime(length, move || make(Walked::walk(&text, shape)?.checked()?))
            .await?
            .map(Some)
    }

    /// The bytes, in one piece: small frames cost many times what they hold. Room is taken as they arrive, not as they are promised.
    async fn receive(&mut self, longest: usize) -> Result<Vec<u8>, Refusal> {
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
            self.take_in(&mut bytes, &data, longest)?;
        }
    }

    fn take_in(
        &mut self,
        bytes: &mut Vec<u8>,
        data: &Bytes,
        longest: usize,
    ) -> Result<(), Refusal> {
        let length = bytes.len() + data.len();
        if length > MAX_BODY_BYTES {
            return Err(too_large());
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

/// Refuses a body that is not JSON in UTF-8. Returns the other coding that it says it is in, if that is the same for ASCII alone.
fn check_type(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    once(headers, &header::CONTENT_TYPE)?;
    if !has_json(headers) {
        let content_type = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        return Err(unsupported(format!(
            "the content type must be application/json, is {content_type:?}"
        )));
    }
    let mut of_ascii = None;
    for charset in charsets_besides_utf8(headers) {
        if !LIKE_ASCII
            .iter()
            .any(|like| charset.eq_ignore_ascii_case(like))
        {
            return Err(other_charset(charset));
        }
        of_ascii = Some(charset.to_owned());
    }
    let encodings = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    if encodings
        .map(<[u8]>::trim_ascii)
        .any(|encoding| !encoding.is_empty() && !encoding.eq_ignore_ascii_case(b"identity"))
    {
        return Err(unsupported(
            "compressed bodies are not taken: leave out content-encoding".into(),
        ));
    }
    Ok(of_ascii)
}

/// Refuses a header that is given twice: which of the two is meant, nobody can tell.
pub(in crate::http) fn once(headers: &HeaderMap, name: &HeaderName) -> Result<(), Refusal> {
    if headers.get_all(name).iter().nth(1).is_none() {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::BAD_REQUEST,
        "INVALID_HEADER",
        format!("the header {name} is given twice; a request has one"),
    ))
}

/// Codings in which a text of ASCII alone is the same as in UTF-8. Some programs name one without a thought.
const LIKE_ASCII: [&str; 4] = ["iso-8859-1", "latin1", "windows-1252", "cp1252"];

/// The codings that the content type names, other than UTF-8 and the part of it that is ASCII.
fn charsets_besides_utf8(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let parameters = content_type
        .into_iter()
        .flat_map(|text| text.split(';').skip(1));
    let charsets = parameters
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    let named = charsets.map(|(_, charset)| charset.trim().trim_matches('"'));
    named.filter(|charset| {
        !["utf-8", "utf8", "us-ascii", ""]
            .iter()
            .any(|read| charset.eq_ignore_ascii_case(read))
    })
}

fn other_charset(charset: &str) -> Refusal {
    let charset = head(charset, MAX_NAME_BYTES);
    unsupported(format!(
        "the content type says charset={charset}, and only utf-8 is read: send it as UTF-8, and say so or nothing"
    ))
}

fn unsupported(message: String) -> Refusal {
    Refusal::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        message,
    )
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

fn too_large() -> Refusal {
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "BODY_TOO_LARGE",
        format!("the body is longer than {MAX_BODY_BYTES} bytes"),
    )
}

fn no_room() -> Refusal {
    Refusal::come_back(
        BODIES_FULL,
        "too many large requests are on their way at the same time; try again",
    )
}

/// Refuses JSON that its readers would not read alike, and names the place.
pub(in crate::http) fn check_json(text: &str, code: &str) -> Result<(), Refusal> {
    let Some(flaw) = Flaw::find(text, MAX_DEPTH) else {
        return Ok(());
    };
    if flaw.is_depth() {
        return Err(Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "NESTED_TOO_DEEP",
            flaw.to_string(),
        ));
    }
    let place = flaw.place(text);
    let mut faults = Faults::default();
    faults.add(if place.is_empty() { "the body" } else { &place }, || {
        flaw.to_string()
    });
    Err(Refusal::faults(code, faults))
}

/// Whether a request says that its body is JSON. No form can say so.
pub(in crate::http) fn has_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
        || (essence.len() > 5
            && essence.is_char_boundary(essence.len() - 5)
            && essence[essence.len() - 5..].eq_ignore_ascii_case("+json"))
}
