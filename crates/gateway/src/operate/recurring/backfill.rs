//! Backfill: occurrences of a recurring action in a span that is past, sent now.

use std::time::Duration;

use acteon_core::{Action, ActionId, Caller, Origin, Requesters, Scope, Timestamp};

use crate::admit::answer::{DispatchAnswer, DispatchError, Wait};
use crate::admit::request::DispatchRequest;
use crate::history::redaction::Redaction;
use crate::offload;
use crate::operate::recurring::RecurringError;
use crate::operate::recurring::calendars::has_calendar;
use crate::shared::Gateway;

/// Most occurrences of one backfill.
pub const MAX_BACKFILL: usize = 100;

/// Occurrence of a backfill, and what came of it.
pub struct Backfilled {
    /// Occurrence.
    pub occurrence: Timestamp,
    /// Id of its action.
    pub action_id: ActionId,
    /// Answer to its dispatch. An occurrence that was sent before answers with what came of that.
    pub answer: Result<DispatchAnswer, DispatchError>,
}

impl Gateway {
    /// Sends the occurrences from `start` to `end` for a caller, oldest first, at most `limit`. One that was sent before is not sent again. Those that
    /// are sent are not counted as executions. An error where the gateway or its store takes nothing now and nothing was accepted before.
    pub async fn backfill_recurring(
        &self,
        scope: &Scope,
        id: &str,
        (start, end): (Timestamp, Timestamp),
        limit: usize,
        caller: &Caller,
    ) -> Result<Vec<Backfilled>, RecurringError> {
        let found = self.recurring(scope, id).await?;
        let calendars = self.inner.policies.load().calendars.clone();
        let definition = &found.recurring.definition;
        let of = (id, &found.namespace, &found.tenant);
        let mut requester = found.recurring.requester.clone();
        requester.add_all(&Requesters::of(caller));
        has_calendar(definition, &calendars)?;
        let timetable = definition.timetable(&calendars)?;
        let occurrences: Vec<_> = timetable
            .all_after(start - Duration::from_millis(1))
            .take_while(|at| *at <= end)
            .take(limit.min(MAX_BACKFILL))
            .collect();
        let mut backfilled: Vec<Backfilled> = Vec::with_capacity(occurrences.len());
        let mut refused: Option<DispatchError> = None;
        for occurrence in occurrences {
            let now = self.inner.clock.now();
            let action = definition.action(of, occurrence, now)?;
            let action_id = action.id.clone();
            // Where the gateway takes nothing now, it takes none of the rest either.
            let answer = if let Some(refused) = &refused {
                Err(refused.clone())
            } else {
                let request = DispatchRequest {
                    action: action.clone(),
                    origin: Origin::Recurring,
                    caller: caller.clone(),
                    requester: requester.clone(),
                    letter: None,
                    possible_duplicate: false,
                };
                self.dispatch_request(request, Wait::ForCommit).await
            };
            if let Err(error) = &answer
                && error.is_of_the_gateway()
            {
                if backfilled.iter().all(|before| before.answer.is_err()) {
                    return Err(error.clone().into());
                }
                refused = Some(error.clone());
            }
            let answer = match answer {
                Ok(answer) => Ok(self.seen_answer(&action, answer).await),
                Err(error) => Err(error),
            };
            backfilled.push(Backfilled {
                occurrence,
                action_id,
                answer,
            });
        }
        Ok(backfilled)
    }

    /// Answer to an occurrence as it may be seen. One that was sent before may have said something else, which is hidden too, and may be repeated.
    async fn seen_answer(&self, action: &Action, answer: DispatchAnswer) -> DispatchAnswer {
        let (inner, redaction) = (&self.inner, &self.inner.options.redaction);
        if !redaction.hides_something() {
            return answer;
        }
        let scope = Scope::exactly(&action.namespace, &action.tenant);
        let sent = match inner.store.find(&scope, &action.id).await {
            Ok(mut found) => found.pop(),
            Err(_) => return Redaction::answer_of_unknown(answer),
        };
        let sent = match &sent {
            Some(record) if record.unreadable.is_some() => {
                return Redaction::answer_of_unknown(answer);
            }
            Some(record) => &record.action,
            None => action,
        };
        offload::by_size(sent.payload.get().len(), || redaction.answer(sent, answer))
    }
}
