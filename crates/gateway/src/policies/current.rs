//! Current policies: what decides about actions, as one value in memory: rules, switches, silences,
//! time intervals, quotas.
//!
//! The hot path loads it without a lock. Whenever a document changes, here or in another process,
//! what changed since the revision that this value stands at is read and put into a copy that
//! shares the rest; a revision is known only once its changes are in force. Whenever rules are
//! loaded they take the place of those before.

use std::collections::BTreeMap;
use std::sync::Arc;

use acteon_core::limits::MAX_ASIDE;
use acteon_core::{Action, Outcome, ProviderName, Timestamp, with_causes};
use acteon_people::{Directory, Roster};
use acteon_rules::{Facts, Matcher, OnMute, Rule, RuleSet};
use acteon_schedule::Calendars;
use acteon_store::{Document, DocumentChanges, DocumentKind, Store, StoreError};
use arc_swap::ArcSwap;
use tokio::sync::{Mutex, Semaphore};

use super::chains::{Chains, filed};
use super::hold_back::HoldBack;
use super::intervals::Intervals;
use super::people;
use super::quotas::Quotas;
use super::silences::Silences;
use super::templates::Templates;
use super::toggles;
use crate::offload;
use crate::operate::reloads::{Reloads, TroubleTurn};
use crate::policies::pending::Pending;

/// Bytes of a payload that take about as long as a person or group of a file.
const PERSON: usize = 1024;

/// Policies: everything that decides. Cloning is cheap.
#[derive(Clone, Default)]
pub(crate) struct Policies {
    /// Rules as their files say.
    pub(crate) loaded: RuleSet,
    /// Rules with what was switched on and off.
    pub(crate) rules: RuleSet,
    pub(super) toggles: BTreeMap<String, bool>,
    pub(crate) silences: Silences,
    pub(crate) intervals: Intervals,
    /// Calendars that time intervals go by.
    pub(crate) calendars: Calendars,
    pub(crate) quotas: Quotas,
    pub(crate) templates: Templates,
    /// People and groups, of a file and of the documents.
    pub(crate) directory: Directory,
    pub(crate) chains: Chains,
    /// Revision of the documents that are in here; `None` before any were read.
    pub(super) revision: Option<i64>,
    /// Number that grows with each change of documents that this process takes over.
    pub(super) generation: u64,
}

/// Finding about an action: no silence holds it back. It stays so until documents change, or a
/// silence begins.
#[derive(Clone, Copy)]
pub(crate) struct Unsilenced {
    generation: u64,
    from: Timestamp,
    until: Option<Timestamp>,
}

impl Unsilenced {
    fn holds(&self, policies: &Policies, now: Timestamp) -> bool {
        // After a step back of the clock a silence may hold that had ended.
        self.generation == policies.generation
            && self.from <= now
            && self.until.is_none_or(|until| now < until)
    }
}

/// Current policies, and how they are kept current.
pub(crate) struct CurrentPolicies {
    pub(super) current: ArcSwap<Policies>,
    pub(super) changing: Mutex<()>,
    /// Held from the look at who uses a time interval until that is true no more: while one is
    /// deleted, and while other rules take the place of those before.
    pub(super) using_intervals: Mutex<()>,
    /// Held from the look at who refers to a template until that is true no more.
    pub(super) using_templates: Mutex<()>,
    /// Held from the look at who has an id, a userid or a principal, and at who is in a group, until that is true no more.
    pub(super) changing_people: Mutex<()>,
    /// Held from the look at who starts a chain until that is true no more: while its definition is changed or deleted, and while other rules take
    /// the place of those before.
    pub(super) using_chains: Mutex<()>,
    /// Reloads of the documents, counted.
    pub(super) reloads: Reloads,
    /// Turns for work that takes long and changes nothing.
    pub(super) aside: Arc<Semaphore>,
    pub(super) pending: std::sync::Mutex<Pending>,
}

impl Default for CurrentPolicies {
    fn default() -> Self {
        let (current, changing, using_intervals, reloads, pending) = Default::default();
        Self {
            current,
            changing,
            using_intervals,
            using_templates: Mutex::default(),
            changing_people: Mutex::default(),
            using_chains: Mutex::default(),
            reloads,
            aside: Arc::new(Semaphore::new(MAX_ASIDE)),
            pending,
        }
    }
}

impl CurrentPolicies {
    pub(crate) fn load(&self) -> arc_swap::Guard<Arc<Policies>> {
        self.current.load()
    }

    pub(crate) fn load_full(&self) -> Arc<Policies> {
        self.current.load_full()
    }

    /// Reads what changed in the documents and takes it over. Until that is done it counts as not known.
    pub(crate) async fn refresh(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let _changing = self.changing.lock().await;
        let before = self.current.load_full();
        let changes = store.documents_since(before.revision.unwrap_or(-1)).await;
        self.count_reload(changes.as_ref().err(), now);
        let changes = changes?;
        let next = offload::by_size(cost(&changes), || {
            before.with_compiled(&changes, now, &|text| self.pending_pattern(text))
        });
        self.current.store(Arc::new(next));
        Ok(())
    }

    /// Puts other rules in force.
    pub(crate) async fn set_rules(&self, rules: RuleSet) {
        let _changing = self.changing.lock().await;
        let before = self.current.load_full();
        let policies = Policies {
            chains: before.chains.with_files(filed(&rules)),
            rules: rules.with_toggles(&before.toggles),
            loaded: rules,
            ..(*before).clone()
        };
        self.current.store(Arc::new(policies));
    }

    /// Takes over other calendars.
    pub(crate) async fn set_calendars(&self, calendars: Calendars) {
        let _changing = self.changing.lock().await;
        let before = self.current.load_full();
        self.current.store(Arc::new(Policies {
            calendars,
            ..(*before).clone()
        }));
    }

    /// Takes over the people and groups of a file, in the place of those before.
    pub(crate) async fn set_roster(&self, roster: &Roster) {
        let _changing = self.changing.lock().await;
        let mut next = (*self.current.load_full()).clone();
        let (people, groups) = roster.counts();
        offload::by_size((people + groups) * PERSON, || {
            next.directory.set_roster(roster);
        });
        self.current.store(Arc::new(next));
    }

    /// Counts a reading of the documents, and logs where it begins to fail or to work again.
    pub(super) fn count_reload(&self, error: Option<&StoreError>, now: Timestamp) {
        let error = error.map(|error| with_causes(error).to_string());
        match self.reloads.count(error.clone(), now) {
            TroubleTurn::Began => {
                tracing::error!(
                    error,
                    "changes of silences, quotas and time intervals could not be read; the earlier ones hold for now"
                );
            }
            TroubleTurn::Ended => {
                tracing::info!("changes of silences, quotas and time intervals are read again");
            }
            TroubleTurn::None | TroubleTurn::Changed => {}
        }
    }
}

impl Policies {
    /// Policies with what changed.
    #[cfg(test)]
    fn with(&self, changes: &DocumentChanges, now: Timestamp) -> Self {
        self.with_compiled(changes, now, &|_| None)
    }

    /// Policies with what changed, where some patterns may be compiled already.
    fn with_compiled(
        &self,
        changes: &DocumentChanges,
        now: Timestamp,
        compiled: &dyn Fn(&str) -> Option<Matcher>,
    ) -> Self {
        let mut next = self.clone();
        if changes.whole {
            (next.toggles, next.silences, next.intervals, next.quotas) = Default::default();
            next.templates = Templates::default();
            next.directory.forget_api();
            next.chains = next.chains.without_stored();
        }
        let (mut switched, mut defines) = (changes.whole, false);
        // Deletions first: a document that is there was made anew after it was deleted.
        for (kind, id) in &changes.deleted {
            match kind {
                DocumentKind::Silence => next.silences.remove(id),
                DocumentKind::TimeInterval => next.intervals.remove(id),
                DocumentKind::Quota => next.quotas.remove(id),
                DocumentKind::RuleToggle => switched |= next.toggles.remove(id).is_some(),
                DocumentKind::Template => next.templates.remove_template(id),
                DocumentKind::TemplateProfile => next.templates.remove_profile(id),
                DocumentKind::Person => next.directory.remove_person(id),
                DocumentKind::PeopleGroup => next.directory.remove_group(id),
                DocumentKind::Chain => {
                    defines = true;
                    next.chains.take_out(id);
                }
            }
        }
        for document in &changes.documents {
            match document.kind {
                DocumentKind::Silence => next.silences.put(document, now, compiled),
                DocumentKind::TimeInterval => next.intervals.put(document),
                DocumentKind::Quota => next.quotas.put(document),
                DocumentKind::RuleToggle => switched |= toggles::put(&mut next.toggles, document),
                DocumentKind::Template => next.templates.put_template(document),
                DocumentKind::TemplateProfile => next.templates.put_profile(document),
                DocumentKind::Person => people::put_person(&mut next.directory, document),
                DocumentKind::PeopleGroup => people::put_group(&mut next.directory, document),
                DocumentKind::Chain => {
                    defines = true;
                    next.chains.put(document);
                }
            }
        }
        if defines {
            next.chains.put_together();
        }
        next.silences.forget_ended(now);
        if switched {
            next.rules = next.loaded.with_toggles(&next.toggles);
        }
        next.revision = Some(changes.revision);
        next.generation += 1;
        next
    }

    /// Policies with the silences that held an action back at an instant and have ended since. To
    /// be called beside what serves others.
    pub(crate) fn as_of(&self, at: Timestamp, action: &Action) -> Self {
        let mut then = self.clone();
        then.silences.hold_as_of(at, action);
        then
    }

    /// Hold-back of an action that goes through `provider` because of `rule`: looked at before
    /// every attempt. `known` is what the last look at the same action and provider found, and is
    /// told what this one does.
    pub(crate) fn hold_back(
        &self,
        action: &Action,
        provider: &ProviderName,
        rule: Option<&Rule>,
        now: Timestamp,
        known: &mut Option<Unsilenced>,
    ) -> Option<HoldBack> {
        if !self.silences.is_empty_for(action) && !known.is_some_and(|known| known.holds(self, now))
        {
            let looked = || {
                self.silences
                    .matching(&Facts::through(action, provider, now))
                    .map(|silence| (silence.id.clone(), silence.ends_at))
            };
            if let Some((silence_id, ends_at)) =
                offload::by_size(self.silences.cost(action), looked)
            {
                let matched_rule = rule.map(|rule| rule.name().to_string());
                let outcome = Outcome::Silenced {
                    silence_id,
                    matched_rule,
                };
                return Some(HoldBack::Silenced(outcome, ends_at));
            }
            *known = Some(Unsilenced {
                generation: self.generation,
                from: now,
                until: self.silences.next_start(now),
            });
        }
        self.muted(action, rule?, now)
    }

    /// Hold-back of an action by a rule's time intervals at `now`.
    fn muted(&self, action: &Action, rule: &Rule, now: Timestamp) -> Option<HoldBack> {
        let interval = |name: &str| {
            self.intervals
                .find(action, name)
                .or_else(|| self.rules.interval(name))?
                .in_force(&self.calendars)
        };
        let muting = rule.muting(interval, now)?;
        let until = if muting.on_mute == OnMute::Postpone {
            rule.mutes_until(interval, now)
        } else {
            None
        };
        Some(HoldBack::of_muting(&muting, until, rule))
    }
}

/// Cost of taking changes over, in bytes of a payload that take as long. To compile a pattern takes
/// milliseconds.
fn cost(changes: &DocumentChanges) -> usize {
    let has_pattern = |document: &Document| {
        document.kind == DocumentKind::Silence && document.body.contains("regex")
    };
    let bytes = |document: &Document| {
        if has_pattern(document) {
            offload::LARGE
        } else {
            document.body.len()
        }
    };
    changes.documents.iter().map(bytes).sum()
}

#[cfg(test)]
mod tests;
