//! Quotas: what one is, and what may be wrong with it.

use std::collections::BTreeMap;

use acteon_core::limits::{
    MAX_DOCUMENT_BYTES, MAX_DOCUMENT_LABELS, MAX_DOCUMENT_TEXT_BYTES, MAX_NAME_BYTES,
};
use acteon_core::{Tenant, Timestamp, check_ends};
use acteon_store::{Overage, QuotaCheck};
use serde::{Deserialize, Serialize};

use crate::policies::error::PolicyError;
use crate::policies::window::{OverageSpec, Window};

/// Quota of a namespace and tenant: how many actions may leave in a window.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Quota {
    /// Id, made by the gateway.
    pub id: String,
    /// Namespace whose actions it counts.
    pub namespace: String,
    /// Tenant whose actions it counts; not those of tenants below it.
    pub tenant: String,
    /// Provider to which it is limited; `None` counts what goes through any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Caller to whom it is limited; `None` counts everybody's actions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// Whether each caller is counted apart.
    pub per_principal: bool,
    /// Most actions that may leave in a window.
    pub max_actions: u64,
    /// Length of a window. Windows begin at multiples of it since 1970.
    pub window: Window,
    /// Behaviour when it is used up.
    pub overage_behavior: OverageSpec,
    /// Whether it counts and holds back; one that is off does neither.
    pub enabled: bool,
    /// Description for people, without an effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Labels for whoever looks after it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Instant at which it was made.
    pub created_at: Timestamp,
    /// Instant at which it was changed last.
    pub updated_at: Timestamp,
}

/// Change of a quota; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct QuotaChange {
    /// Most actions that may leave in a window.
    pub max_actions: Option<u64>,
    /// Length of a window.
    pub window: Option<Window>,
    /// Behaviour when it is used up.
    pub overage_behavior: Option<OverageSpec>,
    /// Whether it counts and holds back.
    pub enabled: Option<bool>,
    /// Description for people, without an effect.
    pub description: Option<String>,
    /// Labels, in place of all that it has.
    pub labels: Option<BTreeMap<String, String>>,
}

/// Usage of a quota in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaUsage {
    /// Number of actions that left in this window.
    pub used: u64,
    /// Instant at which the next window begins.
    pub resets_at: Timestamp,
}

impl Quota {
    pub(super) fn counter(&self, principal: &str, now: Timestamp) -> String {
        let principal = if self.per_principal { principal } else { "" };
        format!(
            "{}\u{1f}{principal}\u{1f}{}\u{1f}{}",
            self.id,
            self.window.0,
            self.window.index(now)
        )
    }

    pub(super) fn check_of(&self, tenant: &Tenant, principal: &str, now: Timestamp) -> QuotaCheck {
        QuotaCheck {
            counter: self.counter(principal, now),
            id: self.id.clone(),
            tenant: tenant.clone(),
            max_actions: self.max_actions,
            resets_at: self.window.end(now),
            overage: self.overage_behavior.0.clone(),
        }
    }

    /// Text that no two quotas may share.
    pub(super) fn name(&self) -> String {
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

    pub(super) fn check(&self, known: impl Fn(&str) -> bool) -> Result<(), PolicyError> {
        for (field, text) in [("provider", &self.provider), ("principal", &self.principal)] {
            let Some(text) = text else { continue };
            if text.trim().is_empty()
                || text.len() > MAX_NAME_BYTES
                || text.chars().any(|c| c.is_control() || c == ':')
            {
                let message = format!(
                    "must be 1 to {MAX_NAME_BYTES} bytes without colons and control characters"
                );
                return Err(PolicyError::invalid(field, message));
            }
            check_ends(text).map_err(|error| PolicyError::invalid(field, error.to_string()))?;
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
            Overage::Degrade(name) if self.provider.as_deref() == Some(name.as_str()) => {
                let message = format!(
                    "degrades to its own provider, {name:?}, where it is used up: name another, or write block"
                );
                return Err(PolicyError::invalid("overage_behavior", message));
            }
            Overage::Degrade(_) | Overage::Notify(_) | Overage::Block | Overage::Warn => {}
        }
        check_texts(self.description.as_deref(), &self.labels)
    }
}

impl QuotaChange {
    /// Error as its caller is told it: about what was sent, or what was stored before and stays.
    pub(super) fn told(&self, error: PolicyError) -> PolicyError {
        let PolicyError::Invalid { field, message } = error else {
            return error;
        };
        let Self {
            overage_behavior: overage,
            description,
            labels,
            ..
        } = self;
        let sent = [
            ("overage_behavior", overage.is_some()),
            ("description", description.is_some()),
            ("labels", labels.is_some()),
        ];
        let mend = match sent.into_iter().find(|(name, _)| field.starts_with(name)) {
            Some((_, true)) => return PolicyError::Invalid { field, message },
            Some((name, false)) => format!("send {name} with the change"),
            None => "that cannot be changed: delete this quota and make another".into(),
        };
        PolicyError::Invalid {
            field: format!("the stored {field}"),
            message: format!("{message}; {mend}"),
        }
    }
}

/// Texts for people are bounded, each and together: every gateway keeps them in memory.
pub(super) fn check_texts(
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
