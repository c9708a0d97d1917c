//! Callers and their permissions. A handler gets its caller only by naming the permission it needs.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use acteon_core::json::head;
use acteon_core::limits::MAX_NAME_BYTES;
use acteon_core::{Action, Caller, Namespace, Permission, Scope, Tenant};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use crate::connection::Exchange;
use crate::http::error::Refusal;
use crate::http::state::AppState;
use crate::sign_in::Reaction;

macro_rules! permitted {
    ($(#[$doc:meta])* $name:ident, $permission:ident) => {
        $(#[$doc])*
        pub(in crate::http) struct $name(pub(in crate::http) Caller);

        impl FromRequestParts<Arc<AppState>> for $name {
            type Rejection = Refusal;

            async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Refusal> {
                permitted(parts, state, Permission::$permission).await.map(Self)
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

/// A caller who may see people and change them. They are of the whole server, and what is known of them is for nobody who may not do everything:
/// who gets this has shown the role and the grants, and no handler can forget either.
pub(in crate::http) struct MaySeePeople(pub(in crate::http) Caller);

impl FromRequestParts<Arc<AppState>> for MaySeePeople {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Refusal> {
        let caller = permitted(parts, state, Permission::People).await?;
        if Scope::of(&caller.grants).is_everything() {
            return Ok(Self(caller));
        }
        Err(forbidden("everything, which people belong to"))
    }
}

/// Caller who may look, or nobody: for routes that tell everybody how the server is, and callers
/// who may look also why.
pub(in crate::http) struct MayLook(pub(in crate::http) Option<Caller>);

impl FromRequestParts<Arc<AppState>> for MayLook {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Refusal> {
        if state.auth.asks_for_keys() && key(&parts.headers).is_none() {
            return Ok(Self(None));
        }
        let caller = caller(parts, state).await?;
        Ok(Self(
            Some(caller).filter(|caller| caller.role.may(Permission::Read)),
        ))
    }
}

async fn permitted(
    parts: &Parts,
    state: &AppState,
    permission: Permission,
) -> Result<Caller, Refusal> {
    let caller = caller(parts, state).await?;
    if !caller.role.may(permission) {
        let message = format!("forbidden: the role of {:?} does not allow this", caller.id);
        return Err(Refusal::new(StatusCode::FORBIDDEN, "FORBIDDEN", message));
    }
    Ok(caller)
}

/// Caller of a request. A failed sign-in is logged, and its answer is delayed.
async fn caller(parts: &Parts, state: &AppState) -> Result<Caller, Refusal> {
    let message = match state.auth.caller(key(&parts.headers)) {
        Ok(caller) => return Ok(caller),
        Err(message) => message,
    };
    state.metrics.sign_in_failed();
    let exchange = parts.extensions.get::<Exchange>();
    let address = exchange.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |exchange| {
        exchange.connection.peer()
    });
    match state.sign_ins.failed(address) {
        Reaction::Answer(sleep) => {
            let wait = sleep.as_ref().map_or(Duration::ZERO, |(wait, _)| *wait);
            let path = head(parts.uri.path(), MAX_NAME_BYTES);
            tracing::warn!(%address, method = %parts.method, path, slowed_ms = wait.as_millis() as u64, "sign-in failed: {message}");
            if let Some((wait, _place)) = sleep {
                if let Some(exchange) = exchange {
                    exchange.set_refusing();
                }
                tokio::time::sleep(wait).await;
                if let Some(exchange) = exchange {
                    exchange.set_working();
                }
            }
            Err(Refusal::new(
                StatusCode::UNAUTHORIZED,
                "UNAUTHORIZED",
                message,
            ))
        }
        Reaction::Refuse(count) => {
            if let Some(count) = count {
                tracing::warn!(%address, count, "sign-ins fail too often; those that fail are refused at once for a while");
            }
            Err(Refusal::too_many(
                "too many sign-ins from this address failed; try again later",
            ))
        }
    }
}

fn key(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| {
            let (scheme, key) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
        });
    bearer.or_else(|| {
        headers
            .get("x-api-key")
            .and_then(|value| value.to_str().ok())
    })
}

/// Refuses an action that no grant covers.
pub(in crate::http) fn check_action(caller: &Caller, action: &Action) -> Result<(), Refusal> {
    let Action {
        namespace,
        tenant,
        provider,
        action_type,
        ..
    } = action;
    let scope = Scope::of(&caller.grants);
    if scope.covers(
        namespace.as_str(),
        tenant.as_str(),
        provider.as_str(),
        action_type.as_str(),
    ) {
        return Ok(());
    }
    Err(forbidden(&format!(
        "tenant={tenant} namespace={namespace} provider={provider} action={action_type}"
    )))
}

/// Refuses to make something for a namespace and tenant that no grant covers.
pub(in crate::http) fn check_scope(
    caller: &Caller,
    namespace: &str,
    tenant: &str,
) -> Result<(), Refusal> {
    if Scope::of(&caller.grants).covers_scope(namespace, tenant) {
        return Ok(());
    }
    Err(forbidden(&format!("tenant={tenant} namespace={namespace}")))
}

/// Refuses to change what holds for every tenant's actions through a provider.
pub(in crate::http) fn check_provider(caller: &Caller, provider: &str) -> Result<(), Refusal> {
    if Scope::of(&caller.grants).covers_provider(provider) {
        return Ok(());
    }
    Err(forbidden(&format!(
        "provider={provider} for all tenants, namespaces and actions"
    )))
}

/// Refuses to change what holds for everything, such as the rules.
pub(in crate::http) fn check_everything(caller: &Caller) -> Result<(), Refusal> {
    if Scope::of(&caller.grants).is_everything() {
        Ok(())
    } else {
        Err(forbidden("everything, which the rules decide about"))
    }
}

fn forbidden(what: &str) -> Refusal {
    Refusal::new(
        StatusCode::FORBIDDEN,
        "FORBIDDEN",
        format!("forbidden: no grant covers {what}"),
    )
}

/// Scope of what a caller may change, within the namespace and tenant that a body repeats: what
/// lies elsewhere is not found.
pub(in crate::http) fn repeated(
    caller: &Caller,
    namespace: Option<Namespace>,
    tenant: Option<Tenant>,
) -> Scope {
    let mut scope = Scope::of(&caller.grants);
    (scope.namespace, scope.tenant) = (namespace, tenant);
    scope
}
