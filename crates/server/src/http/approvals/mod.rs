//! Approvals over HTTP: links as they are followed, the page that they lead to, and the bodies of the API.

pub(super) mod body;
mod cookie;
pub(super) mod form;
pub(super) mod link;
pub(super) mod listed;
mod outcome;
mod page;
mod payload;
pub(super) mod shown;
pub(super) mod sign_in;
mod visitor;
mod words;

pub(super) use page::Written;
pub(super) use visitor::Visitor;
