//! Time intervals of the store, each for a namespace, a tenant and those below it.

use std::sync::Arc;

use acteon_core::limits::MAX_DOCUMENTS;
use acteon_core::{Action, Scope, Timestamp, covers_tenant};
use acteon_rules::TimeInterval;
use acteon_store::{Document, DocumentKind, Put};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PolicyError, check_scope, parsed};
use crate::gateway::Gateway;

/// A time interval as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredInterval {
    /// Its namespace.
    pub namespace: String,
    /// Its tenant; it also holds for those below.
    pub tenant: String,
    /// `{name, location, description, time_ranges}`.
    pub interval: Value,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

#[derive(Clone, Default)]
pub(crate) struct Intervals {
    all: Arc<Vec<(StoredInterval, TimeInterval)>>,
}

impl Intervals {
    pub(super) fn read(documents: &[Document]) -> Self {
        let compiled = parsed(documents).filter_map(|stored: StoredInterval| {
            let interval = TimeInterval::from_json(&stored.interval).ok()?;
            Some((stored, interval))
        });
        Self { all: Arc::new(compiled.collect()) }
    }

    /// The interval of a name that holds for an action: that of the nearest tenant.
    pub(crate) fn find(&self, action: &Action, name: &str) -> Option<&TimeInterval> {
        let holds = |stored: &StoredInterval| {
            stored.namespace == action.namespace.as_str() && covers_tenant(&stored.tenant, action.tenant.as_str())
        };
        let found = self.all.iter().filter(|(stored, interval)| interval.name() == name && holds(stored));
        found.max_by_key(|(stored, _)| stored.tenant.len()).map(|(_, interval)| interval)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|(_, interval)| interval.name())
    }
}

fn id(namespace: &str, tenant: &str, name: &str) -> String {
    format!("{namespace}\u{1f}{tenant}\u{1f}{name}")
}

fn compile(interval: &Value) -> Result<TimeInterval, PolicyError> {
    TimeInterval::from_json(interval).map_err(|error| PolicyError::invalid("time interval:", error.to_string()))
}

impl Gateway {
    /// Names of the time intervals that the store has, for rules that refer to them.
    pub fn interval_names(&self) -> Vec<String> {
        self.inner.policies.load().intervals.names().map(str::to_owned).collect()
    }

    /// The time intervals of a scope, and whether each matches now.
    pub fn intervals(&self, scope: &Scope) -> Vec<(StoredInterval, bool)> {
        let now = self.inner.clock.now();
        let policies = self.inner.policies.load();
        let covered = policies.intervals.all.iter().filter(|(stored, _)| scope.covers_scope(&stored.namespace, &stored.tenant));
        covered.map(|(stored, interval)| (stored.clone(), interval.matches(now))).collect()
    }

    /// One time interval.
    pub fn interval(&self, scope: &Scope, namespace: &str, tenant: &str, name: &str) -> Result<(StoredInterval, bool), PolicyError> {
        let is_it = |(stored, _): &(StoredInterval, bool)| {
            stored.namespace == namespace && stored.tenant == tenant && stored.interval["name"].as_str() == Some(name)
        };
        self.intervals(scope).into_iter().find(is_it).ok_or(PolicyError::NotFound("time interval"))
    }

    /// Makes a time interval.
    pub async fn create_interval(&self, mut new: StoredInterval) -> Result<(StoredInterval, bool), PolicyError> {
        let interval = compile(&new.interval)?;
        new.interval = interval.to_json();
        if self.inner.policies.load().intervals.all.len() >= MAX_DOCUMENTS {
            return Err(PolicyError::Conflict(format!("there are {MAX_DOCUMENTS} time intervals, which is the limit")));
        }
        let id = id(&new.namespace, &new.tenant, interval.name());
        match self.put(DocumentKind::TimeInterval, &id, &id, &new, 0).await? {
            Put::Written(_) => Ok((new, interval.matches(self.inner.clock.now()))),
            Put::Changed | Put::NameTaken => Err(PolicyError::Conflict(format!("there is already a time interval {:?}", interval.name()))),
        }
    }

    /// Changes a time interval: `fields` are merged into what it has.
    pub async fn update_interval(
        &self,
        scope: &Scope,
        (namespace, tenant, name): (&str, &str, &str),
        fields: &Value,
    ) -> Result<(StoredInterval, bool), PolicyError> {
        check_scope(scope, namespace, tenant, "time interval")?;
        let now = self.inner.clock.now();
        let change = |stored: &mut StoredInterval| {
            acteon_rules::merge_patch(&mut stored.interval, fields);
            stored.interval = compile(&stored.interval)?.to_json();
            stored.updated_at = now;
            Ok(())
        };
        let stored = self.change(DocumentKind::TimeInterval, &id(namespace, tenant, name), change).await?;
        let matches = compile(&stored.interval)?.matches(now);
        Ok((stored, matches))
    }

    /// Deletes a time interval that no rule needs.
    pub async fn delete_interval(&self, scope: &Scope, namespace: &str, tenant: &str, name: &str) -> Result<(), PolicyError> {
        check_scope(scope, namespace, tenant, "time interval")?;
        let policies = self.inner.policies.load_full();
        let elsewhere = policies.intervals.names().filter(|other| *other == name).count() > 1 || policies.rules.interval(name).is_some();
        let names = |rule: &acteon_rules::Rule| rule.mute_intervals().iter().chain(rule.active_intervals()).any(|used| &**used == name);
        if let Some((rule, _)) = policies.rules.rules().find(|(rule, _)| !elsewhere && names(rule)) {
            return Err(PolicyError::Conflict(format!("the rule {:?} uses this time interval; change the rule first", rule.name())));
        }
        self.delete(DocumentKind::TimeInterval, &id(namespace, tenant, name)).await
    }
}
