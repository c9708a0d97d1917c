//! The namespace and tenant that a query asks for.

use acteon_core::{Caller, Namespace, Scope, Tenant};

use super::query::{FromQuery, Parameters};
use crate::http::error::Refusal;

/// Namespace and tenant that a query asks for; each may be left out.
pub(in crate::http) struct Scoped {
    namespace: Option<Namespace>,
    tenant: Option<Tenant>,
}

impl Scoped {
    /// Scope in which a caller may find something: their grants, within what they ask for. There is
    /// no scope without a caller.
    pub(in crate::http) fn of(self, caller: &Caller) -> Scope {
        let mut scope = Scope::of(&caller.grants);
        (scope.namespace, scope.tenant) = (self.namespace, self.tenant);
        scope
    }
}

impl FromQuery for Scoped {
    fn names() -> Vec<&'static str> {
        vec!["namespace", "tenant"]
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        Ok(Self {
            namespace: parameters.parsed("namespace", "a namespace", |text| {
                Namespace::parse(text).ok()
            })?,
            tenant: parameters.parsed("tenant", "a tenant", |text| Tenant::parse(text).ok())?,
        })
    }
}
