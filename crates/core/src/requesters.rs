//! Principals that caused an action, however many hands it went through.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Caller;

/// Most principals that are kept. More are nobody's honest need, and count as lost.
const MAX_REQUESTERS: usize = 100;

/// Principals that caused an action: who posted it and who replays it, who made and changed the recurring action that sends it, who started the chain.
///
/// Written as one name where there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Requesters {
    names: Vec<String>,
    lost: Option<String>,
}

/// Shape in which they are stored.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    One(String),
    Several {
        names: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lost: Option<String>,
    },
}

impl Requesters {
    /// Caller who asks; nobody where the gateway does by itself, or where no authentication is asked for.
    pub fn of(caller: &Caller) -> Self {
        let mut requesters = Self::default();
        requesters.add_caller(&caller.id, caller.auth_method);
        requesters
    }

    /// Requesters of what an older version made, which did not keep who did.
    pub fn not_kept() -> Self {
        let mut requesters = Self::default();
        requesters.lose("it was made by an older version, which did not keep who made it");
        requesters
    }

    /// Adds a caller, by their id and how they were told; nobody where that is the gateway itself.
    pub fn add_caller(&mut self, id: &str, auth_method: &str) {
        if auth_method != Caller::INTERNAL {
            self.add(id);
        }
    }

    /// Adds a principal. One without a name is nobody.
    pub fn add(&mut self, name: &str) {
        if name.is_empty() || self.has(name) {
            return;
        }
        if self.names.len() >= MAX_REQUESTERS {
            return self.lose(&format!("more than {MAX_REQUESTERS} principals caused it"));
        }
        self.names.push(name.to_owned());
    }

    /// Adds all of others.
    pub fn add_all(&mut self, others: &Self) {
        for name in &others.names {
            self.add(name);
        }
        if let Some(why) = &others.lost {
            self.lose(why);
        }
    }

    /// Notes that there may be others, whom nobody can name any more.
    pub fn lose(&mut self, why: &str) {
        self.lost.get_or_insert_with(|| why.to_owned());
    }

    /// Why there may be others, if there may.
    pub fn lost(&self) -> Option<&str> {
        self.lost.as_deref()
    }

    /// Names of those who are known, each once.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Whether a principal is among them.
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// Whether nobody is known, and nobody can be missing.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.lost.is_none()
    }
}

impl fmt::Display for Requesters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names.join(", "))
    }
}

impl From<&str> for Requesters {
    fn from(name: &str) -> Self {
        let mut requesters = Self::default();
        requesters.add(name);
        requesters
    }
}

impl From<Written> for Requesters {
    fn from(written: Written) -> Self {
        match written {
            Written::One(name) => name.as_str().into(),
            Written::Several { names, lost } => Self { names, lost },
        }
    }
}

impl From<Requesters> for Written {
    fn from(Requesters { mut names, lost }: Requesters) -> Self {
        if lost.is_none() && names.len() < 2 {
            return Self::One(names.pop().unwrap_or_default());
        }
        Self::Several { names, lost }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_written_as_a_name_and_several_as_a_list() {
        let mut requesters = Requesters::from("ci");
        let json = |requesters: &Requesters| serde_json::to_string(requesters).expect("JSON");
        assert_eq!(json(&Requesters::default()), r#""""#);
        assert_eq!(json(&requesters), r#""ci""#);
        for name in ["lisi", "", "ci"] {
            requesters.add(name);
        }
        assert_eq!(json(&requesters), r#"{"names":["ci","lisi"]}"#);
        requesters.lose("the chain is gone");
        let back: Requesters = serde_json::from_str(&json(&requesters)).expect("it is read");
        assert_eq!(back, requesters);
        assert_eq!(back.to_string(), "ci, lisi");
        assert_eq!(back.lost(), Some("the chain is gone"));
    }

    #[test]
    fn the_gateway_and_the_anonymous_are_nobody() {
        for caller in [Caller::gateway(), Caller::anonymous()] {
            assert!(Requesters::of(&caller).is_empty());
        }
    }

    #[test]
    fn more_than_may_be_kept_are_lost_and_not_forgotten() {
        let mut requesters = Requesters::default();
        for number in 0..=MAX_REQUESTERS {
            requesters.add(&format!("key-{number}"));
        }
        assert_eq!(requesters.names().count(), MAX_REQUESTERS);
        assert!(requesters.lost().is_some());
    }
}
