//! What the store has that rules may use, as far as it can be known without a server.

use acteon_core::with_causes;
use acteon_flows::chain::Definition;
use acteon_gateway::{StoredInterval, stored_people};
use acteon_people::{Directory, Roster};
use acteon_rules::TimeInterval;
use acteon_server::StoredNames;
use acteon_server::config::{Config, StoreConfig};
use acteon_store::{Document, DocumentKind, SqliteOptions, SqliteStore};

use super::store::Which;

/// What the store has that rules may use, as far as it can be known.
pub(super) enum Known {
    /// Documents of time intervals, and of chains; people and groups.
    Stored(Vec<Document>, Vec<Document>, Directory),
    /// Not known, for this reason.
    Not(String),
}

impl Known {
    /// What the store of a configuration has.
    pub(super) fn of(config: &Config, which: &Which) -> Self {
        match &config.store {
            store @ StoreConfig::Embedded(_) => match which.path(store) {
                Ok(path) => Self::embedded(&SqliteOptions {
                    path,
                    ..SqliteOptions::default()
                }),
                Err(error) => Self::Not(format!("{error:#}")),
            },
            #[cfg(feature = "postgres")]
            StoreConfig::Postgres(_) => {
                Self::Not("they are in a PostgreSQL, which is not asked".into())
            }
        }
    }

    fn embedded(options: &SqliteOptions) -> Self {
        let place = options.path.display();
        let look = |kind| match SqliteStore::look_at_documents(options, kind) {
            Ok(Some(documents)) => Ok(documents),
            Ok(None) => Err(format!("there is no database at {place} yet")),
            Err(error) => Err(format!("{place}: {}", with_causes(&error))),
        };
        let look_at_all = || {
            let people = stored_people(
                &look(DocumentKind::Person)?,
                &look(DocumentKind::PeopleGroup)?,
            );
            let (intervals, chains) = (
                look(DocumentKind::TimeInterval)?,
                look(DocumentKind::Chain)?,
            );
            Ok(Self::Stored(intervals, chains, people))
        };
        look_at_all().unwrap_or_else(Self::Not)
    }

    /// Names that rules may use, and whom they may ask, with the people of a file where that could be read; `None` where they are not known.
    pub(super) fn names(&self, roster: Option<&Roster>) -> Option<StoredNames> {
        match self {
            Self::Stored(intervals, chains, _) => Some(StoredNames {
                people: roster.map(|roster| self.people(roster)),
                ..StoredNames::of(intervals, chains)
            }),
            Self::Not(_) => None,
        }
    }

    /// People and groups, as far as they are known, with those of a file.
    pub(super) fn people(&self, roster: &Roster) -> Directory {
        let mut directory = match self {
            Self::Stored(_, _, people) => people.clone(),
            Self::Not(_) => Directory::default(),
        };
        directory.set_roster(roster);
        directory
    }

    /// The chains, as far as they are known.
    pub(super) fn chains(&self) -> Vec<Definition> {
        match self {
            Self::Stored(_, chains, _) => {
                let read = chains.iter().map(|chain| serde_json::from_str(&chain.body));
                read.filter_map(Result::ok).collect()
            }
            Self::Not(_) => Vec::new(),
        }
    }

    /// The time intervals, as far as they are known.
    pub(super) fn intervals(&self) -> Vec<TimeInterval> {
        let compiled = |document: &Document| StoredInterval::parse(&document.body)?.compiled();
        match self {
            Self::Stored(intervals, ..) => intervals.iter().filter_map(compiled).collect(),
            Self::Not(_) => Vec::new(),
        }
    }
}
