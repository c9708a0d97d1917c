//! What the store has that rules may use, as far as it can be known without a server.

use acteon_core::with_causes;
use acteon_gateway::StoredInterval;
use acteon_rules::TimeInterval;
use acteon_server::StoredNames;
use acteon_server::config::{Config, StoreConfig};
use acteon_store::{Document, DocumentKind, SqliteOptions, SqliteStore};

use super::store::Which;

/// What the store has that rules may use, as far as it can be known.
pub(super) enum Known {
    /// Documents of time intervals, and of chains.
    Stored(Vec<Document>, Vec<Document>),
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
        match (look(DocumentKind::TimeInterval), look(DocumentKind::Chain)) {
            (Ok(intervals), Ok(chains)) => Self::Stored(intervals, chains),
            (Err(why), _) | (_, Err(why)) => Self::Not(why),
        }
    }

    /// Names that rules may use; `None` where they are not known.
    pub(super) fn names(&self) -> Option<StoredNames> {
        match self {
            Self::Stored(intervals, chains) => Some(StoredNames::of(intervals, chains)),
            Self::Not(_) => None,
        }
    }

    /// The time intervals, as far as they are known.
    pub(super) fn intervals(&self) -> Vec<TimeInterval> {
        let compiled = |document: &Document| StoredInterval::parse(&document.body)?.compiled();
        match self {
            Self::Stored(intervals, _) => intervals.iter().filter_map(compiled).collect(),
            Self::Not(_) => Vec::new(),
        }
    }
}
