//! Answers outside 2xx. They all look alike.

use acteon_api::{ErrorBody, FieldError};
use acteon_gateway::{DispatchError, PolicyError};
use acteon_store::StoreError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// When a caller should come back after back-pressure.
const COME_BACK_AFTER: u64 = 2;

/// A request that was refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) body: Box<ErrorBody>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let body =
            ErrorBody { error: message.clone(), code: code.into(), message, retryable: false, fields: Vec::new(), retry_after: None };
        Self { status, body: Box::new(body) }
    }

    /// Well-formed, but wrong in these fields.
    pub(super) fn fields(fields: Vec<FieldError>) -> Self {
        let listed: Vec<String> = fields.iter().map(|FieldError { field, message }| format!("{field} {message}")).collect();
        let mut refusal = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID_ACTION", listed.join("; "));
        refusal.body.fields = fields;
        refusal
    }

    /// Well-formed, but wrong in one field.
    pub(super) fn field(field: &str, message: impl Into<String>) -> Self {
        let mut refusal = Self::fields(vec![FieldError { field: field.to_owned(), message: message.into() }]);
        "INVALID_BODY".clone_into(&mut refusal.body.code);
        refusal
    }

    fn come_back(code: &str, message: impl Into<String>) -> Self {
        let mut refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message);
        refusal.body.retryable = true;
        refusal.body.retry_after = Some(COME_BACK_AFTER);
        refusal
    }
}

impl From<DispatchError> for Refusal {
    fn from(error: DispatchError) -> Self {
        let message = error.to_string();
        match error {
            DispatchError::Conflict(_) => Self::new(StatusCode::CONFLICT, "ID_CONFLICT", message),
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
            PolicyError::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", error.to_string()),
            PolicyError::Invalid { field, message } => Self::field(&field, message),
            PolicyError::Conflict(message) => Self::new(StatusCode::CONFLICT, "CONFLICT", message),
            PolicyError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Busy => "STORE_BUSY",
            StoreError::Full => "STORE_FULL",
            StoreError::Closed => "STOPPING",
            StoreError::Fenced => "LEASE_LOST",
            StoreError::Away(_) => "STORE_AWAY",
            StoreError::InUse(_) | StoreError::NewerSchema { .. } | StoreError::Engine(_) => "STORE_UNAVAILABLE",
        };
        Self::come_back(code, format!("nothing was stored: {error}"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let retry_after = self.body.retry_after;
        let mut response = (self.status, axum::Json(*self.body)).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
