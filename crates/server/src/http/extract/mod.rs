//! What handlers take out of a request, each refused in the API's own words: caller, path, query with its scope, headers, body.

pub(super) mod body;
pub(super) mod caller;
pub(super) mod content_type;
pub(super) mod idempotency;
pub(super) mod json_body;
pub(super) mod path;
pub(super) mod prefer;
pub(super) mod query;
pub(super) mod scope;
