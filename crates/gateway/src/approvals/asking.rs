//! Rules and chains that ask people, and what of that does not fit the people that are known.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use acteon_core::similar::nearest;
use acteon_core::{ApprovalPolicy, GROUP, PRINCIPAL, is_template};
use acteon_flows::approval::unaskable;
use acteon_flows::chain::{Definition, StepKind};
use acteon_people::{Directory, folded};
use acteon_rules::RuleSet;

use super::KnownPeople;
use crate::policies::Policies;

/// Most rules and steps that are named which could ask nobody.
const MAX_UNASKABLE: usize = 20;

/// Rule or step of a chain that asks people.
pub(crate) struct Asking<'p> {
    /// What it is called, and where it stands.
    pub(crate) who: String,
    /// Policy that it asks by.
    pub(crate) policy: Cow<'p, ApprovalPolicy>,
}

impl Asking<'_> {
    /// Entries of its approvers, and of those that it is escalated to, each with its key.
    fn entries(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let approvers = self.policy.approvers.iter();
        let escalation = self.policy.escalate_to.iter();
        let approvers = approvers.map(|entry| ("approvers", entry));
        approvers.chain(escalation.map(|entry| ("escalate_to", entry)))
    }

    /// Why nobody could be asked, if that is so.
    fn unaskable(&self, known: &KnownPeople) -> impl Iterator<Item = String> {
        let problems = unaskable(&self.policy, known).into_iter();
        problems.map(|problem| {
            let (who, key, message) = (&self.who, problem.key, problem.message);
            format!("{who} asks for approval, and nobody could be asked: {key} {message}")
        })
    }

    /// Whether it names a group.
    pub(crate) fn names_group(&self, id: &str) -> bool {
        self.entries().any(|(_, entry)| {
            let group = entry.strip_prefix(GROUP);
            group.is_some_and(|group| folded(group) == id)
        })
    }

    /// Whether it names somebody by one of these ids, which are folded.
    pub(crate) fn names_one_of(&self, ids: &[String]) -> bool {
        self.entries()
            .any(|(_, entry)| ids.contains(&folded(entry)))
    }
}

/// Rules and steps of chains that ask people.
pub(crate) fn asking<'p>(
    rules: &'p RuleSet,
    chains: impl Iterator<Item = &'p Definition>,
) -> Vec<Asking<'p>> {
    let mut all = Vec::new();
    for (rule, _) in rules.rules() {
        if let Some(policy) = rule.verdict().approval() {
            all.push(Asking {
                who: format!("the rule {:?} ({})", rule.name(), rule.source()),
                policy: Cow::Borrowed(policy),
            });
        }
    }
    for chain in chains {
        for step in chain.all_steps() {
            let StepKind::Approval { policy, .. } = &step.kind else {
                continue;
            };
            if let Ok(policy) = serde_json::from_str(policy.get()) {
                all.push(Asking {
                    who: format!("the chain {:?}, step {:?}", chain.name, step.name),
                    policy: Cow::Owned(policy),
                });
            }
        }
    }
    all
}

/// Rules and steps in force that ask people.
pub(crate) fn asking_in_force(policies: &Policies) -> Vec<Asking<'_>> {
    let chains = policies.chains.all().map(|definition| &**definition);
    asking(&policies.loaded, chains)
}

/// What of the rules and chains that ask people does not fit the people that are known. `callers_are_known` says whether callers have keys.
pub fn approval_warnings<'p>(
    rules: &'p RuleSet,
    chains: impl Iterator<Item = &'p Definition>,
    directory: &Directory,
    callers_are_known: bool,
) -> Vec<String> {
    let known = KnownPeople(directory.clone());
    let mut warnings = Vec::new();
    for asking in asking(rules, chains) {
        let who = &asking.who;
        warnings.extend(asking.unaskable(&known));
        if asking.policy.separate && !callers_are_known {
            warnings.push(format!(
                "{who} says separate, which holds nobody off: callers have no keys, so that nobody knows who asks; see [auth]"
            ));
        }
        for (key, entry) in asking
            .entries()
            .filter(|(_, entry)| is_strange(directory, entry))
        {
            let ids = directory.people().map(|person| person.value.id.as_str());
            let hint = nearest(entry, ids)
                .map_or(String::new(), |near| format!("; did you mean {near:?}?"));
            warnings.push(format!(
                "{who}: {key} has {entry:?}, whom the directory does not have, and who is taken for a userid in WeChat Work{hint}"
            ));
        }
    }
    warnings
}

/// Whether an entry names somebody who is not in the directory, although others are.
pub(super) fn is_strange(directory: &Directory, entry: &str) -> bool {
    let is_other = entry.starts_with(GROUP) || entry.starts_with(PRINCIPAL) || is_template(entry);
    !is_other
        && directory.counts().0 > 0
        && directory.person(entry).is_none()
        && directory.of_wechat(entry).is_none()
}

/// Rules and chains that could ask nobody, by the policies that were looked at last.
#[derive(Default)]
pub(crate) struct LastUnaskable(Mutex<(Weak<Policies>, Arc<[String]>)>);

impl LastUnaskable {
    /// Those by these policies, the first of them.
    pub(super) fn by(&self, policies: &Arc<Policies>) -> Arc<[String]> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Arc::downgrade(policies);
        if !last.0.ptr_eq(&now) {
            let known = KnownPeople(policies.directory.clone());
            let asking = asking_in_force(policies);
            let found = asking.iter().flat_map(|asking| asking.unaskable(&known));
            *last = (now, found.take(MAX_UNASKABLE).collect());
        }
        Arc::clone(&last.1)
    }
}
