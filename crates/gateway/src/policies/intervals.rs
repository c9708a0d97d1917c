//! Time intervals of the store, each for a namespace, a tenant and those below it.

use std::sync::Arc;

use acteon_core::{Action, Timestamp};
use acteon_rules::TimeInterval;
use acteon_store::Document;
use rpds::RedBlackTreeMapSync;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::policies::document::{parsed, with_those_above};

/// Time interval as the store keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredInterval {
    /// Namespace whose rules may name it.
    pub namespace: String,
    /// Tenant whose rules may name it; it also holds for those below.
    pub tenant: String,
    /// Time interval as JSON: `{name, location, description, time_ranges}`.
    pub interval: Value,
    /// Name of the API key that made it.
    pub created_by: String,
    /// Instant at which it was made.
    pub created_at: Timestamp,
    /// Instant at which it was changed last.
    pub updated_at: Timestamp,
}

impl StoredInterval {
    /// Time interval of a document's body; `None` where it is none.
    pub fn parse(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }

    /// Name of the time interval, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.interval["name"].as_str()
    }

    /// Compiled time interval; `None` where it is none.
    pub fn compiled(&self) -> Option<TimeInterval> {
        TimeInterval::from_json(&self.interval).ok()
    }
}

#[derive(Clone, Default)]
pub(crate) struct Intervals {
    pub(super) all: RedBlackTreeMapSync<Arc<str>, Arc<IntervalEntry>>,
    pub(super) bytes: usize,
}

pub(super) struct IntervalEntry {
    pub(super) stored: StoredInterval,
    pub(super) interval: TimeInterval,
    pub(super) bytes: usize,
}

impl Intervals {
    pub(super) fn put(&mut self, document: &Document) {
        self.remove(&document.id);
        let Some(stored) = parsed::<StoredInterval>(document) else {
            return;
        };
        let Some(interval) = stored.compiled() else {
            tracing::error!(
                id = document.id,
                "a time interval cannot be read and has no effect"
            );
            return;
        };
        let bytes = document.body.len();
        self.bytes += bytes;
        // By what it says, which is what it is looked up by.
        let id = id(&stored.namespace, &stored.tenant, interval.name());
        self.all.insert_mut(
            id.into(),
            Arc::new(IntervalEntry {
                stored,
                interval,
                bytes,
            }),
        );
    }

    pub(super) fn remove(&mut self, id: &str) {
        if let Some(entry) = self.all.get(id) {
            self.bytes -= entry.bytes;
            self.all.remove_mut(id);
        }
    }

    /// Time interval of a name that holds for an action: that of the nearest tenant.
    pub(crate) fn find(&self, action: &Action, name: &str) -> Option<&TimeInterval> {
        if self.all.is_empty() {
            return None;
        }
        let of = |tenant: &str| {
            self.all
                .get(id(action.namespace.as_str(), tenant, name).as_str())
        };
        with_those_above(action.tenant.as_str())
            .find_map(of)
            .map(|entry| &entry.interval)
    }

    /// Number of the documents, and their bytes.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.all.size(), self.bytes)
    }

    /// Time intervals of all tenants.
    pub(super) fn compiled(&self) -> impl Iterator<Item = &TimeInterval> {
        self.all.values().map(|entry| &entry.interval)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.compiled().map(TimeInterval::name)
    }
}

pub(super) fn id(namespace: &str, tenant: &str, name: &str) -> String {
    format!("{namespace}\u{1f}{tenant}\u{1f}{name}")
}
