//! Quotas: how many actions may leave in a window.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::{
    MAX_DOCUMENT_BYTES, MAX_DOCUMENT_LABELS, MAX_DOCUMENT_TEXT_BYTES, MAX_NAME_BYTES,
};
use acteon_core::{Action, ProviderName, Scope, Tenant, Timestamp};
use acteon_store::{Document, DocumentKind, Overage, Put, QuotaCheck};
use rpds::RedBlackTreeMapSync;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use super::{ByTenant, PolicyError, parsed};
use crate::gateway::Gateway;

/// Most quotas of one namespace and tenant, as the wire format has it.
const MAX_QUOTAS: usize = 32;

/// A quota.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Quota {
    /// Its id.
    pub id: String,
    /// Exactly this namespace.
    pub namespace: String,
    /// Exactly this tenant.
    pub tenant: String,
    /// Only actions that go through this provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Only actions of this caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// Whether each caller is counted apart.
    pub per_principal: bool,
    /// Most actions in a window.
    pub max_actions: u64,
    /// How long a window is. Windows begin at multiples of it since 1970.
    pub window: Window,
    /// What happens beyond.
    pub overage_behavior: OverageSpec,
    /// Whether it counts.
    pub enabled: bool,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Words for whoever looks after it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// What of a quota may be changed.
#[derive(Clone, Debug, Default)]
pub struct QuotaChange {
    /// Another maximum.
    pub max_actions: Option<u64>,
    /// Another window.
    pub window: Option<Window>,
    /// Another behaviour.
    pub overage_behavior: Option<OverageSpec>,
    /// On or off.
    pub enabled: Option<bool>,
    /// Another description.
    pub description: Option<String>,
    /// Other labels.
    pub labels: Option<BTreeMap<String, String>>,
}

/// How much of a quota is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaUsage {
    /// Actions in this window.
    pub used: u64,
    /// When the next begins.
    pub resets_at: Timestamp,
}

/// The length of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window(u64);

const NAMED: [(&str, u64); 4] = [
    ("hourly", 3600),
    ("daily", 86_400),
    ("weekly", 604_800),
    ("monthly", 2_592_000),
];

impl Window {
    /// How long it is.
    pub fn length(self) -> Duration {
        Duration::from_secs(self.0)
    }

    fn index(self, now: Timestamp) -> i64 {
        now.as_millis().div_euclid(self.0 as i64 * 1000)
    }

    fn end(self, now: Timestamp) -> Timestamp {
        Timestamp::from_millis((self.index(now) + 1).saturating_mul(self.0 as i64 * 1000))
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let seconds = match &value {
            Value::String(word) => NAMED
                .iter()
                .find(|(name, _)| name == word)
                .map(|(_, seconds)| *seconds)
                .or_else(|| word.parse().ok()),
            Value::Number(number) => number.as_u64(),
            other => other["custom"]["seconds"].as_u64(),
        };
        let seconds = seconds.filter(|seconds| (1..=31_536_000).contains(seconds));
        let expected =
            "a window is hourly, daily, weekly, monthly or a number of seconds up to a year";
        seconds.map(Self).ok_or_else(|| D::Error::custom(expected))
    }
}

impl Serialize for Window {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match NAMED.iter().find(|(_, seconds)| *seconds == self.0) {
            Some((name, _)) => serializer.serialize_str(name),
            None => json!({ "custom": { "seconds": self.0 } }).serialize(serializer),
        }
    }
}

/// What a quota does when it is used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverageSpec(pub Overage);

impl<'de> Deserialize<'de> for OverageSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let named = |name: &str| {
            ProviderName::parse(name)
                .map_err(|error| D::Error::custom(format!("a provider's name {error}")))
        };
        let text = value.as_str().unwrap_or_default();
        let overage = match (text, text.split_once(':')) {
            ("block", _) => Overage::Block,
            ("warn", _) => Overage::Warn,
            (_, Some(("degrade", name))) => Overage::Degrade(named(name)?),
            (_, Some(("notify", name))) => Overage::Notify(named(name)?),
            _ => match (
                value["degrade"]["fallback_provider"].as_str(),
                value["notify"]["target"].as_str(),
            ) {
                (Some(name), _) => Overage::Degrade(named(name)?),
                (None, Some(name)) => Overage::Notify(named(name)?),
                (None, None) => {
                    return Err(D::Error::custom(
                        "an overage behaviour is block, warn, degrade:PROVIDER or notify:PROVIDER",
                    ));
                }
            },
        };
        Ok(Self(overage))
    }
}

impl Serialize for OverageSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Overage::Block | Overage::Warn => serializer.serialize_str(self.0.word()),
            Overage::Degrade(name) => {
                json!({ "degrade": { "fallback_provider": name } }).serialize(serializer)
            }
            Overage::Notify(name) => json!({ "notify": { "target": name } }).serialize(serializer),
        }
    }
}

#[derive(Clone, Default)]
pub(crate) struct Quotas {
    all: RedBlackTreeMapSync<Arc<str>, Arc<Entry>>,
    /// Those of a namespace and tenant, which are few.
    by_scope: ByTenant<Arc<[Arc<Entry>]>>,
    bytes: usize,
}

struct Entry {
    quota: Quota,
    bytes: usize,
}

impl Quotas {
    pub(super) fn put(&mut self, document: &Document) {
        self.remove(&document.id);
        let Some(quota) = parsed::<Quota>(document) else {
            return;
        };
        let entry = Arc::new(Entry {
            quota,
            bytes: document.body.len(),
        });
        self.bytes += entry.bytes;
        self.all
            .insert_mut(document.id.as_str().into(), Arc::clone(&entry));
        let others = self
            .of(&entry.quota.namespace, &entry.quota.tenant)
            .iter()
            .cloned();
        let all = others.chain([Arc::clone(&entry)]).collect();
        self.set(&entry.quota, all);
    }

    pub(super) fn remove(&mut self, id: &str) {
        let Some(entry) = self.all.get(id).cloned() else {
            return;
        };
        self.bytes -= entry.bytes;
        self.all.remove_mut(id);
        let others = self.of(&entry.quota.namespace, &entry.quota.tenant).iter();
        let others = others
            .filter(|other| !Arc::ptr_eq(other, &entry))
            .cloned()
            .collect();
        self.set(&entry.quota, others);
    }

    /// How many there are, and their bytes.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.all.size(), self.bytes)
    }

    fn of(&self, namespace: &str, tenant: &str) -> &[Arc<Entry>] {
        if self.by_scope.is_empty() {
            return &[];
        }
        self.by_scope
            .get(namespace)
            .and_then(|tenants| tenants.get(tenant))
            .map_or(&[], |quotas| &**quotas)
    }

    fn set(&mut self, of: &Quota, quotas: Arc<[Arc<Entry>]>) {
        let mut tenants = self
            .by_scope
            .get(of.namespace.as_str())
            .cloned()
            .unwrap_or_default();
        if quotas.is_empty() {
            tenants.remove_mut(of.tenant.as_str());
        } else {
            tenants.insert_mut(of.tenant.as_str().into(), quotas);
        }
        if tenants.is_empty() {
            self.by_scope.remove_mut(of.namespace.as_str());
        } else {
            self.by_scope
                .insert_mut(of.namespace.as_str().into(), tenants);
        }
    }

    /// What an action through `provider` is charged to.
    pub(crate) fn checks(
        &self,
        action: &Action,
        provider: &ProviderName,
        caller: &str,
        now: Timestamp,
    ) -> Vec<QuotaCheck> {
        let applies = |quota: &&Quota| {
            quota.enabled
                && quota
                    .provider
                    .as_ref()
                    .is_none_or(|name| name == provider.as_str())
                && quota
                    .principal
                    .as_ref()
                    .is_none_or(|principal| **principal == *caller)
        };
        let quotas = self
            .of(action.namespace.as_str(), action.tenant.as_str())
            .iter()
            .map(|entry| &entry.quota);
        quotas
            .filter(applies)
            .map(|quota| quota.check_of(&action.tenant, caller, now))
            .collect()
    }

    /// Whether a quota counts what goes through one provider only.
    pub(crate) fn is_of_a_provider(&self, id: &str) -> bool {
        self.all
            .get(id)
            .is_some_and(|entry| entry.quota.provider.is_some())
    }
}

impl Quota {
    fn counter(&self, principal: &str, now: Timestamp) -> String {
        let principal = if self.per_principal { principal } else { "" };
        format!(
            "{}\u{1f}{principal}\u{1f}{}\u{1f}{}",
            self.id,
            self.window.0,
            self.window.index(now)
        )
    }

    fn check_of(&self, tenant: &Tenant, principal: &str, now: Timestamp) -> QuotaCheck {
        QuotaCheck {
            counter: self.counter(principal, now),
            id: self.id.clone(),
            tenant: tenant.clone(),
            max_actions: self.max_actions,
            resets_at: self.window.end(now),
            overage: self.overage_behavior.0.clone(),
        }
    }

    /// What no two quotas may share.
    fn name(&self) -> String {
        let Self {
            namespace,
            tenant,
            provider,
            principal,
            per_principal,
            ..
        } = self;
        let part = |part: &Option<String>| {
            part.as_ref()
                .map_or("*".to_owned(), |part| format!("={part}"))
        };
        format!(
            "{namespace}\u{1f}{tenant}\u{1f}{}\u{1f}{}\u{1f}{per_principal}",
            part(provider),
            part(principal)
        )
    }

    fn check(&self, known: impl Fn(&str) -> bool) -> Result<(), PolicyError> {
        for (field, text) in [("provider", &self.provider), ("principal", &self.principal)] {
            let Some(text) = text else { continue };
            if text.trim().is_empty()
                || text.len() > MAX_NAME_BYTES
                || text.chars().any(|c| c.is_control() || c == ':')
            {
                return Err(PolicyError::invalid(
                    field,
                    format!(
                        "must be 1 to {MAX_NAME_BYTES} bytes without colons and control characters"
                    ),
                ));
            }
        }
        if let Some(provider) = self.provider.as_deref().filter(|provider| !known(provider)) {
            return Err(PolicyError::invalid(
                "provider",
                format!("names {provider:?}, which is not configured"),
            ));
        }
        match &self.overage_behavior.0 {
            Overage::Degrade(name) | Overage::Notify(name) if !known(name.as_str()) => {
                return Err(PolicyError::invalid(
                    "overage_behavior",
                    format!("names the provider {name:?}, which is not configured"),
                ));
            }
            Overage::Degrade(_) | Overage::Notify(_) | Overage::Block | Overage::Warn => {}
        }
        check_texts(self.description.as_deref(), &self.labels)
    }
}

/// Texts for people are bounded, each and together: every gateway keeps them in memory.
fn check_texts(
    description: Option<&str>,
    labels: &BTreeMap<String, String>,
) -> Result<(), PolicyError> {
    if let Some(description) = description.filter(|text| text.len() > MAX_DOCUMENT_TEXT_BYTES) {
        let message = format!(
            "must be at most {MAX_DOCUMENT_TEXT_BYTES} bytes long, is {}",
            description.len()
        );
        return Err(PolicyError::invalid("description", message));
    }
    if labels.len() > MAX_DOCUMENT_LABELS {
        return Err(PolicyError::invalid(
            "labels",
            format!(
                "must be at most {MAX_DOCUMENT_LABELS}, are {}",
                labels.len()
            ),
        ));
    }
    let too_long = labels
        .iter()
        .find(|(name, value)| name.len() > MAX_NAME_BYTES || value.len() > MAX_DOCUMENT_TEXT_BYTES);
    if let Some((name, _)) = too_long {
        let name: String = name.chars().take(MAX_NAME_BYTES).collect();
        let message = format!(
            "must have names of at most {MAX_NAME_BYTES} bytes and values of at most {MAX_DOCUMENT_TEXT_BYTES}"
        );
        return Err(PolicyError::invalid(&format!("labels[{name:?}]"), message));
    }
    let bytes: usize = labels
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if bytes > MAX_DOCUMENT_BYTES / 2 {
        let limit = MAX_DOCUMENT_BYTES / 2;
        return Err(PolicyError::invalid(
            "labels",
            format!("must be at most {limit} bytes together, are {bytes}"),
        ));
    }
    Ok(())
}

impl Gateway {
    /// The quotas of a scope.
    pub fn quotas(&self, scope: &Scope) -> Vec<Quota> {
        let policies = self.inner.policies.load();
        let all = policies.quotas.all.values().map(|entry| &entry.quota);
        all.filter(|quota| scope.covers_scope(&quota.namespace, &quota.tenant))
            .cloned()
            .collect()
    }

    /// One quota.
    pub fn quota(&self, scope: &Scope, id: &str) -> Result<Quota, PolicyError> {
        let policies = self.inner.policies.load();
        let found = policies.quotas.all.get(id).map(|entry| &entry.quota);
        let covered = found.filter(|quota| scope.covers_scope(&quota.namespace, &quota.tenant));
        covered.cloned().ok_or(PolicyError::NotFound("quota"))
    }

    /// How much of a quota is used; for one that counts callers apart, by `principal`.
    pub async fn quota_usage(
        &self,
        quota: &Quota,
        principal: &str,
    ) -> Result<QuotaUsage, PolicyError> {
        let now = self.inner.clock.now();
        let used = self
            .inner
            .store
            .used(&quota.counter(principal, now))
            .await?;
        Ok(QuotaUsage {
            used,
            resets_at: quota.window.end(now),
        })
    }

    /// Makes a quota; its id is made here.
    pub async fn create_quota(&self, mut new: Quota) -> Result<Quota, PolicyError> {
        new.check(|name| self.has_provider(name))?;
        {
            let quotas = &self.inner.policies.load().quotas;
            if quotas.of(&new.namespace, &new.tenant).len() >= MAX_QUOTAS {
                return Err(PolicyError::Conflict(format!(
                    "this namespace and tenant have {MAX_QUOTAS} quotas, which is the limit"
                )));
            }
        }
        new.id = self
            .inner
            .entropy
            .action_id(self.inner.clock.now())
            .to_string();
        match self.put(DocumentKind::Quota, (&new.id, &new.name()), &new, None).await? {
            Put::Written(_) => Ok(new),
            Put::Changed | Put::NameTaken => {
                Err(PolicyError::Conflict("there is a quota for this namespace, tenant, provider and principal; change that one".into()))
            }
        }
    }

    /// Changes a quota. Another window begins a new count.
    pub async fn update_quota(
        &self,
        scope: &Scope,
        id: &str,
        change: QuotaChange,
    ) -> Result<Quota, PolicyError> {
        self.may_change_quota(scope, &self.quota(scope, id)?)?;
        let now = self.inner.clock.now();
        let apply = |quota: &mut Quota| {
            let QuotaChange {
                max_actions,
                window,
                overage_behavior,
                enabled,
                description,
                labels,
            } = change.clone();
            quota.max_actions = max_actions.unwrap_or(quota.max_actions);
            quota.window = window.unwrap_or(quota.window);
            quota.enabled = enabled.unwrap_or(quota.enabled);
            quota.description = description.or(quota.description.take());
            if let Some(overage) = overage_behavior {
                quota.overage_behavior = overage;
            }
            if let Some(labels) = labels {
                quota.labels = labels;
            }
            quota.updated_at = now;
            quota.check(|name| self.has_provider(name))?;
            self.may_change_quota(scope, quota)
        };
        self.change(DocumentKind::Quota, id, apply).await
    }

    /// Deletes a quota.
    pub async fn delete_quota(&self, scope: &Scope, id: &str) -> Result<(), PolicyError> {
        self.may_change_quota(scope, &self.quota(scope, id)?)?;
        self.delete(DocumentKind::Quota, id).await
    }

    fn has_provider(&self, name: &str) -> bool {
        self.inner
            .providers
            .entries()
            .any(|entry| entry.name.as_str() == name)
    }
}
