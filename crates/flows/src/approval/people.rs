//! People who decide.

use acteon_core::{Requesters, Timestamp};
use acteon_schedule::minute;
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
    /// Name of the time zone that they are in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
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

    /// Whether a userid in WeChat Work is this person's.
    pub fn is_member(&self, userid: &str) -> bool {
        self.wechat.as_deref().is_some_and(|own| same(own, userid))
    }

    /// Whether another is this human: by their id, their userid in WeChat Work, or their API key. The directory may have changed in between.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        let mut userids = self.wechat.iter().zip(&other.wechat);
        let mut keys = self.principal.iter().zip(&other.principal);
        self.is(&other.id)
            || userids.any(|(left, right)| same(left, right))
            || keys.any(|(left, right)| left == right)
    }

    /// Instant to the minute, as their clock shows it, with how far that is from UTC.
    pub fn time(&self, at: Timestamp) -> String {
        minute(at, self.time_zone.as_deref())
    }

    /// Whether a principal is this person.
    pub(super) fn is_principal(&self, principal: &str) -> bool {
        let own = self.principal.as_deref();
        !principal.is_empty() && own == Some(principal)
    }

    /// Whether this person is one of those who asked for it.
    pub(super) fn asked(&self, requester: &Requesters) -> bool {
        requester
            .names()
            .any(|name| self.is_principal(name) || self.is(name))
    }
}

/// Whether two ids are of one person.
pub(super) fn same(left: &str, right: &str) -> bool {
    left == right || left.to_lowercase() == right.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_human_is_known_by_id_userid_and_key() {
        let person = |id: &str, wechat: Option<&str>, principal: Option<&str>| Person {
            id: id.to_owned(),
            wechat: wechat.map(str::to_owned),
            principal: principal.map(str::to_owned),
            ..Person::default()
        };
        let lena = person("lena", Some("LenaAtWork"), Some("lena-key"));
        for (other, is_same) in [
            (person("LENA", None, None), true),
            (person("lenaatwork", Some("lenaatwork"), None), true),
            (person("principal:lena-key", None, Some("lena-key")), true),
            (person("principal:LENA-KEY", None, Some("LENA-KEY")), false),
            (person("max", Some("MaxAtWork"), None), false),
            (person("max", None, None), false),
        ] {
            assert_eq!(other.is_same_as(&lena), is_same, "{other:?}");
            assert_eq!(lena.is_same_as(&other), is_same, "{other:?}");
        }
    }
}
