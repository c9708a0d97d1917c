//! Grants that whoever writes a policy must have: for everything that the policy would use, or
//! could hold back.
//!
//! Otherwise a key for one provider would send through another by a quota that degrades to it, or
//! hold back another's messages.

use acteon_core::Scope;
use acteon_rules::Matcher;
use acteon_store::Overage;

use super::{Quota, Silence};
use crate::admit::notices::NOTICE_TYPE;
use crate::policies::error::PolicyError;
use crate::shared::Gateway;

impl Gateway {
    /// Refuses a silence to a scope that does not cover all that it can hold back.
    pub(super) fn may_change_silence(
        &self,
        scope: &Scope,
        silence: &Silence,
        matchers: &[Matcher],
    ) -> Result<(), PolicyError> {
        let types = matchers
            .iter()
            .filter(|matcher| matcher.field().0 == "action_type")
            .find_map(|matcher| matcher.values());
        let named = matchers
            .iter()
            .filter(|matcher| matcher.field().0 == "provider")
            .filter_map(|matcher| matcher.values());
        let named = named.flatten().map(|name| &**name);
        let configured = self
            .inner
            .providers
            .entries()
            .map(|entry| entry.name.as_str());
        let mut reached = configured.chain(named).filter(|name| {
            matchers
                .iter()
                .all(|matcher| matcher.admits("provider", name))
        });
        let Silence {
            namespace, tenant, ..
        } = silence;
        let is_covered = |provider: &&str| match types {
            Some(types) => types
                .iter()
                .all(|of_type| scope.covers(namespace, tenant, provider, of_type)),
            None => scope.covers_through(namespace, tenant, provider),
        };
        match reached.find(|provider| !is_covered(provider)) {
            Some(provider) => Err(not_covered(
                namespace,
                tenant,
                provider,
                "which this silence can hold back; narrow it by action.provider",
            )),
            None => Ok(()),
        }
    }

    /// Refuses a quota to a scope that does not cover all that it counts, and what it sends through.
    pub fn may_change_quota(&self, scope: &Scope, quota: &Quota) -> Result<(), PolicyError> {
        let Quota {
            namespace,
            tenant,
            provider,
            overage_behavior,
            ..
        } = quota;
        let counted = self
            .inner
            .providers
            .entries()
            .map(|entry| entry.name.as_str());
        let mut counted = counted
            .filter(|name| provider.as_deref().is_none_or(|provider| provider == *name))
            .chain(provider.as_deref());
        if let Some(name) = counted.find(|name| !scope.covers_through(namespace, tenant, name)) {
            return Err(not_covered(
                namespace,
                tenant,
                name,
                "which this quota counts",
            ));
        }
        match &overage_behavior.0 {
            Overage::Degrade(name) if !scope.covers_through(namespace, tenant, name.as_str()) => {
                Err(not_covered(
                    namespace,
                    tenant,
                    name.as_str(),
                    "through which this quota would send",
                ))
            }
            Overage::Notify(name)
                if !scope.covers(namespace, tenant, name.as_str(), NOTICE_TYPE) =>
            {
                Err(not_covered(
                    namespace,
                    tenant,
                    name.as_str(),
                    "through which this quota would tell",
                ))
            }
            Overage::Degrade(_) | Overage::Notify(_) | Overage::Block | Overage::Warn => Ok(()),
        }
    }

    /// Refuses a time interval to a scope that does not cover all of its tenant: any rule may mute by it.
    pub fn may_change_interval(
        &self,
        scope: &Scope,
        namespace: &str,
        tenant: &str,
    ) -> Result<(), PolicyError> {
        self.covers_all(
            scope,
            (namespace, tenant),
            "which rules may mute by this time interval",
        )
    }

    /// Refuses a template or profile to a scope that does not cover all of its tenant: actions through any provider may name it.
    pub(super) fn may_change_template(
        &self,
        scope: &Scope,
        namespace: &str,
        tenant: &str,
    ) -> Result<(), PolicyError> {
        self.covers_all(
            scope,
            (namespace, tenant),
            "whose actions may be rendered by this",
        )
    }

    /// Refuses what concerns a tenant's actions through any provider.
    fn covers_all(
        &self,
        scope: &Scope,
        (namespace, tenant): (&str, &str),
        why: &str,
    ) -> Result<(), PolicyError> {
        let mut names = self
            .inner
            .providers
            .entries()
            .map(|entry| entry.name.as_str());
        match names.find(|name| !scope.covers_through(namespace, tenant, name)) {
            Some(name) => Err(not_covered(namespace, tenant, name, why)),
            None => Ok(()),
        }
    }
}

fn not_covered(namespace: &str, tenant: &str, provider: &str, why: &str) -> PolicyError {
    PolicyError::Forbidden(format!(
        "no grant covers tenant={tenant} namespace={namespace} provider={provider}, {why}"
    ))
}
