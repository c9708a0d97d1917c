//! The `OpenAPI` 3.1 document, which the router makes of its own list of routes.
//!
//! Each route is listed with its [`Operation`]. Bodies of requests are described by the tables that read them, those of answers by `acteon_api`.

pub(super) mod approvals;
pub(super) mod chains;
mod links;
mod operation;
pub(super) mod operations;
mod parameters;
pub(super) mod people;
pub(super) mod recurring;
pub(super) mod scheduled;
pub(super) mod stream;
pub(super) mod templates;

use axum::http::Method;
use serde_json::{Map, Value, json};

pub(super) use operation::Operation;

/// Tags of the operations, in the order in which they are shown.
const TAGS: [&str; 15] = [
    "actions",
    "scheduled actions",
    "recurring actions",
    "chains",
    "approvals",
    "stream",
    "audit",
    "dead letters",
    "rules",
    "silences",
    "time intervals",
    "quotas",
    "templates",
    "people",
    "operations",
];

/// Document of these routes, each with its method, path and operation.
pub(super) fn document(routes: impl Iterator<Item = (Method, &'static str, Operation)>) -> Value {
    let mut paths = Map::new();
    for (method, path, operation) in routes {
        let methods = paths
            .entry(path)
            .or_insert_with(|| Value::Object(Map::new()));
        methods[method.as_str().to_ascii_lowercase()] = operation.described(path);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Acteon",
            "summary": "Actions over HTTP, durable before they are answered",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": TAGS.map(|name| json!({ "name": name })),
        "paths": paths,
        "components": {
            "schemas": acteon_api::schemas(),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer" },
                "apiKey": { "type": "apiKey", "in": "header", "name": "x-api-key" },
            },
        },
    })
}
