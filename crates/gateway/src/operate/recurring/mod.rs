//! Recurring actions: made, changed, paused and resumed. Each is a flow; its occurrences are sent by the flow's steps.

mod backfill;
mod look;
mod upcoming;

use std::sync::Arc;

use acteon_core::limits::MAX_RECURRING;
use acteon_core::similar::nearest;
use acteon_core::{Namespace, Scope, Tenant, Timestamp};
use acteon_flows::{Definition, Due, InvalidBody, Recurring, RecurringFlow, Status};
use acteon_store::{Advance, Advanced, Expect, Flow, FlowFilter, FlowKey, FlowState, StoreError};

use crate::flows::step::{STUCK, due_at};
use crate::shared::{Gateway, Inner};

pub use backfill::{Backfilled, MAX_BACKFILL};
pub use upcoming::{Upcoming, UpcomingList};

/// Tries to change a flow that others change too.
const MAX_TRIES: u32 = 8;

/// A recurring action.
#[derive(Clone, Debug)]
pub struct RecurringAction {
    /// Its id.
    pub id: String,
    /// Its namespace.
    pub namespace: Namespace,
    /// Its tenant.
    pub tenant: Tenant,
    /// Definition, and how far it came.
    pub recurring: Recurring,
    /// Whether it cannot go on by itself: the log says why.
    pub is_stuck: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed, by a person or an occurrence.
    pub updated_at: Timestamp,
}

impl RecurringAction {
    /// Word for how it stands: that of its status, or `stuck`.
    pub fn status(&self) -> &'static str {
        if self.is_stuck {
            STUCK
        } else {
            self.recurring.status.as_str()
        }
    }
}

/// Why a recurring action was not found, made or changed.
#[derive(Debug, thiserror::Error)]
pub enum RecurringError {
    /// None with this id lies within the scope.
    #[error("there is no recurring action {0:?}, or none that this caller may see")]
    NotFound(String),
    /// The tenant has as many as it may have.
    #[error("the tenant has {0} recurring actions, which is the limit; delete one first")]
    Limit(usize),
    /// It would never occur.
    #[error("it would never occur: {0}")]
    NeverOccurs(String),
    /// It stands otherwise than the call needs.
    #[error("the recurring action {id:?} is {status}, {hint}")]
    Conflict {
        /// Its id.
        id: String,
        /// How it stands.
        status: &'static str,
        /// What can be done.
        hint: &'static str,
    },
    /// Its provider is not there, or not for this caller.
    #[error("{0}")]
    Provider(String),
    /// Its calendar is not there.
    #[error("{0}")]
    Calendar(String),
    /// Its body cannot be read.
    #[error(transparent)]
    Invalid(#[from] InvalidBody),
    /// The store did not answer.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl Gateway {
    /// Makes a recurring action.
    pub async fn create_recurring(
        &self,
        scope: &Scope,
        (namespace, tenant): (Namespace, Tenant),
        definition: Definition,
    ) -> Result<RecurringAction, RecurringError> {
        let inner = &self.inner;
        self.check_recurring(scope, (&namespace, &tenant), &definition)?;
        // One after the other: two that are made at once would both find the last place.
        let Ok(_turn) = inner.recurring_turn.acquire().await else {
            return Err(StoreError::Closed.into());
        };
        let counted = FlowFilter {
            limit: MAX_RECURRING,
            ..of_tenant(&namespace, &tenant)
        };
        if inner.store.count_flows(counted).await? >= MAX_RECURRING {
            return Err(RecurringError::Limit(MAX_RECURRING));
        }
        let now = inner.clock.now();
        let calendars = inner.policies.load().calendars.clone();
        let recurring = Recurring::begin(definition, now, &calendars)?;
        never_occurs(&recurring)?;
        let id = inner.entropy.action_id(now).to_string();
        let expect = Expect::New(namespace.clone(), tenant.clone());
        let state = Some(state_of(inner, &recurring)?);
        match inner
            .store
            .advance(change(inner, &id, expect, state))
            .await?
        {
            Advanced::Written { .. } => {
                inner.flow_work.notify_one();
                Ok(RecurringAction {
                    id,
                    namespace,
                    tenant,
                    recurring,
                    is_stuck: false,
                    created_at: now,
                    updated_at: now,
                })
            }
            Advanced::Changed(_) => Err(StoreError::Busy.into()),
        }
    }

    /// The recurring action with this id.
    pub async fn recurring(
        &self,
        scope: &Scope,
        id: &str,
    ) -> Result<RecurringAction, RecurringError> {
        let (_, shown) = self.find_recurring(scope, id).await?;
        Ok(shown)
    }

    /// Gives a recurring action the definition that `redefine` makes of the one before.
    pub async fn redefine_recurring<E: From<RecurringError>>(
        &self,
        scope: &Scope,
        id: &str,
        redefine: impl Fn(&Definition) -> Result<Definition, E>,
    ) -> Result<RecurringAction, E> {
        let calendars = self.inner.policies.load().calendars.clone();
        for _ in 0..MAX_TRIES {
            let (flow, mut found) = self.find_recurring(scope, id).await?;
            let definition = redefine(&found.recurring.definition)?;
            self.check_recurring(scope, (&found.namespace, &found.tenant), &definition)?;
            let now = self.inner.clock.now();
            let redefined = found.recurring.redefine(definition, now, &calendars);
            redefined.map_err(RecurringError::from)?;
            never_occurs(&found.recurring)?;
            if self.write(&flow, &found.recurring).await? {
                (found.updated_at, found.is_stuck) = (now, false);
                return Ok(found);
            }
        }
        Err(RecurringError::from(StoreError::Busy).into())
    }

    /// Pauses a recurring action.
    pub async fn pause_recurring(
        &self,
        scope: &Scope,
        id: &str,
    ) -> Result<RecurringAction, RecurringError> {
        let pause = |recurring: &mut Recurring| match recurring.status {
            Status::Active => {
                recurring.pause();
                Ok(())
            }
            Status::Paused => Err("and stays so"),
            Status::Completed => Err("nothing is left to pause"),
        };
        self.change_recurring(scope, id, pause).await
    }

    /// Resumes a recurring action with its next occurrence.
    pub async fn resume_recurring(
        &self,
        scope: &Scope,
        id: &str,
    ) -> Result<RecurringAction, RecurringError> {
        let calendars = self.inner.policies.load().calendars.clone();
        let now = self.inner.clock.now();
        let resume = |recurring: &mut Recurring| match recurring.status {
            Status::Paused => recurring
                .resume(now, &calendars)
                .map_err(|_| "its definition cannot be read any more; give it another with PUT"),
            Status::Active => Err("and goes on by itself"),
            Status::Completed => Err("a later end_date or more max_executions let it go on"),
        };
        self.change_recurring(scope, id, resume).await
    }

    /// Deletes a recurring action. What it has sent stays in the audit trail, and goes on if it is on its way.
    pub async fn delete_recurring(&self, scope: &Scope, id: &str) -> Result<(), RecurringError> {
        for _ in 0..MAX_TRIES {
            let (flow, _) = self.find_recurring(scope, id).await?;
            let advance = change(&self.inner, id, Expect::Version(flow.version), None);
            match self.inner.store.advance(advance).await? {
                Advanced::Written { .. } | Advanced::Changed(None) => return Ok(()),
                Advanced::Changed(Some(_)) => {}
            }
        }
        Err(StoreError::Busy.into())
    }

    async fn change_recurring(
        &self,
        scope: &Scope,
        id: &str,
        change: impl Fn(&mut Recurring) -> Result<(), &'static str>,
    ) -> Result<RecurringAction, RecurringError> {
        for _ in 0..MAX_TRIES {
            let (flow, mut found) = self.find_recurring(scope, id).await?;
            let before = found.recurring.status;
            change(&mut found.recurring).map_err(|hint| RecurringError::Conflict {
                id: id.to_owned(),
                status: before.as_str(),
                hint,
            })?;
            if self.write(&flow, &found.recurring).await? {
                (found.updated_at, found.is_stuck) = (self.inner.clock.now(), false);
                return Ok(found);
            }
        }
        Err(StoreError::Busy.into())
    }

    /// Writes how a recurring action stands from now on; `false` where somebody else changed it.
    async fn write(&self, flow: &Flow, recurring: &Recurring) -> Result<bool, RecurringError> {
        let inner = &self.inner;
        let state = Some(state_of(inner, recurring)?);
        let advance = change(inner, &flow.key.id, Expect::Version(flow.version), state);
        let written = matches!(
            inner.store.advance(advance).await?,
            Advanced::Written { .. }
        );
        if written {
            inner.flow_work.notify_one();
        }
        Ok(written)
    }

    async fn find_recurring(
        &self,
        scope: &Scope,
        id: &str,
    ) -> Result<(Flow, RecurringAction), RecurringError> {
        let not_found = || RecurringError::NotFound(id.to_owned());
        let key = FlowKey::new(RecurringFlow::NAME, id);
        let flow = self.inner.store.flow(&key).await?.ok_or_else(not_found)?;
        let shown = shown(&flow)?;
        if !covers(scope, &shown) {
            return Err(not_found());
        }
        Ok((flow, shown))
    }

    /// Checks what a definition names: provider and calendar.
    fn check_recurring(
        &self,
        scope: &Scope,
        (namespace, tenant): (&Namespace, &Tenant),
        definition: &Definition,
    ) -> Result<(), RecurringError> {
        let inner = &self.inner;
        let (provider, action_type) = (&definition.provider, &definition.action_type);
        let allowed = |provider: &str| {
            scope.covers(
                namespace.as_str(),
                tenant.as_str(),
                provider,
                action_type.as_str(),
            )
        };
        if inner.providers.get(provider).is_none() || !allowed(provider.as_str()) {
            let names = inner.providers.entries().map(|entry| entry.name.as_str());
            let near = nearest(provider.as_str(), names.filter(|name| allowed(name)));
            let hint = near.map_or(String::new(), |near| format!("; did you mean {near:?}?"));
            let unknown = format!(
                "there is no provider named {:?} for this caller{hint}",
                provider.as_str()
            );
            return Err(RecurringError::Provider(unknown));
        }
        let policies = inner.policies.load();
        match &definition.calendar {
            Some(on) if policies.calendars.get(&on.name).is_none() => Err(
                RecurringError::Calendar(policies.calendars.unknown(&on.name)),
            ),
            Some(_) | None => Ok(()),
        }
    }
}

/// Refuses a definition that leaves nothing to be sent.
fn never_occurs(recurring: &Recurring) -> Result<(), RecurringError> {
    if recurring.status != Status::Completed {
        return Ok(());
    }
    let definition = &recurring.definition;
    let why = match (definition.end_date, definition.max_executions) {
        (_, Some(most)) if most <= recurring.executions => format!(
            "max_executions is {most}, and {} were sent",
            recurring.executions
        ),
        (Some(end), _) => format!("no occurrence lies between now and end_date {end}"),
        (None, _) => "no day that is yet to come fits cron_expression".into(),
    };
    Err(RecurringError::NeverOccurs(why))
}

/// All recurring actions of a tenant.
fn of_tenant(namespace: &Namespace, tenant: &Tenant) -> FlowFilter {
    FlowFilter {
        kind: RecurringFlow::NAME.into(),
        namespace: Some(namespace.clone()),
        tenant: Some(tenant.clone()),
        status: None,
        after: None,
        limit: MAX_RECURRING,
    }
}

fn covers(scope: &Scope, shown: &RecurringAction) -> bool {
    let definition = &shown.recurring.definition;
    scope.covers(
        shown.namespace.as_str(),
        shown.tenant.as_str(),
        definition.provider.as_str(),
        definition.action_type.as_str(),
    )
}

fn shown(flow: &Flow) -> Result<RecurringAction, RecurringError> {
    Ok(RecurringAction {
        id: flow.key.id.to_string(),
        namespace: flow.namespace.clone(),
        tenant: flow.tenant.clone(),
        recurring: Recurring::parse(&flow.state.body)?,
        is_stuck: &*flow.state.status == STUCK,
        created_at: flow.created_at,
        updated_at: flow.updated_at,
    })
}

fn state_of(inner: &Inner, recurring: &Recurring) -> Result<FlowState, InvalidBody> {
    Ok(FlowState {
        status: recurring.status.as_str().into(),
        body: recurring.to_json()?.into(),
        due_at: recurring.next.and_then(|next| due_at(inner, Due::At(next))),
        is_over: recurring.status == Status::Completed,
    })
}

fn change(inner: &Arc<Inner>, id: &str, expect: Expect, state: Option<FlowState>) -> Advance {
    Advance {
        key: FlowKey::new(RecurringFlow::NAME, id),
        expect,
        at: inner.clock.now(),
        due: inner.due.now(),
        state,
        admissions: Vec::new(),
        begins: Vec::new(),
        cancels: Vec::new(),
        pokes: Vec::new(),
    }
}
