//! Pages that say why nothing was done.

use std::fmt::Write as _;

use acteon_gateway::ApprovalError;
use axum::http::StatusCode;
use axum::response::Response;

use super::reasons::of_error;
use super::{Page, escaped, in_language};
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

    /// Page for who comes back from a service, and is not let in; with a link to begin again where that may help.
    pub(in crate::http) fn of_no_sign_in(
        mut self,
        error: &ApprovalError,
        again: Option<&str>,
    ) -> Response {
        let (status, text) = of_error(self.words, error);
        self.html.push_str("<section>");
        self.line("status", &text);
        let helps = matches!(
            error,
            ApprovalError::NoSignIn | ApprovalError::NotIdentified(_)
        );
        if let Some(again) = again.filter(|_| helps) {
            self.link_again(again);
        }
        self.html.push_str("</section>");
        self.answer(status)
    }

    /// Page for who sends a form, and is not known any more: with what they wrote, which is lost otherwise, and a link to sign in again.
    pub(in crate::http) fn of_lost_sign_in(
        mut self,
        error: &ApprovalError,
        written: Option<&str>,
    ) -> Response {
        let (status, text) = of_error(self.words, error);
        self.html.push_str("<section>");
        self.line("status", &text);
        self.link_again(&in_language(self.uri, self.words.tag));
        if let Some(written) = written {
            self.fact_of(self.words.comment, written);
        }
        self.html.push_str("</section>");
        self.answer(status)
    }

    /// Link that leads to the approval again.
    fn link_again(&mut self, address: &str) {
        let (address, text) = (escaped(address), escaped(self.words.open_again));
        let _ = write!(self.html, "<p><a href=\"{address}\">{text}</a></p>");
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
