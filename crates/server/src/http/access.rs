//! Who may call a route. A handler gets its caller only by saying what it lets them do.

use std::sync::Arc;

use acteon_core::{Action, Caller, Namespace, Permission, Scope, Tenant};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use super::AppState;
use super::query::Parameters;
use super::refusal::Refusal;

macro_rules! permitted {
    ($(#[$doc:meta])* $name:ident, $permission:ident) => {
        $(#[$doc])*
        pub(super) struct $name(pub(super) Caller);

        impl FromRequestParts<Arc<AppState>> for $name {
            type Rejection = Refusal;

            async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Refusal> {
                permitted(&parts.headers, state, Permission::$permission).map(Self)
            }
        }
    };
}

permitted!(
    /// A caller who may post and replay actions.
    MayDispatch,
    Dispatch
);
permitted!(
    /// A caller who may look.
    MayRead,
    Read
);
permitted!(
    /// A caller who may look at rules and try them.
    MayReadRules,
    RulesRead
);
permitted!(
    /// A caller who may reload and switch rules.
    MayManageRules,
    RulesManage
);
permitted!(
    /// A caller who may make and change silences, time intervals and quotas, and discard dead letters.
    MayManage,
    Manage
);

fn permitted(headers: &HeaderMap, state: &AppState, permission: Permission) -> Result<Caller, Refusal> {
    let caller = state.auth.caller(key(headers)).map_err(|message| Refusal::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message))?;
    if !caller.role.may(permission) {
        let message = format!("forbidden: the role of {:?} does not allow this", caller.id);
        return Err(Refusal::new(StatusCode::FORBIDDEN, "FORBIDDEN", message));
    }
    Ok(caller)
}

fn key(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|text| {
        let (scheme, key) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    bearer.or_else(|| headers.get("x-api-key").and_then(|value| value.to_str().ok()))
}

/// Refuses an action that no grant covers.
pub(super) fn check_action(caller: &Caller, action: &Action) -> Result<(), Refusal> {
    let Action { namespace, tenant, provider, action_type, .. } = action;
    let scope = Scope::of(&caller.grants);
    if scope.covers(namespace.as_str(), tenant.as_str(), provider.as_str(), action_type.as_str()) {
        return Ok(());
    }
    Err(forbidden(&format!("tenant={tenant} namespace={namespace} provider={provider} action={action_type}")))
}

/// Refuses to make something for a tenant that no grant covers.
pub(super) fn check_scope(caller: &Caller, namespace: &str, tenant: &str) -> Result<(), Refusal> {
    if Scope::of(&caller.grants).covers_scope(namespace, tenant) {
        return Ok(());
    }
    Err(forbidden(&format!("tenant={tenant} namespace={namespace}")))
}

/// Refuses to touch what holds for every tenant's actions through a provider.
pub(super) fn check_provider(caller: &Caller, provider: &str) -> Result<(), Refusal> {
    if Scope::of(&caller.grants).covers_provider(provider) {
        return Ok(());
    }
    Err(forbidden(&format!("provider={provider} for all tenants, namespaces and actions")))
}

/// Refuses to touch what holds for everything, such as the rules.
pub(super) fn check_everything(caller: &Caller) -> Result<(), Refusal> {
    if Scope::of(&caller.grants).is_everything() { Ok(()) } else { Err(forbidden("everything, which the rules decide about")) }
}

fn forbidden(what: &str) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, "FORBIDDEN", format!("forbidden: no grant covers {what}"))
}

/// What a caller may find: what they are granted, within the `namespace` and `tenant` that they ask for.
pub(super) fn scope(caller: &Caller, parameters: &Parameters) -> Result<Scope, Refusal> {
    let mut scope = Scope::of(&caller.grants);
    scope.namespace = parameters.parsed("namespace", "a namespace", |text| Namespace::parse(text).ok())?;
    scope.tenant = parameters.parsed("tenant", "a tenant", |text| Tenant::parse(text).ok())?;
    Ok(scope)
}
