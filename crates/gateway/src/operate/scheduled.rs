//! Scheduled actions: what waits for its instant, listed, moved and called off.
//!
//! A waiting row has no owner. It is changed as its owner would change it, with nobody as the owner and the fence that was read: whoever claims it
//! in between raises the fence, and the change does not happen.

use acteon_core::{
    ActionId, ActionType, Caller, Namespace, Outcome, ProviderName, Scope, Tenant, Timestamp,
};
use acteon_store::{
    ActionState, Age, Cursor, Record, ScheduledRequest, ScheduledRow, Settled, Step, StoreError,
};

use crate::admit::pending::scheduled;
use crate::deliver::schedule::is_scheduled;
use crate::operate::call_off::{call_off, called_off, change_of_waiting, is_untouched};
use crate::shared::{Gateway, Inner};

/// Tries to change a row that others change too.
const MAX_TRIES: u32 = 4;

/// An action that waits for its instant.
#[derive(Clone, Debug)]
pub struct ScheduledAction {
    /// Its id.
    pub action_id: ActionId,
    /// Its namespace.
    pub namespace: Namespace,
    /// Its tenant.
    pub tenant: Tenant,
    /// The provider that it goes through.
    pub provider: ProviderName,
    /// The caller's word for the kind of action.
    pub action_type: ActionType,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it goes.
    pub scheduled_for: Timestamp,
}

/// Part of the list of scheduled actions.
#[derive(Clone, Debug)]
pub struct ScheduledList {
    /// The actions, the soonest first.
    pub actions: Vec<ScheduledAction>,
    /// Where the list goes on; `None` at its end.
    pub next: Option<Cursor>,
}

/// Why a scheduled action was not found, moved or called off.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// None with this id within the scope was ever scheduled.
    #[error(
        "there is no scheduled action {0:?} in this scope; the audit trail shows what was sent at once"
    )]
    NotFound(String),
    /// The scope covers several.
    #[error("several tenants have an action {0:?}; add ?namespace=...&tenant=...")]
    Ambiguous(String),
    /// Somebody called it off.
    #[error("{0:?} was called off; the audit trail says by whom")]
    Cancelled(String),
    /// It no longer waits.
    #[error("{id:?} is no longer waiting: it is {state}")]
    Begun {
        /// Its id.
        id: String,
        /// Its outcome so far.
        state: &'static str,
    },
    /// It would expire before it went.
    #[error("must lie before {expires}, when {id:?} expires")]
    Expires {
        /// Its id.
        id: String,
        /// When it expires.
        expires: Timestamp,
    },
    /// The store did not answer.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl Gateway {
    /// The actions that wait for their instants within a scope, the soonest first: at most `limit`, after a cursor.
    pub async fn scheduled(
        &self,
        scope: Scope,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<ScheduledList, StoreError> {
        let inner = &self.inner;
        let request = ScheduledRequest {
            scope,
            now: inner.due.now(),
            after,
            limit,
        };
        let page = inner.store.scheduled(request).await?;
        Ok(ScheduledList {
            actions: page
                .rows
                .iter()
                .map(|row| row_shown(inner, row))
                .collect::<Result<_, _>>()?,
            next: page.next,
        })
    }

    /// An action that waits for its instant.
    pub async fn scheduled_action(
        &self,
        scope: &Scope,
        id: &ActionId,
    ) -> Result<ScheduledAction, ScheduleError> {
        let record = self.waiting(scope, id).await?;
        Ok(shown(&self.inner, &record))
    }

    /// Calls off an action that waits for its instant. What the gate took for it is given back. One that is called off already stays so: whoever
    /// lost the answer asks again.
    pub async fn cancel_scheduled(
        &self,
        scope: &Scope,
        id: &ActionId,
        caller: &Caller,
    ) -> Result<(), ScheduleError> {
        let inner = &self.inner;
        for _ in 0..MAX_TRIES {
            let record = match self.waiting(scope, id).await {
                Ok(record) => record,
                Err(ScheduleError::Cancelled(_)) => return Ok(()),
                Err(error) => return Err(error),
            };
            let at = inner.clock.now();
            let settlement = call_off(inner, &record, &caller.id, at);
            if inner.store.settle(settlement).await? == Settled::Written {
                called_off(inner, &record, &caller.id, at);
                return Ok(());
            }
        }
        Err(StoreError::Busy.into())
    }

    /// Moves an action that waits for its instant to another, which may be past: then it goes now.
    pub async fn reschedule(
        &self,
        scope: &Scope,
        id: &ActionId,
        to: Timestamp,
    ) -> Result<ScheduledAction, ScheduleError> {
        let inner = &self.inner;
        for _ in 0..MAX_TRIES {
            let record = self.waiting(scope, id).await?;
            if is_scheduled(&record) && !record.charges.counters.is_empty() {
                // Its time has come, and it was charged for that.
                return Err(ScheduleError::Begun {
                    id: id.to_string(),
                    state: state(&record),
                });
            }
            if let Some(expires) = record.action.expires_at.filter(|expires| *expires <= to) {
                let id = id.to_string();
                return Err(ScheduleError::Expires { id, expires });
            }
            let to = to.max(inner.clock.now());
            let due_at = inner.due.of_wall(to).max(inner.due.now());
            let oldest = due_at + inner.options.retry.max_age;
            let expires = record.action.expires_at;
            let give_up_at =
                expires.map_or(oldest, |expires| inner.due.of_wall(expires).min(oldest));
            let step = Step::PutOff {
                due_at,
                so_far: scheduled(id, to, 0, None).to_json(),
                age: Some(Age {
                    not_before: due_at,
                    give_up_at,
                }),
            };
            let settlement = change_of_waiting(inner, &record, inner.clock.now(), step);
            if inner.store.settle(settlement).await? == Settled::Written {
                inner.work.notify_one();
                return Ok(ScheduledAction {
                    scheduled_for: to,
                    ..shown(inner, &record)
                });
            }
        }
        Err(StoreError::Busy.into())
    }

    /// The row of an action that waits for its instant.
    async fn waiting(&self, scope: &Scope, id: &ActionId) -> Result<Record, ScheduleError> {
        let mut found = self.inner.store.find(scope, id).await?;
        let record = match (found.pop(), found.is_empty()) {
            (Some(_), false) => return Err(ScheduleError::Ambiguous(id.to_string())),
            (Some(record), true) if is_scheduled(&record) || is_waiting(&self.inner, &record) => {
                record
            }
            (Some(_) | None, _) => return Err(ScheduleError::NotFound(id.to_string())),
        };
        if is_waiting(&self.inner, &record) {
            return Ok(record);
        }
        let outcome = record
            .outcome
            .as_deref()
            .filter(|_| record.state == ActionState::Done)
            .and_then(|text| serde_json::from_str(text).ok());
        if matches!(outcome, Some(Outcome::Cancelled { .. })) {
            return Err(ScheduleError::Cancelled(id.to_string()));
        }
        Err(ScheduleError::Begun {
            id: id.to_string(),
            state: state(&record),
        })
    }
}

/// Whether an action waits for its instant, and nobody has begun to send it.
fn is_waiting(inner: &Inner, record: &Record) -> bool {
    is_untouched(record) && (is_scheduled(record) || record.not_before > inner.due.now())
}

/// How an action stands that no longer waits.
fn state(record: &Record) -> &'static str {
    match record.state {
        ActionState::Open if record.attempts > 0 => "being tried again",
        ActionState::Open => "being sent",
        ActionState::Done | ActionState::Refused => "over",
        ActionState::Dead => "a dead letter",
        ActionState::Discarded => "a discarded dead letter",
    }
}

fn shown(inner: &Inner, record: &Record) -> ScheduledAction {
    let action = &record.action;
    ScheduledAction {
        action_id: action.id.clone(),
        namespace: action.namespace.clone(),
        tenant: action.tenant.clone(),
        provider: record.provider.clone(),
        action_type: action.action_type.clone(),
        created_at: record.accepted_at,
        scheduled_for: asked_for(inner, record.outcome.as_deref(), record.due_at),
    }
}

fn row_shown(inner: &Inner, row: &ScheduledRow) -> Result<ScheduledAction, StoreError> {
    let damaged = || StoreError::Damaged("a name of a scheduled action cannot be read".into());
    Ok(ScheduledAction {
        scheduled_for: asked_for(inner, row.so_far.as_deref(), row.cursor.at),
        action_id: ActionId::parse(&row.action_id).map_err(|_| damaged())?,
        namespace: Namespace::parse(&row.namespace).map_err(|_| damaged())?,
        tenant: Tenant::parse(&row.tenant).map_err(|_| damaged())?,
        provider: ProviderName::parse(&row.provider).map_err(|_| damaged())?,
        action_type: ActionType::parse(&row.action_type).map_err(|_| damaged())?,
        created_at: row.accepted_at,
    })
}

/// Instant of the wall clock that an action was scheduled for, as its outcome so far has it; else that of its due time.
fn asked_for(inner: &Inner, so_far: Option<&str>, due_at: Timestamp) -> Timestamp {
    match so_far.and_then(|text| serde_json::from_str(text).ok()) {
        Some(Outcome::Scheduled { scheduled_for, .. }) => scheduled_for,
        _ => inner.due.to_wall(due_at),
    }
}
