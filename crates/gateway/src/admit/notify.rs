//! Notices that a quota is used up: in the log, and where the quota says so as an action of its
//! own.

use std::sync::Arc;

use acteon_core::{
    Action, ActionId, ActionType, Caller, Origin, Priority, ProviderName, with_causes,
};
use acteon_store::{Overage, QuotaCheck};
use serde_json::json;
use serde_json::value::RawValue;

use crate::admit::answer::Wait;
use crate::admit::notices::NOTICE_TYPE;
use crate::shared::{Gateway, Inner};

/// Tells of each quota that an action goes over and that names a provider to be told through.
///
/// The notice's id is made of quota and window, so that several gateways, and a gateway that
/// restarts, tell only once.
pub(crate) fn tell(inner: &Arc<Inner>, action: &Arc<Action>, over: &[QuotaCheck]) {
    for quota in over {
        let word = quota.overage.as_str();
        inner.observer.quota(word);
        if !inner.notices.begin(quota, inner.clock.now()) {
            continue;
        }
        tracing::warn!(quota = quota.id, tenant = %quota.tenant, limit = quota.max_actions, overage = word, "a quota is used up");
        if let Overage::Notify(target) = &quota.overage
            && let Some(notice) = notice(inner, action, quota, target)
        {
            let (gateway, quota) = (
                Gateway {
                    inner: Arc::clone(inner),
                },
                quota.clone(),
            );
            tokio::spawn(async move {
                let told = gateway
                    .dispatch(notice, Origin::Notice, Caller::gateway(), Wait::ForCommit)
                    .await;
                if let Err(error) = told {
                    tracing::error!(quota = quota.id, error = %with_causes(&error), "the notice of a quota could not be stored; an action over it tries again later");
                    gateway
                        .inner
                        .notices
                        .failed(&quota, gateway.inner.clock.now());
                }
            });
        }
    }
}

fn notice(
    inner: &Inner,
    action: &Action,
    quota: &QuotaCheck,
    target: &ProviderName,
) -> Option<Action> {
    let QuotaCheck {
        id,
        tenant,
        max_actions,
        resets_at,
        ..
    } = quota;
    let window_end = resets_at.as_millis() / 1000;
    let namespace = &action.namespace;
    let content = format!(
        "Quota used up: {tenant} in {namespace} has sent {max_actions} actions, its limit until {resets_at}."
    );
    let payload = json!({ "content": content, "quota_id": id, "namespace": namespace, "tenant": tenant, "limit": max_actions, "resets_at": resets_at });
    Some(Action {
        id: ActionId::parse(&format!("quota-{id}-{window_end}")).ok()?,
        namespace: namespace.clone(),
        tenant: tenant.clone(),
        provider: target.clone(),
        action_type: ActionType::parse(NOTICE_TYPE).ok()?,
        payload: RawValue::from_string(payload.to_string()).ok()?,
        template: None,
        metadata: std::collections::BTreeMap::new(),
        dedup_key: None,
        status: None,
        fingerprint: None,
        starts_at: None,
        ends_at: None,
        created_at: inner.clock.now(),
        expires_at: None,
        scheduled_at: None,
        delay_seconds: None,
        attachments: Vec::new(),
        signature: None,
        signer_id: None,
        kid: None,
        priority: Priority::default(),
    })
}
