//! Who may do what: callers, their roles and grants, and the scope of a look-up.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Namespace, Tenant};

/// Caller of a request, with what it is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Name of the API key; empty where no authentication is asked for.
    pub id: Arc<str>,
    /// How the caller was told: `api_key` or `anonymous`; `internal` for the gateway itself.
    pub auth_method: &'static str,
    /// Role, which says what kinds of things it may do.
    pub role: Role,
    /// Grants, which say to what it may do them; one that covers a thing is enough.
    pub grants: Arc<[Grant]>,
}

/// Role of a caller: what kinds of things it may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// May do everything that its grants cover.
    Admin,
    /// May do everything that its grants cover, as an admin may.
    Operator,
    /// May look, and change nothing.
    Viewer,
}

/// Permission that a route asks for.
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
    /// Looking at people and groups, and changing them. They are of the whole server: whoever may do everything may.
    People,
}

/// Grant: what a caller may touch. Every part must match; `*` matches everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Tenants, each with those below it: `acme` covers `acme.us`.
    pub tenants: Vec<String>,
    /// Namespaces, each by its exact name.
    pub namespaces: Vec<String>,
    /// Providers, each by its configured name.
    pub providers: Vec<String>,
    /// Types of actions, each by its exact name.
    pub actions: Vec<String>,
}

impl Role {
    /// Role of this name; `None` for any other word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "admin" => Some(Self::Admin),
            "operator" => Some(Self::Operator),
            "viewer" => Some(Self::Viewer),
            _ => None,
        }
    }

    /// Whether this role has the permission.
    pub const fn may(self, permission: Permission) -> bool {
        match (self, permission) {
            (Self::Admin | Self::Operator, _)
            | (Self::Viewer, Permission::Read | Permission::RulesRead) => true,
            (
                Self::Viewer,
                Permission::Dispatch
                | Permission::RulesManage
                | Permission::Manage
                | Permission::People,
            ) => false,
        }
    }
}

impl Caller {
    /// How the gateway itself is told.
    pub const INTERNAL: &'static str = "internal";

    /// Caller where no authentication is asked for.
    pub fn anonymous() -> Self {
        Self {
            id: "".into(),
            auth_method: "anonymous",
            role: Role::Admin,
            grants: [Grant::everything()].into(),
        }
    }

    /// Caller of what the gateway does by itself.
    pub fn gateway() -> Self {
        Self {
            id: "acteon".into(),
            auth_method: Self::INTERNAL,
            ..Self::anonymous()
        }
    }
}

impl Grant {
    /// Grant that covers everything.
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

/// Whether `tenant` is `above`, or lies below it by dots.
pub fn covers_tenant(above: &str, tenant: &str) -> bool {
    tenant
        .strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Scope of a look-up: what was asked for, within what the caller is granted. There is no look-up
/// without one.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The one namespace asked for; `None` for all.
    pub namespace: Option<Namespace>,
    /// The one tenant asked for, without those below it; `None` for all.
    pub tenant: Option<Tenant>,
    grants: Arc<[Grant]>,
}

impl Scope {
    /// Scope of everything that the grants cover.
    pub fn of(grants: &Arc<[Grant]>) -> Self {
        Self {
            namespace: None,
            tenant: None,
            grants: Arc::clone(grants),
        }
    }

    /// Scope of one namespace and tenant, for the gateway's own look-ups.
    pub fn exactly(namespace: &Namespace, tenant: &Tenant) -> Self {
        Self {
            namespace: Some(namespace.clone()),
            tenant: Some(tenant.clone()),
            grants: [Grant::everything()].into(),
        }
    }

    /// Scope of everything, for the gateway's own look-ups.
    pub fn everything() -> Self {
        Self::of(&[Grant::everything()].into())
    }

    /// Grants; a thing lies within if one of them covers it.
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

    /// Whether every action of a tenant lies within, whatever provider it goes through.
    pub fn covers_all_of(&self, namespace: &str, tenant: &str) -> bool {
        self.is_asked_for(namespace, tenant)
            && self.grants.iter().any(|grant| {
                has_all(&grant.providers) && grant.covers_through(namespace, tenant, "*")
            })
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
