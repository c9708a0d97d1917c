//! Handlers of the routes, one noun a file.

pub(super) mod actions;
#[cfg(feature = "api-docs")]
pub(super) mod api_doc;
pub(super) mod approval_links;
pub(super) mod approvals;
pub(super) mod audit;
pub(super) mod breakers;
pub(super) mod chain_definitions;
pub(super) mod chains;
pub(super) mod coverage;
pub(super) mod dead_letters;
pub(super) mod dispatch;
pub(super) mod executions;
pub(super) mod health;
pub(super) mod intervals;
pub(super) mod lanes;
pub(super) mod people;
pub(super) mod people_groups;
pub(super) mod quotas;
pub(super) mod recurring;
pub(super) mod reload;
pub(super) mod replay;
pub(super) mod rules;
pub(super) mod scheduled;
pub(super) mod silences;
pub(super) mod stream;
pub(super) mod subscribe_chain;
pub(super) mod templates;
pub(super) mod upcoming;
pub(super) mod wechat_callback;

use acteon_gateway::Made;
use axum::http::StatusCode;

/// Status of an answer to a `PUT` that may make something.
const fn made(how: Made) -> StatusCode {
    match how {
        Made::New => StatusCode::CREATED,
        Made::Changed => StatusCode::OK,
    }
}
