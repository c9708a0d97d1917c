//! Changes of recurring actions: another definition, paused, resumed, deleted.

use acteon_core::Scope;
use acteon_flows::{Definition, Recurring, Status};
use acteon_store::{Advanced, Expect, Flow, StoreError};

use super::check::never_occurs;
use super::{RecurringAction, RecurringError, change, covers, shown, state_of};
use crate::shared::Gateway;

/// Tries to change a flow that others change too.
const MAX_TRIES: u32 = 8;

impl Gateway {
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
            self.check_recurring(scope, (id, &found.namespace, &found.tenant), &definition)?;
            let now = self.inner.clock.now();
            let redefined = found.recurring.redefine(definition, now, &calendars);
            let is_lost = redefined.map_err(RecurringError::from)?;
            never_occurs(&found.recurring)?;
            if self.write(&flow, &found.recurring, false).await? {
                if is_lost {
                    tracing::warn!(
                        id,
                        "a recurring action was given other times while an occurrence was due: that is skipped"
                    );
                }
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
        let pause = |recurring: &mut Recurring, _| match recurring.status {
            Status::Active => {
                recurring.pause();
                Ok(())
            }
            Status::Paused => Err("and stays so"),
            Status::Completed => Err("nothing is left to pause"),
        };
        self.change_recurring(scope, id, pause).await
    }

    /// Resumes a recurring action with its next occurrence. One that is stuck goes on as it is: its policy for missed runs decides about what passed.
    pub async fn resume_recurring(
        &self,
        scope: &Scope,
        id: &str,
    ) -> Result<RecurringAction, RecurringError> {
        let calendars = self.inner.policies.load().calendars.clone();
        let now = self.inner.clock.now();
        let resume = |recurring: &mut Recurring, is_stuck: bool| match recurring.status {
            Status::Active if is_stuck => Ok(()),
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
            let flow = self.find_flow(scope, id).await?;
            // One that nobody can read any more can be deleted all the same.
            if shown(&flow).is_ok_and(|shown| !covers(scope, &shown)) {
                return Err(RecurringError::NotFound(id.to_owned()));
            }
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
        change: impl Fn(&mut Recurring, bool) -> Result<(), &'static str>,
    ) -> Result<RecurringAction, RecurringError> {
        for _ in 0..MAX_TRIES {
            let (flow, mut found) = self.find_recurring(scope, id).await?;
            let (before, is_stuck) = (found.status(), found.is_stuck);
            change(&mut found.recurring, is_stuck).map_err(|hint| RecurringError::Conflict {
                id: id.to_owned(),
                status: before,
                hint,
            })?;
            if self.write(&flow, &found.recurring, is_stuck).await? {
                (found.updated_at, found.is_stuck) = (self.inner.clock.now(), false);
                return Ok(found);
            }
        }
        Err(StoreError::Busy.into())
    }

    /// Writes how a recurring action stands from now on; `false` where somebody else changed it. One that goes on is looked at once more at once if
    /// `looks_now`.
    async fn write(
        &self,
        flow: &Flow,
        recurring: &Recurring,
        looks_now: bool,
    ) -> Result<bool, RecurringError> {
        let inner = &self.inner;
        let mut state = state_of(inner, recurring)?;
        if looks_now && recurring.status == Status::Active {
            state.due_at = Some(inner.due.now());
        }
        let expect = Expect::Version(flow.version);
        let advance = change(inner, &flow.key.id, expect, Some(state));
        let written = matches!(
            inner.store.advance(advance).await?,
            Advanced::Written { .. }
        );
        if written {
            inner.flow_work.notify_one();
        }
        Ok(written)
    }
}
