//! People and groups: those of a file, and those of documents, which every gateway follows.

mod askable;
mod document;
mod manage;
mod manage_groups;

pub use document::stored_people;
pub(super) use document::{put_group, put_person};
pub use manage::Made;
