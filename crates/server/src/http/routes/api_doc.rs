//! `/api-doc/`: a page that shows the `OpenAPI` document, with all that it needs.
//!
//! The page is Swagger UI, built into the server: nothing is asked of other machines. It says nothing that the document does not say, and so is for
//! everybody like that.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Redirect, Response};

use crate::http::extract::query::NoQuery;

/// Content-Security-Policy of the page: it may run its own scripts, none that stand in the page,
/// and ask this server only. Swagger UI sets styles of elements.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// `Cache-Control` of the files.
const KEPT: HeaderValue = HeaderValue::from_static("max-age=3600");

/// File that is built into the server.
#[derive(Clone, Copy)]
pub(in crate::http) struct File {
    /// Path that it is served at.
    pub(in crate::http) path: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// The page and the files that it loads.
pub(in crate::http) static FILES: [File; 4] = [
    File {
        path: "/api-doc/",
        content_type: HTML,
        bytes: include_bytes!("../../../assets/api-doc/index.html"),
    },
    File {
        path: "/api-doc/start.js",
        content_type: SCRIPT,
        bytes: include_bytes!("../../../assets/api-doc/start.js"),
    },
    File {
        path: "/api-doc/swagger-ui-bundle.js",
        content_type: SCRIPT,
        bytes: include_bytes!("../../../vendor/swagger-ui/swagger-ui-bundle.js"),
    },
    File {
        path: "/api-doc/swagger-ui.css",
        content_type: STYLE,
        bytes: include_bytes!("../../../vendor/swagger-ui/swagger-ui.css"),
    },
];

impl File {
    pub(in crate::http) fn answer(self) -> Response {
        let mut response = self.bytes.into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.content_type),
        );
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        headers.insert(header::CACHE_CONTROL, KEPT);
        response
    }
}

/// Redirects from the path without a slash to the page, whose files stand below it.
pub(in crate::http) async fn to_page(_: NoQuery) -> Redirect {
    Redirect::permanent("/api-doc/")
}
