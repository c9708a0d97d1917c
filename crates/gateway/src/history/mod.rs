//! History: the audit trail, searches, statistics, and what is hidden from them.

pub(crate) mod redaction;
pub(crate) mod search;
pub(crate) mod stats;
pub(crate) mod trail;
pub(crate) mod view;
