//! Who follows a link: a browser, which always gets a page, or a program.

use acteon_gateway::ApprovalError;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};

use super::page::Page;
use super::words::Language;
use crate::http::error::Refusal;

/// Visitor of an approval.
pub(in crate::http) struct Visitor {
    pub(in crate::http) headers: HeaderMap,
    pub(in crate::http) wants_page: bool,
    pub(super) language: Language,
    pub(super) uri: Uri,
}

impl Visitor {
    /// Visitor of a request.
    pub(super) fn of(parts: &Parts) -> Self {
        Self {
            wants_page: wants_page(&parts.headers),
            language: Language::of_headers(&parts.headers),
            headers: parts.headers.clone(),
            uri: parts.uri.clone(),
        }
    }

    /// Page in their language.
    pub(in crate::http) fn page(&self) -> Page<'_> {
        Page::new(self.language, &self.uri)
    }

    /// Answer for a program, which nobody may keep: it tells of what others are asked.
    pub(in crate::http) fn json(answer: impl IntoResponse) -> Response {
        unkept(answer.into_response())
    }

    /// Answer where an approval was not found, or not changed.
    pub(in crate::http) fn failed(&self, error: ApprovalError) -> Response {
        if self.wants_page {
            return self.page().of_refusal(&error);
        }
        Self::json(Refusal::from(error))
    }

    /// Answer to a request that cannot be read, or comes at a bad time.
    pub(in crate::http) fn refused(&self, refusal: Refusal) -> Response {
        if self.wants_page {
            return self.page().of_request(&refusal);
        }
        Self::json(refusal)
    }
}

fn unkept(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}

/// Whether headers are those of a browser that shows pages, and not of a program.
fn wants_page(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(header::ACCEPT).iter();
    let mut ranges = accepts
        .filter_map(|value| value.to_str().ok())
        .flat_map(|accept| accept.split(','));
    ranges.any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let is_html = parts
            .next()
            .is_some_and(|it| it.eq_ignore_ascii_case("text/html"));
        let quality = parts.find_map(|part| part.strip_prefix("q="));
        let is_refused = quality.is_some_and(|text| text.parse::<f32>().is_ok_and(|q| q <= 0.0));
        is_html && !is_refused
    })
}
