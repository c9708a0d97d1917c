//! Who may do what: callers, their roles and grants, and the scope of a look-up.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Namespace, Tenant};

/// The caller of a request, with what it is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name of the key; empty where nobody must say who they are.
    pub id: Arc<str>,
    /// `api_key` or `anonymous`.
    pub auth_method: &'static str,
    /// What kinds of things it may do.
    pub role: Role,
    /// To what.
    pub grants: Arc<[Grant]>,
}

/// What kinds of things a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Admin,
    /// Everything.
    Operator,
    /// Looking.
    Viewer,
}

/// A kind of thing that a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Posting and replaying actions.
    Dispatch,
    /// Looking at actions, dead letters, silences, intervals and quotas.
    Read,
    /// Looking at rules, and trying them.
    RulesRead,
    /// Reloading and switching rules.
    RulesManage,
    /// Making and changing silences, intervals and quotas, and discarding dead letters.
    Manage,
}

/// What a caller may touch. Every part must match; `*` matches everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Tenants, each with those below it: `acme` covers `acme.us`.
    pub tenants: Vec<String>,
    /// Namespaces.
    pub namespaces: Vec<String>,
    /// Providers.
    pub providers: Vec<String>,
    /// Action types.
    pub actions: Vec<String>,
}

impl Role {
    /// The role of a word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "admin" => Some(Self::Admin),
            "operator" => Some(Self::Operator),
            "viewer" => Some(Self::Viewer),
            _ => None,
        }
    }

    /// Whether it may.
    pub const fn may(self, permission: Permission) -> bool {
        match (self, permission) {
            (Self::Admin | Self::Operator, _)
            | (Self::Viewer, Permission::Read | Permission::RulesRead) => true,
            (Self::Viewer, Permission::Dispatch | Permission::RulesManage | Permission::Manage) => {
                false
            }
        }
    }
}

impl Caller {
    /// The caller where no authentication is asked for.
    pub fn anonymous() -> Self {
        Self {
            id: "".into(),
            auth_method: "anonymous",
            role: Role::Admin,
            grants: [Grant::everything()].into(),
        }
    }

    /// The gateway itself.
    pub fn gateway() -> Self {
        Self {
            id: "acteon".into(),
            auth_method: "internal",
            ..Self::anonymous()
        }
    }
}

impl Grant {
    /// A grant for everything.
    pub fn everything() -> Self {
        let all = || vec!["*".to_owned()];
        Self {
            tenants: all(),
            namespaces: all(),
            providers: all(),
            actions: all(),
        }
    }

    fn covers_scope(&self, namespace: &str, tenant: &str) -> bool {
        has(&self.namespaces, namespace)
            && self
                .tenants
                .iter()
                .any(|granted| granted == "*" || covers_tenant(granted, tenant))
    }

    fn covers(&self, namespace: &str, tenant: &str, provider: &str, action_type: &str) -> bool {
        self.covers_scope(namespace, tenant)
            && has(&self.providers, provider)
            && has(&self.actions, action_type)
    }

    /// Whether it covers every action of a tenant through a provider.
    fn covers_through(&self, namespace: &str, tenant: &str, provider: &str) -> bool {
        self.covers_scope(namespace, tenant)
            && has(&self.providers, provider)
            && has_all(&self.actions)
    }

    /// Whether it covers every action of everybody through a provider.
    fn covers_provider(&self, provider: &str) -> bool {
        [&self.tenants, &self.namespaces, &self.actions]
            .into_iter()
            .all(|part| has_all(part))
            && has(&self.providers, provider)
    }

    fn is_everything(&self) -> bool {
        [
            &self.tenants,
            &self.namespaces,
            &self.providers,
            &self.actions,
        ]
        .into_iter()
        .all(|part| has_all(part))
    }
}

fn has_all(words: &[String]) -> bool {
    words.iter().any(|word| word == "*")
}

fn has(words: &[String], word: &str) -> bool {
    words
        .iter()
        .any(|granted| granted == "*" || granted == word)
}

/// Whether what is said of `above` also holds for `tenant`: itself and, by dots, those below it.
pub fn covers_tenant(above: &str, tenant: &str) -> bool {
    tenant
        .strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// What a look-up may find: what was asked for, within what the caller is granted. There is no look-up without one.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Exactly this namespace.
    pub namespace: Option<Namespace>,
    /// Exactly this tenant.
    pub tenant: Option<Tenant>,
    grants: Arc<[Grant]>,
}

impl Scope {
    /// Everything that the grants cover.
    pub fn of(grants: &Arc<[Grant]>) -> Self {
        Self {
            namespace: None,
            tenant: None,
            grants: Arc::clone(grants),
        }
    }

    /// One namespace and tenant, for the gateway's own look-ups.
    pub fn exactly(namespace: &Namespace, tenant: &Tenant) -> Self {
        Self {
            namespace: Some(namespace.clone()),
            tenant: Some(tenant.clone()),
            grants: [Grant::everything()].into(),
        }
    }

    /// Everything, for the gateway's own look-ups.
    pub fn everything() -> Self {
        Self::of(&[Grant::everything()].into())
    }

    /// What is granted; a thing lies within if one of them covers it.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// Whether an action lies within.
    pub fn covers(&self, namespace: &str, tenant: &str, provider: &str, action_type: &str) -> bool {
        self.is_asked_for(namespace, tenant)
            && self
                .grants
                .iter()
                .any(|grant| grant.covers(namespace, tenant, provider, action_type))
    }

    /// Whether a thing that belongs to a tenant lies within.
    pub fn covers_scope(&self, namespace: &str, tenant: &str) -> bool {
        self.is_asked_for(namespace, tenant)
            && self
                .grants
                .iter()
                .any(|grant| grant.covers_scope(namespace, tenant))
    }

    /// Whether every action of a tenant and those below it through a provider lies within.
    pub fn covers_through(&self, namespace: &str, tenant: &str, provider: &str) -> bool {
        self.is_asked_for(namespace, tenant)
            && self
                .grants
                .iter()
                .any(|grant| grant.covers_through(namespace, tenant, provider))
    }

    /// Whether every action of everybody through a provider lies within.
    pub fn covers_provider(&self, provider: &str) -> bool {
        self.namespace.is_none()
            && self.tenant.is_none()
            && self
                .grants
                .iter()
                .any(|grant| grant.covers_provider(provider))
    }

    /// Whether it may find everything there is.
    pub fn is_everything(&self) -> bool {
        self.namespace.is_none()
            && self.tenant.is_none()
            && self.grants.iter().any(Grant::is_everything)
    }

    fn is_asked_for(&self, namespace: &str, tenant: &str) -> bool {
        self.namespace
            .as_ref()
            .is_none_or(|asked| asked.as_str() == namespace)
            && self
                .tenant
                .as_ref()
                .is_none_or(|asked| asked.as_str() == tenant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_covers_tenants_below_but_not_beside() {
        let grants: Arc<[Grant]> = [Grant {
            tenants: vec!["acme".into()],
            namespaces: vec!["prod".into()],
            ..Grant::everything()
        }]
        .into();
        let scope = Scope::of(&grants);
        for (tenant, covered) in [
            ("acme", true),
            ("acme.us", true),
            ("acme-corp", false),
            ("acm", false),
            ("globex", false),
        ] {
            assert_eq!(
                scope.covers("prod", tenant, "log", "x"),
                covered,
                "{tenant}"
            );
        }
        assert!(!scope.covers("dev", "acme", "log", "x"));
        assert!(!scope.is_everything() && Scope::everything().is_everything());
    }

    #[test]
    fn a_viewer_only_looks() {
        assert!(
            Role::Viewer.may(Permission::Read)
                && !Role::Viewer.may(Permission::Dispatch)
                && Role::Operator.may(Permission::Manage)
        );
    }
}
