//! Pages that say why nothing was done.

use acteon_gateway::ApprovalError;
use axum::http::StatusCode;
use axum::response::Response;

use super::Page;
use super::reasons::of_error;
use crate::http::error::Refusal;
use crate::http::extract::query::INVALID_QUERY;

impl Page<'_> {
    /// Page that says why nothing was done.
    pub(in crate::http) fn of_refusal(mut self, error: &ApprovalError) -> Response {
        let (status, text) = of_error(self.words, error);
        self.html.push_str("<section>");
        for line in text.lines() {
            self.line("status", line);
        }
        self.html.push_str("</section>");
        self.answer(status)
    }

    /// Page for a request that cannot be read, or comes at a bad time.
    pub(in crate::http) fn of_request(mut self, refusal: &Refusal) -> Response {
        let (words, status) = (self.words, refusal.status);
        let text = match status {
            // What the link itself says; anything else is of what was sent with it.
            StatusCode::BAD_REQUEST if refusal.body.code == INVALID_QUERY => words.forged,
            StatusCode::PAYLOAD_TOO_LARGE => words.too_long,
            status if status.is_client_error() => words.unreadable,
            _ => words.try_again,
        };
        self.html.push_str("<section>");
        self.line("status", text);
        self.html.push_str("</section>");
        self.answer(status)
    }
}
