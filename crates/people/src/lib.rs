//! People: who may be asked and mentioned, and whom a name means.
//!
//! A [`Person`] has an id, and what is known of them: their userid at WeChat Work, their API key's name, their language. A [`Group`] has people as
//! members. A file lists both ([`Roster`]), and operators make more of them over the API; the [`Directory`] holds all, and [resolves](Directory::resolve)
//! what approvers and mentions are called: `zhangsan`, `group:release-managers`, `principal:ci`.
//!
//! Ids and userids are matched without case, as WeChat Work does. `Debug` shows no mobile number and no e-mail address.

mod check;
mod claims;
mod defined;
mod directory;
mod group;
mod kept;
mod person;
mod reference;
mod resolve;
mod roster;

pub use check::Fault;
pub use defined::{Defined, Source};
pub use directory::Directory;
pub use group::Group;
pub use person::{Language, Person};
pub use reference::{BadReference, Reference};
pub use resolve::{Resolved, Unknown};
pub use roster::Roster;

/// What is wrong with an id, or with a userid of WeChat Work; `None` where nothing is.
pub fn wrong_id(text: &str) -> Option<String> {
    check::id(text)
}

/// Spelling by which ids and userids are matched.
pub fn folded(id: &str) -> String {
    id.to_ascii_lowercase()
}
