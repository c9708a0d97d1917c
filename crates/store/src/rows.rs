//! From records to rows: what every engine stores alike.

use std::sync::Arc;

use acteon_core::{Grant, Outcome, Prepared, Priority, ProviderName, Scope, Tenant, Timestamp};
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::model::{ActionState, Admission, Charges, Disposition, Reroute, Route};
use crate::shares::{DeadShare, OpenShare};

/// Facts about a request beside its bytes, stored as JSON.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Facts {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) recipients: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) repeat_safe: bool,
    /// Whether the request is the action's own text, which need not be kept twice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_action: bool,
    /// Priority, where a rule gave another than the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) priority: Option<Priority>,
}

/// Texts of a row, made before it queues for the writer, whose time all share.
pub(crate) struct RowTexts {
    pub(crate) action: String,
    /// Texts for each route that the action may take.
    pub(crate) requests: Vec<RequestTexts>,
}

pub(crate) struct RequestTexts {
    /// The request, where its bytes are not the action's own text.
    prepared: Option<Arc<Prepared>>,
    pub(crate) facts: Option<String>,
}

impl RequestTexts {
    /// The bytes to keep, which are not copied for it.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        self.prepared
            .as_deref()
            .map(|prepared| prepared.bytes.as_slice())
    }
}

pub(crate) fn row_texts(admission: &Admission) -> Result<RowTexts, StoreError> {
    let action = admission
        .action
        .to_json()
        .map_err(|error| StoreError::Engine(error.into()))?;
    let priority =
        Some(admission.priority).filter(|priority| *priority != admission.action.priority);
    let request = |route: &Route| request_texts(&action, &route.prepared, priority);
    let requests = match &admission.disposition {
        Disposition::Ended(_) => Vec::new(),
        Disposition::Send { routes, .. } => routes.iter().map(request).collect(),
    };
    Ok(RowTexts { action, requests })
}

/// The texts of the request of an action, and of a priority that a rule gave it.
fn request_texts(
    action: &str,
    prepared: &Arc<Prepared>,
    priority: Option<Priority>,
) -> RequestTexts {
    let is_action = prepared.bytes == action.as_bytes();
    RequestTexts {
        prepared: (!is_action).then(|| Arc::clone(prepared)),
        facts: facts(prepared, is_action, priority),
    }
}

/// The texts of a row that takes another route.
pub(crate) fn rerouted_texts(change: &Reroute) -> Result<RequestTexts, StoreError> {
    let action = change
        .action
        .to_json()
        .map_err(|error| StoreError::Engine(error.into()))?;
    let priority = Some(change.priority).filter(|priority| *priority != change.action.priority);
    Ok(request_texts(&action, &change.prepared, priority))
}

/// The facts as text; `None` when there are none.
fn facts(prepared: &Prepared, is_action: bool, priority: Option<Priority>) -> Option<String> {
    let Prepared {
        recipients,
        warnings,
        repeat_safe,
        ..
    } = prepared;
    if recipients.is_empty()
        && warnings.is_empty()
        && !repeat_safe
        && !is_action
        && priority.is_none()
    {
        return None;
    }
    let facts = Facts {
        recipients: recipients.clone(),
        warnings: warnings.clone(),
        repeat_safe: *repeat_safe,
        is_action,
        priority,
    };
    serde_json::to_string(&facts).ok()
}

/// The number of a state that ended; 0 for one that did not.
pub(crate) const fn state_number(state: ActionState) -> i64 {
    match state {
        ActionState::Open => 0,
        ActionState::Done => 1,
        ActionState::Dead => 2,
        ActionState::Refused => 3,
        ActionState::Discarded => 4,
    }
}

/// The state of a number that ended.
pub(crate) fn state_of_number(number: i64) -> Option<ActionState> {
    [
        ActionState::Done,
        ActionState::Dead,
        ActionState::Refused,
        ActionState::Discarded,
    ]
    .into_iter()
    .find(|state| state_number(*state) == number)
}

/// State of an action that ended with an outcome.
pub(crate) fn state_of(outcome: &Outcome) -> ActionState {
    match outcome {
        Outcome::Failed { .. } => ActionState::Dead,
        Outcome::Throttled { .. } | Outcome::QuotaExceeded { .. } | Outcome::CircuitOpen { .. } => {
            ActionState::Refused
        }
        Outcome::Executed(_)
        | Outcome::Scheduled { .. }
        | Outcome::Rerouted { .. }
        | Outcome::Suppressed { .. }
        | Outcome::Deduplicated { .. }
        | Outcome::Silenced { .. }
        | Outcome::Muted { .. }
        | Outcome::ChainStarted { .. }
        | Outcome::PendingApproval { .. }
        | Outcome::Cancelled { .. }
        | Outcome::DryRun(_) => ActionState::Done,
    }
}

/// Statement that counts open rows by tenant and provider. Its parameter is the due time.
pub(crate) fn open_shares(mark: char) -> String {
    format!(
        "SELECT a.tenant, coalesce(a.through, a.provider), COUNT(*) FILTER (WHERE coalesce(j.not_before, 0) <= {mark}1), \
         COUNT(*) FILTER (WHERE j.not_before > {mark}1), MIN(a.accepted_at) FILTER (WHERE coalesce(j.not_before, 0) <= {mark}1) \
         FROM jobs j JOIN actions a ON a.seq = j.seq GROUP BY 1, 2"
    )
}

/// A row of [`open_shares`].
pub(crate) fn open_share(
    tenant: &str,
    provider: &str,
    (count, later): (i64, i64),
    oldest: Option<i64>,
) -> Option<OpenShare> {
    let (count, later) = (usize::try_from(count).ok()?, usize::try_from(later).ok()?);
    let oldest = oldest.map(Timestamp::from_millis);
    Some(OpenShare {
        tenant: Tenant::parse(tenant).ok()?,
        provider: ProviderName::parse(provider).ok()?,
        count,
        later,
        oldest,
    })
}

/// Statement that counts dead letters by provider and code. Its parameter is how many of the newest are counted.
pub(crate) fn dead_shares(mark: char) -> String {
    format!(
        "SELECT coalesce(a.through, a.provider), coalesce(o.code, ''), COUNT(*) \
         FROM (SELECT seq, code FROM outcomes WHERE state = 2 ORDER BY seq DESC LIMIT {mark}1) o JOIN actions a ON a.seq = o.seq GROUP BY 1, 2"
    )
}

/// A row of [`dead_shares`].
pub(crate) fn dead_share(provider: &str, code: String, count: i64) -> Option<DeadShare> {
    Some(DeadShare {
        provider: ProviderName::parse(provider).ok()?,
        code,
        count: usize::try_from(count).ok()?,
    })
}

/// Most actions of one id that are found, whole as they are: callers want one, or to know that there are several.
pub(crate) const MAX_OF_AN_ID: usize = 2;

/// Longest text of an action that is read to see whether it asks for the same as one whose text has `length` bytes: escapes make JSON six times as
/// long, and there may be spaces. What is longer is another request.
pub(crate) fn longest_alike(length: usize) -> i64 {
    i64::try_from(length.saturating_mul(6).saturating_add(4096)).unwrap_or(i64::MAX)
}

/// The condition that an action of table `a` lies within a scope, with the values of its parameters `?1`, `?2` and so on after the first
/// `taken`. `mark` is how the engine begins a parameter.
pub(crate) fn within(scope: &Scope, mark: char, taken: usize) -> (String, Vec<String>) {
    scope_holds(scope, mark, taken, |grant| {
        vec![
            ("a.namespace", &grant.namespaces),
            ("a.provider", &grant.providers),
            ("a.action_type", &grant.actions),
        ]
    })
}

/// The same for a flow, as table `a`, of which only namespace and tenant are known.
pub(crate) fn flow_within(scope: &Scope, mark: char, taken: usize) -> (String, Vec<String>) {
    scope_holds(scope, mark, taken, |grant| {
        vec![("a.namespace", &grant.namespaces)]
    })
}

/// The condition that a row of table `a` lies within a scope. `columns` has what a grant says of columns beside the tenant.
fn scope_holds(
    scope: &Scope,
    mark: char,
    taken: usize,
    columns: impl Fn(&Grant) -> Vec<(&'static str, &Vec<String>)>,
) -> (String, Vec<String>) {
    let mut values = Vec::new();
    let mut parameter = |text: &str| {
        values.push(text.to_owned());
        format!("{mark}{}", taken + values.len())
    };
    let mut all = Vec::new();
    if let Some(tenant) = &scope.tenant {
        all.push(format!("a.tenant = {}", parameter(tenant.as_str())));
    }
    if let Some(namespace) = &scope.namespace {
        all.push(format!("a.namespace = {}", parameter(namespace.as_str())));
    }
    let grants = scope.grants().iter().map(|grant| {
        let tenants = &grant.tenants;
        let mut parts = Vec::new();
        if tenants.iter().all(|tenant| tenant != "*") {
            let mut below = |tenant: &String| {
                let above = format!("{tenant}.");
                let length = above.chars().count();
                format!(
                    "a.tenant = {} OR substr(a.tenant, 1, {length}) = {}",
                    parameter(tenant),
                    parameter(&above)
                )
            };
            parts.push(any(tenants.iter().map(&mut below)));
        }
        for (column, words) in columns(grant) {
            if words.iter().all(|word| word != "*") {
                parts.push(any(words
                    .iter()
                    .map(|word| format!("{column} = {}", parameter(word)))));
            }
        }
        if parts.is_empty() {
            "1 = 1".to_owned()
        } else {
            format!("({})", parts.join(" AND "))
        }
    });
    all.push(any(grants));
    (all.join(" AND "), values)
}

/// SQL condition that one of several holds; false where there are none.
fn any(conditions: impl Iterator<Item = String>) -> String {
    let conditions: Vec<String> = conditions.collect();
    if conditions.is_empty() {
        "1 = 0".to_owned()
    } else {
        format!("({})", conditions.join(" OR "))
    }
}

/// The charges as text; `None` when there are none.
pub(crate) fn charges_text(charges: &Charges) -> Option<String> {
    if charges.is_empty() {
        None
    } else {
        serde_json::to_string(charges).ok()
    }
}
