//! Differences between two configurations: what a reload changes at once, and what waits for the
//! next start.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use acteon_config::{Key, Sections, Settings, Takes};
use acteon_core::ProviderName;
use acteon_people::Roster;
use acteon_schedule::Calendars;

use super::providers::{ConfiguredProvider, PROVIDER};
use super::sections::{READ_ANEW, SECTIONS};

/// Values of a configuration, to be compared with another. It is not `Debug`: secrets are part of
/// it.
pub struct Said {
    sections: Sections,
    providers: BTreeMap<ProviderName, SaidOfProvider>,
    calendars: Calendars,
    people: Arc<Roster>,
}

struct SaidOfProvider {
    type_name: String,
    keys: &'static [Key],
    settings: Settings,
}

/// Differences of another configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Providers to be replaced, each with the keys whose values have changed.
    pub providers: BTreeMap<ProviderName, Vec<&'static str>>,
    /// Names of the calendars whose days have changed, added and removed ones among them.
    pub calendars: Vec<String>,
    /// Whether the people or groups of the configuration itself have changed.
    pub people: bool,
    /// Section and key of other values that have changed.
    pub others: Vec<(&'static str, &'static str)>,
    /// Settings that take effect at the next start, such as `server.port` or `wechat-ops:
    /// wechat.corp_id`.
    pub at_start: Vec<String>,
}

impl Said {
    pub(super) fn new(
        sections: Sections,
        providers: &[ConfiguredProvider],
        calendars: &Calendars,
        people: &Arc<Roster>,
    ) -> Self {
        let said = |provider: &ConfiguredProvider| {
            let ConfiguredProvider {
                name,
                type_name,
                keys,
                settings,
                ..
            } = provider;
            (
                name.clone(),
                SaidOfProvider {
                    type_name: type_name.clone(),
                    keys,
                    settings: settings.clone(),
                },
            )
        };
        Self {
            sections,
            providers: providers.iter().map(said).collect(),
            calendars: calendars.clone(),
            people: Arc::clone(people),
        }
    }

    /// People and groups that `next` puts in force; `None` where `self` or `next` has them in a file of their own, which waits for the next start.
    pub fn people_to<'n>(&self, next: &'n Self) -> Option<&'n Arc<Roster>> {
        let have_file = |said: &Self| said.sections.get("directory").has("file");
        (!have_file(self) && !have_file(next)).then_some(&next.people)
    }

    /// Changes from `self`, which is in force, to `next`. No send may take longer than
    /// `send_limit`.
    pub fn changes_to(&self, next: &Self, send_limit: Duration) -> Changes {
        let mut changes = Changes {
            calendars: next.calendars.changed_from(&self.calendars),
            people: self
                .people_to(next)
                .is_some_and(|people| !people.says_what(&self.people)),
            ..Changes::default()
        };
        for section in SECTIONS {
            for key in next
                .sections
                .get(section.name)
                .changed_from(self.sections.get(section.name))
            {
                if READ_ANEW.contains(&(section.name, key)) {
                    changes.others.push((section.name, key));
                } else {
                    changes.at_start.push(format!("{}.{key}", section.name));
                }
            }
        }
        for (name, before) in &self.providers {
            match next.providers.get(name) {
                Some(provider) => provider.note_changes(name, before, send_limit, &mut changes),
                None => changes
                    .at_start
                    .push(format!("{name}: the provider is there no more")),
            }
        }
        let is_new = |name: &&ProviderName| !self.providers.contains_key(*name);
        changes.at_start.extend(
            next.providers
                .keys()
                .filter(is_new)
                .map(|name| format!("{name}: the provider is new")),
        );
        changes
    }

    /// Takes over the values of `next` that these changes put in force.
    pub fn follow(&mut self, next: &Self, changes: &Changes) {
        self.calendars = next.calendars.clone();
        if let Some(people) = self.people_to(next) {
            self.people = Arc::clone(people);
        }
        for (section, key) in &changes.others {
            self.sections.set_as_in(&next.sections, section, key);
        }
        for (name, keys) in &changes.providers {
            if let (Some(provider), Some(next)) =
                (self.providers.get_mut(name), next.providers.get(name))
            {
                for key in keys {
                    provider.settings.set_as_in(&next.settings, key);
                }
            }
        }
    }
}

impl SaidOfProvider {
    fn takes(&self, key: &str) -> Takes {
        self.keys
            .iter()
            .chain(PROVIDER)
            .find(|known| known.name == key)
            .map_or(Takes::AtStart, |known| known.takes)
    }

    /// Whether a time-out of this key, in seconds, is longer than a send may take.
    fn is_longer(&self, key: &str, send_limit: Duration) -> bool {
        let seconds = self.settings.integer(key).unwrap_or_default();
        Duration::from_secs(u64::try_from(seconds).unwrap_or_default()) > send_limit
    }

    fn note_changes(
        &self,
        name: &ProviderName,
        before: &Self,
        send_limit: Duration,
        changes: &mut Changes,
    ) {
        if self.type_name != before.type_name {
            changes
                .at_start
                .push(format!("{name}: type, and with it all of its block"));
            return;
        }
        let keys = self.settings.changed_from(&before.settings);
        let of = |takes: Takes| {
            keys.iter()
                .copied()
                .filter(move |key| self.takes(key) == takes)
        };
        let whole: Vec<&str> = of(Takes::WithSection).collect();
        changes.at_start.extend(
            of(Takes::WithSection)
                .chain(of(Takes::AtStart))
                .map(|key| format!("{name}: {key}")),
        );
        let (too_long, in_time): (Vec<&'static str>, Vec<_>) =
            of(Takes::WithinLease).partition(|key| self.is_longer(key, send_limit));
        let others: Vec<&'static str> = of(Takes::OnReload).chain(in_time).collect();
        changes.at_start.extend(too_long.iter().map(|key| {
            format!("{name}: {key}, since the lease in force lets no send take so long")
        }));
        if whole.is_empty() {
            if !others.is_empty() {
                changes.providers.insert(name.clone(), others);
            }
        } else {
            // A secret that belongs to another account would be of no use to this one.
            changes.at_start.extend(
                others.iter().map(|key| {
                    format!("{name}: {key}, since it goes with {}", whole.join(" and "))
                }),
            );
        }
    }
}
