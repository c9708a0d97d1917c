//! Management of time intervals: looking at them, making, changing and deleting them.

use std::sync::Arc;

use acteon_core::limits::MAX_DOCUMENT_BYTES;
use acteon_core::{Scope, Timestamp};
use acteon_rules::{IntervalError, TimeInterval};
use acteon_schedule::Calendars;
use acteon_store::{DocumentKind, Put};
use serde_json::Value;

use crate::policies::error::{PolicyError, check_scope};
use crate::policies::intervals::{IntervalEntry, StoredInterval, id};
use crate::policies::rules::named_intervals;
use crate::shared::Gateway;

impl Gateway {
    /// Names of the time intervals that the store has, for rules that refer to them.
    pub fn interval_names(&self) -> Vec<String> {
        self.inner
            .policies
            .load()
            .intervals
            .names()
            .map(str::to_owned)
            .collect()
    }

    /// Time intervals of a scope, and whether each matches now.
    pub fn intervals(&self, scope: &Scope) -> Vec<(StoredInterval, bool)> {
        let now = self.inner.clock.now();
        let policies = self.inner.policies.load();
        let is_covered = |entry: &&Arc<IntervalEntry>| {
            scope.covers_scope(&entry.stored.namespace, &entry.stored.tenant)
        };
        policies
            .intervals
            .all
            .values()
            .filter(is_covered)
            .map(|entry| shown(entry, &policies.calendars, now))
            .collect()
    }

    /// Time interval of this name, if the scope covers it, and whether it matches now.
    pub fn interval(
        &self,
        scope: &Scope,
        namespace: &str,
        tenant: &str,
        name: &str,
    ) -> Result<(StoredInterval, bool), PolicyError> {
        check_scope(scope, namespace, tenant, "time interval")?;
        let policies = self.inner.policies.load();
        let found = policies
            .intervals
            .all
            .get(id(namespace, tenant, name).as_str());
        found
            .map(|entry| shown(entry, &policies.calendars, self.inner.clock.now()))
            .ok_or(PolicyError::NotFound("time interval"))
    }

    /// Makes a time interval.
    pub async fn create_interval(
        &self,
        mut new: StoredInterval,
    ) -> Result<(StoredInterval, bool), PolicyError> {
        let calendars = self.calendars();
        let interval = compile(&new.interval, &calendars)?;
        new.interval = interval.to_json();
        let id = id(&new.namespace, &new.tenant, interval.name());
        match self
            .put(DocumentKind::TimeInterval, (&id, &id), &new, None)
            .await?
        {
            Put::Written(_) => {
                let matches = matches_now(&interval, &calendars, self.inner.clock.now());
                Ok((new, matches))
            }
            Put::Changed | Put::NameTaken => Err(PolicyError::Conflict(format!(
                "there is already a time interval {:?}",
                interval.name()
            ))),
        }
    }

    /// Changes a time interval: `fields` are merged into what it has.
    pub async fn update_interval(
        &self,
        scope: &Scope,
        (namespace, tenant, name): (&str, &str, &str),
        fields: &Value,
    ) -> Result<(StoredInterval, bool), PolicyError> {
        self.check_named(scope, namespace, tenant, name)?;
        let now = self.inner.clock.now();
        let calendars = self.calendars();
        let change = |stored: &mut StoredInterval| {
            acteon_rules::merge_patch(&mut stored.interval, fields);
            stored.interval = compile(&stored.interval, &calendars)?.to_json();
            stored.updated_at = now;
            Ok(())
        };
        let stored = self
            .change(
                DocumentKind::TimeInterval,
                &id(namespace, tenant, name),
                change,
            )
            .await?;
        let interval = compile(&stored.interval, &calendars)?;
        Ok((stored, matches_now(&interval, &calendars, now)))
    }

    /// Deletes a time interval that no rule needs.
    pub async fn delete_interval(
        &self,
        scope: &Scope,
        namespace: &str,
        tenant: &str,
        name: &str,
    ) -> Result<(), PolicyError> {
        self.check_named(scope, namespace, tenant, name)?;
        // Until it is gone, so that no rules come in force meanwhile that name it.
        let _using = self.inner.policies.using_intervals.lock().await;
        let policies = self.inner.policies.load_full();
        let elsewhere = policies
            .intervals
            .names()
            .filter(|other| *other == name)
            .count()
            > 1
            || policies.rules.interval(name).is_some();
        let names = |rule: &acteon_rules::Rule| named_intervals(rule).any(|used| &**used == name);
        if let Some((rule, _)) = policies
            .rules
            .rules()
            .find(|(rule, _)| !elsewhere && names(rule))
        {
            return Err(PolicyError::Conflict(format!(
                "the rule {:?} uses this time interval; change the rule first",
                rule.name()
            )));
        }
        self.delete(DocumentKind::TimeInterval, &id(namespace, tenant, name))
            .await
    }

    /// Refuses to change an interval that the caller may not, or that no name could have.
    fn check_named(
        &self,
        scope: &Scope,
        namespace: &str,
        tenant: &str,
        name: &str,
    ) -> Result<(), PolicyError> {
        check_scope(scope, namespace, tenant, "time interval")?;
        if [namespace, tenant, name]
            .into_iter()
            .any(|part| part.chars().any(char::is_control))
        {
            return Err(PolicyError::NotFound("time interval"));
        }
        self.may_change_interval(scope, namespace, tenant)
    }
}

fn compile(interval: &Value, calendars: &Calendars) -> Result<TimeInterval, PolicyError> {
    let wrong = |error: IntervalError| {
        // It begins with the field.
        let text = error.to_string();
        let (field, message) = text.split_once(' ').unwrap_or(("time_ranges", &text));
        PolicyError::invalid(field, message)
    };
    let compiled = TimeInterval::from_json(interval).map_err(wrong)?;
    if let Some(name) = compiled.unknown_calendar(calendars) {
        return Err(PolicyError::invalid("time_ranges", calendars.unknown(name)));
    }
    for field in ["description", "time_ranges"] {
        let bytes = interval
            .get(field)
            .map_or(0, |value| value.to_string().len());
        if bytes > MAX_DOCUMENT_BYTES / 2 {
            let limit = MAX_DOCUMENT_BYTES / 2;
            return Err(PolicyError::invalid(
                field,
                format!("must be at most {limit} bytes of JSON, is {bytes}"),
            ));
        }
    }
    Ok(compiled)
}

fn shown(entry: &IntervalEntry, calendars: &Calendars, now: Timestamp) -> (StoredInterval, bool) {
    let matches = matches_now(&entry.interval, calendars, now);
    (entry.stored.clone(), matches)
}

/// Whether a time interval holds now. One whose calendar is not configured does not.
fn matches_now(interval: &TimeInterval, calendars: &Calendars, now: Timestamp) -> bool {
    interval
        .in_force(calendars)
        .is_some_and(|interval| interval.matches(now))
}
