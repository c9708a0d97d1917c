//! Claims of people to names that only one of them may have, such as a userid.
//!
//! Where two claim one name - a file may say what the API has said before, and two gateways may be asked at once - the file goes first, and then who came
//! first. So all gateways agree, in whatever order they heard of it, and the other's claim holds once the first one is gone.

use acteon_core::Timestamp;
use rpds::HashTrieMapSync;

use crate::defined::Source;

/// Claims by the names that are claimed.
#[derive(Clone, Default)]
pub(crate) struct Claims {
    of: HashTrieMapSync<Box<str>, Vec<Claim>>,
}

/// Claim of a person to a name. Those that go first are less.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    /// Instant at which the API made the person; `None` for one of a file.
    made_at: Option<Timestamp>,
    /// Folded id of the person.
    person: Box<str>,
}

impl Claims {
    pub(crate) fn add(&mut self, name: String, person: &str, source: &Source) {
        let made_at = match source {
            Source::File { .. } => None,
            Source::Api { created_at, .. } => Some(*created_at),
        };
        let claim = Claim {
            made_at,
            person: person.into(),
        };
        let mut claims = self.of.get(&*name).cloned().unwrap_or_default();
        let place = claims.partition_point(|before| *before < claim);
        claims.insert(place, claim);
        self.of.insert_mut(name.into(), claims);
    }

    pub(crate) fn remove(&mut self, name: &str, person: &str) {
        let Some(mut claims) = self.of.get(name).cloned() else {
            return;
        };
        claims.retain(|claim| &*claim.person != person);
        if claims.is_empty() {
            self.of.remove_mut(name);
        } else {
            self.of.insert_mut(name.into(), claims);
        }
    }

    /// Folded id of the person who has a name.
    pub(crate) fn holder(&self, name: &str) -> Option<&str> {
        self.of.get(name)?.first().map(|claim| &*claim.person)
    }

    /// Folded ids of those who claim one name: first who has it, then who does not.
    pub(crate) fn contested(&self) -> impl Iterator<Item = Vec<&str>> {
        let several = self.of.values().filter(|claims| claims.len() > 1);
        several.map(|claims| claims.iter().map(|claim| &*claim.person).collect())
    }
}
