//! Sign-ins of members: the domains that apps trust, and the codes that were given out.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// Time for which a code is good (page 91023).
const CODE_LASTS: Duration = Duration::from_mins(5);
/// Most codes that are kept.
const KEPT_CODES: usize = 10_000;

/// Sign-ins of the members of a corporation.
#[derive(Debug, Default)]
pub struct SignIns {
    /// Trusted domain of each app, by its agent id, with the port where it is not the usual one.
    pub trusted_domains: BTreeMap<i64, String>,
    codes: HashMap<String, Code>,
}

/// Whom a code was given to.
#[derive(Debug)]
pub(super) enum Whose {
    /// Member, by the userid.
    Member(String),
    /// Somebody who is no member.
    Outsider,
}

/// Code that was given out.
#[derive(Debug)]
struct Code {
    agent_id: i64,
    whose: Whose,
    until: Instant,
}

impl SignIns {
    /// Keeps a code that an app's page gives out.
    pub(super) fn give(&mut self, code: &str, (agent_id, whose): (i64, Whose), now: Instant) {
        if self.codes.len() >= KEPT_CODES {
            self.codes.retain(|_, code| now < code.until);
        }
        let until = now + CODE_LASTS;
        let given = Code {
            agent_id,
            whose,
            until,
        };
        self.codes.insert(code.to_owned(), given);
    }

    /// Whose a code of this app is; `None` where it is none that is good. It is used with that, also where it was another app's.
    pub(super) fn take(&mut self, code: &str, agent_id: i64, now: Instant) -> Option<Whose> {
        let found = self.codes.remove(code)?;
        (found.agent_id == agent_id && now < found.until).then_some(found.whose)
    }
}
