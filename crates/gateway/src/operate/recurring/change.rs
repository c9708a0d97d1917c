//! Changes of recurring actions: another definition, paused, resumed, deleted.

use acteon_core::{Caller, Requesters, Scope, Timestamp};
use acteon_flows::{Definition, Recurring, Status};
use acteon_store::{Advanced, Expect, Flow};

use super::calendars::has_calendar;
use super::check::never_occurs;
use super::{MAX_TRIES, RecurringAction, RecurringError, change, covers, shown, state_of};
use crate::shared::Gateway;

impl Gateway {
    /// Gives a recurring action the definition that `redefine` makes of the one before, for a caller: what it sends is caused by them too.
    pub async fn redefine_recurring<E: From<RecurringError>>(
        &self,
        (scope, caller): (&Scope, &Caller),
        id: &str,
        redefine: impl Fn(&Definition) -> Result<Definition, E>,
    ) -> Result<RecurringAction, E> {
        let calendars = self.inner.policies.load().calendars.clone();
        for tries in 0..MAX_TRIES {
            self.pause_before(tries).await;
            let (flow, mut found) = self.find_recurring(scope, id).await?;
            let before = found.recurring.clone();
            let definition = redefine(&before.definition)?;
            self.check_recurring(scope, (id, &found.namespace, &found.tenant), &definition)?;
            let has_span_of = definition.has_times_of(&before.definition)
                && definition.max_executions == before.definition.max_executions;
            let now = self.inner.clock.now();
            let is_lost = if has_span_of && before.status == Status::Completed {
                // What is over stays so, whatever it is called.
                found.recurring.definition = definition;
                false
            } else {
                // One whose calendar was taken away may change in all but its times.
                if !has_span_of {
                    has_calendar(&definition, &calendars)?;
                }
                let redefined = found.recurring.redefine(definition, now, &calendars);
                let is_lost = redefined.map_err(RecurringError::from)?;
                never_occurs(&found.recurring, Some(&before.definition), now)?;
                is_lost
            };
            found.recurring.requester.add_all(&Requesters::of(caller));
            if let Some(at) = self.write(&flow, &found.recurring, false).await? {
                if is_lost {
                    tracing::warn!(
                        id,
                        "a recurring action was given other times while an occurrence was due: that is skipped"
                    );
                }
                self.inner.used_calendars.add(&found.recurring.definition);
                (found.updated_at, found.is_stuck) = (at, false);
                return Ok(found);
            }
        }
        Err(RecurringError::Contended(id.to_owned()).into())
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
            Status::Paused => Err(Unchanged::Conflict("and stays so")),
            Status::Completed => Err(Unchanged::Conflict("nothing is left to pause")),
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
            Status::Paused => {
                if let Some(missing) = recurring.definition.missing_calendar(&calendars) {
                    return Err(Unchanged::Calendar(calendars.unknown(missing)));
                }
                recurring.resume(now, &calendars).map_err(|_| {
                    Unchanged::Conflict(
                        "its definition cannot be read any more; give it another with PUT",
                    )
                })
            }
            Status::Active => Err(Unchanged::Conflict("and goes on by itself")),
            Status::Completed => Err(Unchanged::Conflict(
                "a later end_date or more max_executions let it go on",
            )),
        };
        self.change_recurring(scope, id, resume).await
    }

    /// Deletes a recurring action. What it has sent stays in the audit trail, and goes on if it is on its way.
    pub async fn delete_recurring(&self, scope: &Scope, id: &str) -> Result<(), RecurringError> {
        for tries in 0..MAX_TRIES {
            self.pause_before(tries).await;
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
        Err(RecurringError::Contended(id.to_owned()))
    }

    async fn change_recurring(
        &self,
        scope: &Scope,
        id: &str,
        change: impl Fn(&mut Recurring, bool) -> Result<(), Unchanged>,
    ) -> Result<RecurringAction, RecurringError> {
        for tries in 0..MAX_TRIES {
            self.pause_before(tries).await;
            let (flow, mut found) = self.find_recurring(scope, id).await?;
            let (before, is_stuck) = (found.status(), found.is_stuck);
            change(&mut found.recurring, is_stuck).map_err(|refused| match refused {
                Unchanged::Calendar(message) => RecurringError::Calendar(message),
                Unchanged::Conflict(hint) => RecurringError::Conflict {
                    id: id.to_owned(),
                    status: before,
                    hint,
                },
            })?;
            if let Some(at) = self.write(&flow, &found.recurring, is_stuck).await? {
                self.inner.used_calendars.add(&found.recurring.definition);
                (found.updated_at, found.is_stuck) = (at, false);
                return Ok(found);
            }
        }
        Err(RecurringError::Contended(id.to_owned()))
    }

    /// Writes how a recurring action stands from now on, and says when; `None` where somebody else changed it. One that goes on is looked at once more at once if
    /// `looks_now`.
    async fn write(
        &self,
        flow: &Flow,
        recurring: &Recurring,
        looks_now: bool,
    ) -> Result<Option<Timestamp>, RecurringError> {
        let inner = &self.inner;
        let mut state = state_of(inner, recurring)?;
        if looks_now && recurring.status == Status::Active {
            state.due_at = Some(inner.due.now());
        }
        let expect = Expect::Version(flow.version);
        let advance = change(inner, &flow.key.id, expect, Some(state));
        let at = advance.at;
        let written = matches!(
            inner.store.advance(advance).await?,
            Advanced::Written { .. }
        );
        if written {
            inner.flow_work.notify_one();
        }
        Ok(written.then_some(at))
    }
}

/// Why a recurring action is not paused or resumed.
enum Unchanged {
    /// It stands otherwise, of which something can be done.
    Conflict(&'static str),
    /// Its calendar is not there.
    Calendar(String),
}
