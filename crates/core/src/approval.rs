//! Policies of approvals: who decides, how many of them, and by when.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ProviderName;
use crate::limits::{
    MAX_APPROVAL_MESSAGE_BYTES, MAX_APPROVAL_REMINDERS, MAX_APPROVAL_TIMEOUT, MAX_APPROVERS,
    MAX_NAME_BYTES,
};

/// Policy of an approval, with the keys that rules and steps of chains give it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalPolicy {
    /// Who decides: people, `group:NAME` and `principal:NAME`. Where there is nobody, whoever has the link does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<String>,
    /// Approvals that it takes. One rejection is always enough.
    #[serde(default)]
    pub quorum: Quorum,
    /// Seconds until it is decided without people.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
    /// Decision where the time is over.
    #[serde(default)]
    pub on_timeout: OnTimeout,
    /// Provider of the messages to those who decide; without one there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_provider: Option<ProviderName>,
    /// Seconds between messages to those who have not decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind_every_seconds: Option<u64>,
    /// Who decides too, once nobody has for a while.
    #[serde(
        default,
        deserialize_with = "one_or_many",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub escalate_to: Vec<String>,
    /// Seconds until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_after_seconds: Option<u64>,
    /// Whether who asks may not decide.
    #[serde(default)]
    pub separate: bool,
    /// What those who decide are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whether a decision needs a comment.
    #[serde(default)]
    pub comment: CommentPolicy,
}

/// Approvals that it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quorum {
    /// So many, of different people.
    Count(u32),
    /// One for each entry of the approvers, of different people. Written `each`.
    Each,
}

/// Decision about an approval whose time is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnTimeout {
    /// What was asked for does not happen.
    #[default]
    Reject,
    /// What was asked for happens.
    Approve,
}

/// Whether a decision needs a comment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommentPolicy {
    /// Who decides may write one.
    #[default]
    Optional,
    /// Who decides must write one.
    Required,
}

/// What is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyProblem {
    /// Key that it is about.
    pub key: &'static str,
    /// What is wrong with it, and what was expected.
    pub message: String,
}

/// Word for one of each, in place of a number.
pub const EACH: &str = "each";

/// Time that people have where the policy does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_hours(1);

/// What stands before the name of a group.
pub const GROUP: &str = "group:";

/// What stands before the name of a principal.
pub const PRINCIPAL: &str = "principal:";

impl Default for Quorum {
    fn default() -> Self {
        Self::Count(1)
    }
}

impl Serialize for Quorum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => count.serialize(serializer),
            Self::Each => EACH.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Quorum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Count(u32),
            Word(String),
        }
        match Written::deserialize(deserializer) {
            Ok(Written::Count(count)) if count > 0 => Ok(Self::Count(count)),
            Ok(Written::Word(word)) if word == EACH => Ok(Self::Each),
            Ok(_) | Err(_) => Err(serde::de::Error::custom(format!(
                "expected the number of approvals that it takes, or {EACH:?}"
            ))),
        }
    }
}

impl ApprovalPolicy {
    /// Policy without anything that may be left out.
    pub fn plain() -> Self {
        Self {
            approvers: Vec::new(),
            quorum: Quorum::default(),
            timeout_seconds: default_timeout(),
            on_timeout: OnTimeout::default(),
            notify_provider: None,
            remind_every_seconds: None,
            escalate_to: Vec::new(),
            escalate_after_seconds: None,
            separate: false,
            message: None,
            comment: CommentPolicy::default(),
        }
    }

    /// Everything that is wrong with the policy as a whole.
    pub fn problems(&self) -> Vec<PolicyProblem> {
        self.problems_beside(|_| false)
    }

    /// Everything that is wrong with the policy of a step of a chain, whose texts may be templates: of those nothing is known yet.
    pub fn template_problems(&self) -> Vec<PolicyProblem> {
        self.problems_beside(is_template)
    }

    fn problems_beside(&self, is_unknown: fn(&str) -> bool) -> Vec<PolicyProblem> {
        let mut problems = Vec::new();
        self.check_names(is_unknown, &mut problems);
        self.check_quorum(is_unknown, &mut problems);
        self.check_times(&mut problems);
        let message = self.message.as_deref().filter(|text| !is_unknown(text));
        let length = message.map_or(0, str::len);
        if length > MAX_APPROVAL_MESSAGE_BYTES {
            problems.push(PolicyProblem {
                key: "message",
                message: format!(
                    "is {length} bytes long, at most {MAX_APPROVAL_MESSAGE_BYTES} are allowed"
                ),
            });
        }
        problems
    }

    fn check_names(&self, is_unknown: fn(&str) -> bool, problems: &mut Vec<PolicyProblem>) {
        for (key, names) in [
            ("approvers", &self.approvers),
            ("escalate_to", &self.escalate_to),
        ] {
            let mut add = |message: String| problems.push(PolicyProblem { key, message });
            if names.len() > MAX_APPROVERS {
                add(format!(
                    "has {} entries, at most {MAX_APPROVERS} are allowed",
                    names.len()
                ));
            }
            for (at, name) in names.iter().enumerate() {
                if is_unknown(name) {
                    continue;
                }
                if let Some(why) = wrong_name(name) {
                    add(format!("has {name:?}, {why}"));
                } else if names[..at].iter().any(|other| is_same_name(other, name)) {
                    add(format!("has {name:?} twice"));
                }
            }
        }
    }

    fn check_quorum(&self, is_unknown: fn(&str) -> bool, problems: &mut Vec<PolicyProblem>) {
        let mut add = |key, message: String| problems.push(PolicyProblem { key, message });
        let is_anybody = self.approvers.is_empty();
        match self.quorum {
            Quorum::Count(count) if is_anybody && count > 1 => add(
                "quorum",
                format!(
                    "is {count}, and needs approvers: without them nobody can tell two people who have the link from one"
                ),
            ),
            Quorum::Each if is_anybody => add("quorum", format!("is {EACH}, and needs approvers")),
            Quorum::Count(count) => {
                let most = self.most_people(is_unknown);
                if count as usize > most && !is_anybody {
                    add(
                        "quorum",
                        format!("is {count}, and there are only {most} approvers"),
                    );
                }
            }
            Quorum::Each => {}
        }
        if self.separate && is_anybody {
            let why = "needs approvers: without them nobody can tell who decides from who asks";
            add("separate", why.to_owned());
        }
    }

    /// Most people that the approvers may be.
    fn most_people(&self, is_unknown: fn(&str) -> bool) -> usize {
        let is_group = |name: &String| name.starts_with(GROUP) || is_unknown(name);
        if self.approvers.iter().any(is_group) {
            MAX_APPROVERS
        } else {
            self.approvers.len()
        }
    }

    fn check_times(&self, problems: &mut Vec<PolicyProblem>) {
        let mut add = |key, message: String| problems.push(PolicyProblem { key, message });
        let most = MAX_APPROVAL_TIMEOUT.as_secs();
        let timeout = self.timeout_seconds;
        if !(1..=most).contains(&timeout) {
            add(
                "timeout_seconds",
                format!("is {timeout}, expected 1 to {most}"),
            );
        }
        if let Some(every) = self.remind_every_seconds {
            if !(1..timeout).contains(&every) {
                let why = format!(
                    "is {every}, expected 1 to less than timeout_seconds, which is {timeout}"
                );
                add("remind_every_seconds", why);
            } else if timeout / every > MAX_APPROVAL_REMINDERS.into() {
                let why = format!(
                    "is {every}, and makes {} reminders until the time is over; at most {MAX_APPROVAL_REMINDERS} are sent",
                    timeout / every
                );
                add("remind_every_seconds", why);
            }
        }
        match self.escalate_after_seconds {
            Some(_) if self.escalate_to.is_empty() => add(
                "escalate_after_seconds",
                "needs escalate_to, which says who decides too".to_owned(),
            ),
            None if !self.escalate_to.is_empty() => add(
                "escalate_to",
                "needs escalate_after_seconds, which says when".to_owned(),
            ),
            Some(after) if !(1..timeout).contains(&after) => add(
                "escalate_after_seconds",
                format!("is {after}, expected 1 to less than timeout_seconds, which is {timeout}"),
            ),
            Some(_) | None => {}
        }
        if self.approvers.is_empty() && !self.escalate_to.is_empty() {
            let why = "needs approvers: without them whoever has the link decides";
            add("escalate_to", why.to_owned());
        }
    }
}

/// Whether a text is a template of a chain, so that nobody knows yet what it says.
pub fn is_template(text: &str) -> bool {
    text.contains("{{")
}

/// Why no approver can have this name.
fn wrong_name(name: &str) -> Option<String> {
    if name.trim() != name || name.is_empty() {
        return Some("expected a name without blanks around it".to_owned());
    }
    if name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
        return Some(format!(
            "expected a name of {MAX_NAME_BYTES} bytes at most, without control characters"
        ));
    }
    let (kind, rest) = name.split_once(':')?;
    match kind {
        "group" | "principal" if rest.is_empty() => Some(format!("expected {kind}:NAME")),
        "group" | "principal" => None,
        _ => Some("expected the name of a person, group:NAME or principal:NAME".to_owned()),
    }
}

/// Whether two entries name the same: principals by their case, all others without.
fn is_same_name(left: &str, right: &str) -> bool {
    if left.starts_with(PRINCIPAL) {
        return left == right;
    }
    left.to_lowercase() == right.to_lowercase()
}

const fn default_timeout() -> u64 {
    DEFAULT_TIMEOUT.as_secs()
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::One(one) => vec![one],
        Written::Many(many) => many,
    })
}
