//! People and groups: those of a file, and those of documents, which every gateway follows.

mod document;
mod manage;
mod manage_groups;

pub(super) use document::{put_group, put_person};
pub use manage::Made;
