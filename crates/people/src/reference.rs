//! Reference to people: what approvers and mentions are called.

use std::fmt;

use acteon_core::json::head;
use acteon_core::limits::MAX_NAME_BYTES;

use crate::check;

/// Reference to people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// Id of a person.
    Person(String),
    /// Id of a group, after `group:`.
    Group(String),
    /// Name of an API key, after `principal:`.
    Principal(String),
}

/// Text that is no reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadReference(String);

impl Reference {
    /// Reads a reference: `zhangsan`, `group:release-managers` or `principal:ci`.
    pub fn parse(text: &str) -> Result<Self, BadReference> {
        let bad = || BadReference(head(text, MAX_NAME_BYTES).to_owned());
        let of_id = |id: &str| match check::id(id) {
            None => Ok(id.to_owned()),
            Some(_) => Err(bad()),
        };
        match text.split_once(':') {
            None => of_id(text).map(Self::Person),
            Some(("group", id)) => of_id(id).map(Self::Group),
            Some(("principal", name)) if check::principal(name).is_none() => {
                Ok(Self::Principal(name.to_owned()))
            }
            Some(_) => Err(bad()),
        }
    }
}

/// Text that it was read from.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => f.write_str(id),
            Self::Group(id) => write!(f, "group:{id}"),
            Self::Principal(name) => write!(f, "principal:{name}"),
        }
    }
}

impl fmt::Display for BadReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} must be the id of a person such as \"zhangsan\", \"group:\" with the id of a group, or \"principal:\" with the name of an API key",
            self.0
        )
    }
}

impl std::error::Error for BadReference {}
