//! Between rows and records: what every engine stores alike.

use std::sync::Arc;

use acteon_core::{Action, Grant, Origin, Outcome, Prepared, ProviderName, Scope, Timestamp};
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::model::{Admission, Charges, Fate, Record, Seq, State, Way};

/// What is known of a request beside its bytes.
#[derive(Default, Serialize, Deserialize)]
struct Facts {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recipients: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    repeat_safe: bool,
    /// The request is the action's own text, which need not be kept twice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_action: bool,
}

/// The texts of a row, made before it queues for the writer, whose time everybody shares.
pub(crate) struct RowTexts {
    pub(crate) action: String,
    /// For each way that the action may go.
    pub(crate) requests: Vec<RequestTexts>,
}

pub(crate) struct RequestTexts {
    pub(crate) bytes: Option<Vec<u8>>,
    pub(crate) facts: Option<String>,
}

pub(crate) fn row_texts(admission: &Admission) -> Result<RowTexts, StoreError> {
    let action = serde_json::to_string(&*admission.action).map_err(|error| StoreError::Engine(error.to_string()))?;
    let request = |way: &Way| {
        let is_action = way.prepared.bytes == action.as_bytes();
        RequestTexts { bytes: (!is_action).then(|| way.prepared.bytes.clone()), facts: facts(&way.prepared, is_action) }
    };
    let requests = match &admission.fate {
        Fate::Ended(_) => Vec::new(),
        Fate::Send { ways, .. } => ways.iter().map(request).collect(),
    };
    Ok(RowTexts { action, requests })
}

/// The facts as text; `None` when there are none.
fn facts(prepared: &Prepared, is_action: bool) -> Option<String> {
    let Prepared { recipients, warnings, repeat_safe, .. } = prepared;
    if recipients.is_empty() && warnings.is_empty() && !repeat_safe && !is_action {
        return None;
    }
    serde_json::to_string(&Facts { recipients: recipients.clone(), warnings: warnings.clone(), repeat_safe: *repeat_safe, is_action }).ok()
}

/// The number of a state that ended; 0 for one that did not.
pub(crate) const fn state_number(state: State) -> i64 {
    match state {
        State::Open => 0,
        State::Done => 1,
        State::Dead => 2,
        State::Refused => 3,
        State::Discarded => 4,
    }
}

/// The state of a number that ended.
pub(crate) fn state_of_number(number: i64) -> Option<State> {
    [State::Done, State::Dead, State::Refused, State::Discarded].into_iter().find(|state| state_number(*state) == number)
}

/// The state of an action with such an outcome.
pub(crate) fn state_of(outcome: &Outcome) -> State {
    match outcome {
        Outcome::Scheduled { .. } => State::Open,
        Outcome::Failed { .. } => State::Dead,
        Outcome::Throttled { .. } | Outcome::QuotaExceeded { .. } | Outcome::CircuitOpen { .. } => State::Refused,
        Outcome::Executed(_)
        | Outcome::Rerouted { .. }
        | Outcome::Suppressed { .. }
        | Outcome::Deduplicated { .. }
        | Outcome::Silenced { .. }
        | Outcome::Muted { .. }
        | Outcome::DryRun(_) => State::Done,
    }
}

/// Most actions of one id that are found: callers want one, or to know that there are several.
pub(crate) const MAX_OF_AN_ID: usize = 100;

/// The condition that an action of table `a` lies within a scope, with the values of its parameters `?1`, `?2` and so on after the first
/// `taken`. `mark` is how the engine begins a parameter.
pub(crate) fn within(scope: &Scope, mark: char, taken: usize) -> (String, Vec<String>) {
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
        let Grant { tenants, namespaces, providers, actions } = grant;
        let mut parts = Vec::new();
        if tenants.iter().all(|tenant| tenant != "*") {
            let mut below = |tenant: &String| {
                let above = format!("{tenant}.");
                let length = above.chars().count();
                format!("a.tenant = {} OR substr(a.tenant, 1, {length}) = {}", parameter(tenant), parameter(&above))
            };
            parts.push(any(tenants.iter().map(&mut below)));
        }
        for (column, words) in [("a.namespace", namespaces), ("a.provider", providers), ("a.action_type", actions)] {
            if words.iter().all(|word| word != "*") {
                parts.push(any(words.iter().map(|word| format!("{column} = {}", parameter(word)))));
            }
        }
        if parts.is_empty() { "1 = 1".to_owned() } else { format!("({})", parts.join(" AND ")) }
    });
    all.push(any(grants));
    (all.join(" AND "), values)
}

/// One of the conditions; none of none.
fn any(conditions: impl Iterator<Item = String>) -> String {
    let conditions: Vec<String> = conditions.collect();
    if conditions.is_empty() { "1 = 0".to_owned() } else { format!("({})", conditions.join(" OR ")) }
}

/// The charges as text; `None` when there are none.
pub(crate) fn charges_text(charges: &Charges) -> Option<String> {
    if charges.is_empty() { None } else { serde_json::to_string(charges).ok() }
}

/// An action with what is to be done about it, or what became of it, as an engine reads it.
pub(crate) struct RawRecord {
    pub(crate) seq: i64,
    pub(crate) action: String,
    pub(crate) origin: String,
    pub(crate) request: Option<Vec<u8>>,
    pub(crate) request_facts: Option<String>,
    pub(crate) accepted_at: i64,
    pub(crate) caller: String,
    pub(crate) auth_method: String,
    pub(crate) verdict: String,
    pub(crate) rule: Option<String>,
    pub(crate) through: Option<String>,
    pub(crate) charges: Option<String>,
    pub(crate) due_at: Option<i64>,
    pub(crate) give_up_at: Option<i64>,
    pub(crate) owner: Option<i64>,
    pub(crate) rounds: Option<i64>,
    pub(crate) state: Option<i64>,
    pub(crate) finished_at: Option<i64>,
    pub(crate) attempts: Option<i64>,
    pub(crate) takeovers: Option<i64>,
    pub(crate) possible_duplicate: Option<bool>,
    pub(crate) history: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) fence: Option<i64>,
}

impl RawRecord {
    /// The columns of a record in the order of the fields, for tables `a`, `j` and `o`.
    pub(crate) const COLUMNS: &'static str = "a.seq, a.action, a.origin, a.request, a.request_facts, a.accepted_at, \
         a.caller, a.auth_method, a.verdict, a.rule, a.through, a.charges, \
         j.due_at, j.give_up_at, j.owner, j.rounds, o.state, o.finished_at, \
         coalesce(o.attempts, j.attempts), coalesce(o.takeovers, j.takeovers), coalesce(o.possible_duplicate, j.possible_duplicate), \
         coalesce(o.history, j.history), coalesce(o.outcome, j.outcome), j.fence";

    /// The tables that [`Self::COLUMNS`] are of.
    pub(crate) const TABLES: &'static str = "actions a LEFT JOIN jobs j ON j.seq = a.seq LEFT JOIN outcomes o ON o.seq = a.seq";

    pub(crate) fn into_record(self) -> serde_json::Result<Record> {
        let action: Action = serde_json::from_str(&self.action)?;
        let accepted_at = Timestamp::from_millis(self.accepted_at);
        let provider = self.through.as_deref().and_then(|name| ProviderName::parse(name).ok()).unwrap_or_else(|| action.provider.clone());
        let charges = self.charges.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
        let number = |value: Option<i64>| value.and_then(|value| u32::try_from(value).ok()).unwrap_or(0);
        Ok(Record {
            seq: Seq(self.seq),
            provider,
            origin: Origin::ALL.into_iter().find(|known| known.as_str() == self.origin).unwrap_or(Origin::Api),
            prepared: prepared(self.request, self.request_facts.as_deref(), &self.action).map(Arc::new),
            action: Arc::new(action),
            caller: self.caller,
            auth_method: self.auth_method,
            verdict: self.verdict,
            rule: self.rule.map(Into::into),
            charges,
            accepted_at,
            due_at: self.due_at.map_or(accepted_at, Timestamp::from_millis),
            give_up_at: self.give_up_at.map_or(accepted_at, Timestamp::from_millis),
            owned: self.owner.is_some_and(|owner| owner != 0),
            fence: self.fence.unwrap_or(0),
            rounds: number(self.rounds),
            state: self.state.and_then(state_of_number).unwrap_or(State::Open),
            finished_at: self.finished_at.map(Timestamp::from_millis),
            attempts: number(self.attempts),
            takeovers: number(self.takeovers),
            possible_duplicate: self.possible_duplicate.unwrap_or(false),
            history: self.history.unwrap_or_else(|| "[]".into()),
            outcome: self.outcome.map(Into::into),
        })
    }
}

fn prepared(request: Option<Vec<u8>>, facts: Option<&str>, action: &str) -> Option<Prepared> {
    let Facts { recipients, warnings, repeat_safe, is_action } = facts.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let bytes = if is_action { Some(action.as_bytes().to_vec()) } else { request };
    bytes.map(|bytes| Prepared { bytes, recipients, warnings, repeat_safe })
}
