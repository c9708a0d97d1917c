//! Answers outside 2xx, which all have the same shape.

use std::fmt::Write as _;

use acteon_api::{ErrorBody, FieldError};
use acteon_core::json::head;
use acteon_core::limits::{MAX_FAULT_BYTES, MAX_FAULTS, MAX_REFUSAL_BYTES, STREAM_PING};
use acteon_core::{ActionId, with_causes};
use acteon_gateway::{DispatchError, PolicyError};
use acteon_store::StoreError;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::json::json;
use crate::sign_in::LONGEST_WAIT;

/// Header of every answer about one action.
const ACTION_ID: HeaderName = HeaderName::from_static("acteon-action-id");

/// Seconds after which a caller should come back after back-pressure.
const COME_BACK_AFTER: u64 = 2;

/// Longest message, in bytes: what a caller sent may stand in it.
const MAX_MESSAGE_BYTES: usize = 4 * 1024;

/// Code of a refusal where the room for bodies is full.
pub(super) const BODIES_FULL: &str = "BODIES_FULL";

/// Statuses of requests whose body is not read to its end.
const LEAVES_BODY: [StatusCode; 4] = [
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::NOT_IMPLEMENTED,
];

/// Answer to a request that was refused: its status, body and headers.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) body: Box<ErrorBody>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let mut message: String = message.into();
        message.truncate(message.floor_char_boundary(MAX_MESSAGE_BYTES));
        let body = ErrorBody {
            error: message.clone(),
            code: code.into(),
            message,
            retryable: false,
            fields: Vec::new(),
            details: Vec::new(),
            retry_after: None,
            action_id: None,
        };
        Self {
            status,
            body: Box::new(body),
        }
    }

    /// Adds the id of the action that was refused.
    pub(super) fn of_action(mut self, id: &ActionId) -> Self {
        self.body.action_id = Some(id.to_string());
        self
    }

    /// Refusal of a body that is well-formed JSON with errors in these fields.
    pub(super) fn invalid_fields(
        code: &str,
        FieldErrors {
            told: fields,
            untold,
        }: FieldErrors,
    ) -> Self {
        let mut listed: Vec<String> = fields
            .iter()
            .map(|FieldError { field, message }| format!("{field} {message}"))
            .collect();
        if untold > 0 {
            listed.push(format!("and {untold} more"));
        }
        let mut refusal = Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, listed.join("; "));
        refusal.body.fields = fields;
        refusal
    }

    /// Refusal of what a body says in one field, for a reason that is a sentence of its own.
    pub(super) fn refused_field(field: &str, reason: &str) -> Self {
        Self::field(field, format!("is refused: {reason}"))
    }

    /// Refusal of a body with an error in one field.
    pub(super) fn field(field: &str, message: impl Into<String>) -> Self {
        let told = vec![FieldError {
            field: field.to_owned(),
            message: message.into(),
        }];
        Self::invalid_fields("INVALID_BODY", FieldErrors { told, untold: 0 })
    }

    /// Refusal of one more of something that is limited in number.
    pub(super) fn too_many(message: &str) -> Self {
        let mut refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_FAILURES", message);
        refusal.body.retryable = true;
        refusal.body.retry_after = Some(LONGEST_WAIT.as_secs());
        refusal
    }

    /// Refusal of one more reader of the stream.
    pub(super) fn too_many_streams(message: impl Into<String>) -> Self {
        let mut refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_STREAMS", message);
        refusal.body.retryable = true;
        refusal.body.retry_after = Some(STREAM_PING.as_secs());
        refusal
    }

    /// Refusal of a request that may be accepted in a moment.
    pub(super) fn come_back(code: &str, message: impl Into<String>) -> Self {
        let mut refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message);
        refusal.body.retryable = true;
        refusal.body.retry_after = Some(COME_BACK_AFTER);
        refusal
    }
}

/// Errors of a request by field: the first ones, and the number of further ones.
#[derive(Debug, Default)]
pub(super) struct FieldErrors {
    told: Vec<FieldError>,
    untold: usize,
}

impl FieldErrors {
    pub(super) fn add(&mut self, field: &str, message: impl FnOnce() -> String) {
        if self.told.len() == MAX_FAULTS {
            self.untold += 1;
            return;
        }
        let message = message();
        let message = head(&message, MAX_FAULT_BYTES).to_owned();
        self.told.push(FieldError {
            field: head(field, MAX_FAULT_BYTES).to_owned(),
            message,
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.told.is_empty()
    }
}

/// JSON of an error, cut to `limit` bytes by leaving out what a caller sent.
pub(super) fn bounded(mut body: ErrorBody, limit: usize) -> String {
    let written = |body: &ErrorBody| serde_json::to_string(body).unwrap_or_else(|_| "{}".into());
    let text = written(&body);
    if text.len() <= limit {
        return text;
    }
    // A byte may be written as six, and the message stands there twice.
    body.fields.clear();
    body.details.clear();
    let kept = head(&body.message, limit / 16).to_owned();
    body.message = format!("{kept} ... (cut)");
    body.error.clone_from(&body.message);
    written(&body)
}

/// Adds the header with the id of the action that an answer is about.
pub(super) fn about(id: &ActionId, mut response: Response) -> Response {
    if let Some(id) = id_header(id.as_str()) {
        response.headers_mut().insert(ACTION_ID, id);
    }
    response
}

/// Id as a header's value, percent-encoded where it is not plain ASCII.
fn id_header(id: &str) -> Option<HeaderValue> {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b'%';
    if id.as_bytes().iter().all(is_plain) {
        return HeaderValue::from_str(id).ok();
    }
    let mut text = String::with_capacity(id.len() * 3);
    for byte in id.bytes() {
        if is_plain(&byte) {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").ok()?;
        }
    }
    HeaderValue::from_str(&text).ok()
}

impl From<DispatchError> for Refusal {
    fn from(error: DispatchError) -> Self {
        let message = with_causes(&error).to_string();
        match error {
            DispatchError::Conflict { .. } => {
                Self::new(StatusCode::CONFLICT, "ID_CONFLICT", message)
            }
            DispatchError::HeldBack(_) => Self::new(StatusCode::CONFLICT, "HELD_BACK", message),
            DispatchError::NoLetter => Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message),
            DispatchError::QueueFull(_) => Self::come_back("QUEUE_FULL", message),
            DispatchError::Stopping => Self::come_back("STOPPING", message),
            DispatchError::StoreSlow => Self::come_back("STORE_SLOW", message),
            DispatchError::Store(error) => error.into(),
        }
    }
}

impl From<PolicyError> for Refusal {
    fn from(error: PolicyError) -> Self {
        match error {
            PolicyError::NotFound(_) => {
                Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", error.to_string())
            }
            PolicyError::Invalid { field, message } => {
                // Some are written with a colon, for the sentence.
                let mut refusal = Self::field(&field, message);
                refusal
                    .body
                    .fields
                    .iter_mut()
                    .for_each(|found| field.trim_end_matches(':').clone_into(&mut found.field));
                refusal
            }
            PolicyError::Problems(problems) => {
                let mut faults = FieldErrors::default();
                for (field, message) in problems {
                    faults.add(&field, || message);
                }
                Self::invalid_fields("INVALID_BODY", faults)
            }
            PolicyError::Forbidden(_) => {
                Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", error.to_string())
            }
            PolicyError::Conflict(message) => Self::new(StatusCode::CONFLICT, "CONFLICT", message),
            PolicyError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        if let StoreError::Unstorable(_) = &error {
            return Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "UNSTORABLE_TEXT",
                format!("nothing was stored: {}", with_causes(&error)),
            );
        }
        let code = match error {
            StoreError::Busy => "STORE_BUSY",
            StoreError::Locked => "STORE_LOCKED",
            StoreError::Full => "STORE_FULL",
            StoreError::Closed => "STOPPING",
            StoreError::Fenced => "LEASE_LOST",
            StoreError::Away(_) => "STORE_AWAY",
            StoreError::Damaged(_) => {
                let message = format!(
                    "{}; what this needs of it cannot be read or written, and nothing was changed",
                    with_causes(&error)
                );
                return Self::come_back("STORE_DAMAGED", message);
            }
            // Where the files lie is nothing for callers.
            StoreError::Lost(_) => {
                let message = "nothing was stored: the database's files were taken away beside the server; its log and /ready say what to do";
                return Self::come_back("STORE_LOST", message);
            }
            StoreError::InUse(_)
            | StoreError::NewerSchema { .. }
            | StoreError::Engine(_)
            | StoreError::Refused(_)
            | StoreError::Unstorable(_) => "STORE_UNAVAILABLE",
            StoreError::Unknown(_) => {
                return Self::come_back(
                    "STORE_SLOW",
                    format!(
                        "{}; it may have been stored: look, or send the same again",
                        with_causes(&error)
                    ),
                );
            }
        };
        Self::come_back(code, format!("nothing was stored: {}", with_causes(&error)))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let retry_after = self.body.retry_after;
        let action_id = self.body.action_id.as_deref().and_then(id_header);
        let leaves_body = LEAVES_BODY.contains(&self.status) || self.body.code == BODIES_FULL;
        let mut response = json(self.status, bounded(*self.body, MAX_REFUSAL_BYTES));
        if leaves_body {
            // The rest of the body would stand where the next request should: the connection ends, and its client must know not to use it again.
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(seconds) = retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(id) = action_id {
            response.headers_mut().insert(ACTION_ID, id);
        }
        response
    }
}
