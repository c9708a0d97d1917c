//! People who decide.

use serde::{Deserialize, Serialize};

/// Person, as an approval knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Id, by which decisions and links name them. The same whatever its case.
    pub id: String,
    /// Name that others are shown; absent where it is the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Userid in WeChat Work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wechat: Option<String>,
    /// Name of the API key that is theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// Language of their messages, such as `zh`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// Entry of the approvers, with the people that it meant when the approval began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approver {
    /// Entry as it was written.
    pub entry: String,
    /// People that it means.
    pub people: Vec<Person>,
}

/// Directory of people and groups.
pub trait Directory: Send + Sync {
    /// People that an entry means: a person, `group:NAME` or `principal:NAME`.
    fn resolve(&self, entry: &str) -> Result<Vec<Person>, UnknownApprover>;
}

/// Entry of the approvers that means nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{entry:?} {why}")]
pub struct UnknownApprover {
    /// Entry as it was written.
    pub entry: String,
    /// Why it means nobody.
    pub why: String,
}

impl Person {
    /// Whether an id is this person's.
    pub fn is(&self, id: &str) -> bool {
        same(&self.id, id)
    }

    /// Whether a principal is this person.
    pub(super) fn is_principal(&self, principal: &str) -> bool {
        let own = self.principal.as_deref();
        !principal.is_empty() && own == Some(principal)
    }

    /// Whether this person is who asked for it.
    pub(super) fn asked(&self, requester: &str) -> bool {
        !requester.is_empty() && (self.is_principal(requester) || self.is(requester))
    }
}

/// Whether two ids are of one person.
pub(super) fn same(left: &str, right: &str) -> bool {
    left == right || left.to_lowercase() == right.to_lowercase()
}
