//! Approvals over HTTP: links as they are followed, the page that they lead to, and the bodies of the API.

pub(super) mod body;
pub(super) mod link;
pub(super) mod listed;
pub(super) mod page;
pub(super) mod shown;
mod words;
