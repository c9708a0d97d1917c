//! The page that shows messages as a phone does, and on which one presses and writes as a member.

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse};
use axum::routing::get;

use super::shared::Shared;

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(|| async { Html(include_str!("page/page.html")) }))
        .route("/page.css", of(STYLE, include_str!("page/page.css")))
        .route("/draw.js", of(SCRIPT, include_str!("page/draw.js")))
        .route("/card.js", of(SCRIPT, include_str!("page/card.js")))
        .route("/page.js", of(SCRIPT, include_str!("page/page.js")))
}

fn of(kind: &'static str, text: &'static str) -> axum::routing::MethodRouter<Arc<Shared>> {
    get(move || async move { ([(CONTENT_TYPE, kind)], text).into_response() })
}
