//! Calendars that recurring actions go by, and what waits for one that is not there.

use acteon_core::{Scope, with_causes};
use acteon_flows::{Definition, OnDays, Status};
use acteon_schedule::{CalendarUse, Calendars};

use super::{RecurringAction, RecurringError, RecurringPart};
use crate::shared::Gateway;

const OF_RECURRING: CalendarUse = CalendarUse {
    who: "recurring actions",
    while_missing: "they wait, and none is sent",
};

/// Most recurring actions that a look for their calendars goes through.
const MAX_LOOKED_AT: usize = 10_000;

impl Gateway {
    /// Warnings about the calendars that recurring actions go by: those that end soon or have ended, and those that are not configured.
    pub async fn recurring_calendar_warnings(&self) -> Vec<String> {
        self.look_for_calendars().await;
        let (calendars, now) = (self.calendars(), self.inner.clock.now());
        let names = self.inner.used_calendars.names(|_| true);
        let notice = |name: &String| calendars.notice(name, OF_RECURRING, now);
        names.iter().filter_map(notice).collect()
    }

    /// Warnings about the calendars that are not configured and that recurring actions wait for. Answered at once, from the last look.
    pub fn missing_calendars(&self) -> Vec<String> {
        let (calendars, now) = (self.calendars(), self.inner.clock.now());
        let used = &self.inner.used_calendars;
        let missing = used.names(|name| calendars.get(name).is_none());
        if !missing.is_empty() && used.is_time_to_look(self.inner.due.now()) {
            // They may have been deleted or changed since, here or elsewhere.
            let gateway = self.clone();
            self.inner
                .spawn(async move { gateway.look_for_calendars().await });
        }
        let notice = |name: &String| calendars.notice(name, OF_RECURRING, now);
        missing.iter().filter_map(notice).collect()
    }

    /// Warning about a calendar that a recurring action goes by, or would: that it ends soon, or has ended.
    pub fn calendar_notice(&self, on: Option<&OnDays>) -> Option<String> {
        let now = self.inner.clock.now();
        self.calendars().notice(&on?.name, OF_RECURRING, now)
    }

    /// Why nothing of a recurring action is sent for now, where its calendar is not there.
    pub fn waits_for(&self, found: &RecurringAction) -> Option<String> {
        waits_for(found, &self.calendars())
    }

    async fn look_for_calendars(&self) {
        let active = Some(Status::Active.as_str());
        let all = RecurringPart {
            limit: MAX_LOOKED_AT,
            ..RecurringPart::default()
        };
        let everything = Scope::everything();
        match self.recurring_actions(&everything, active, all).await {
            Ok(list) => {
                let on = |found: RecurringAction| Some(found.recurring.definition.calendar?.name);
                let names = list.actions.into_iter().filter_map(on).collect();
                let inner = &self.inner;
                inner.used_calendars.set(names, inner.due.now());
            }
            Err(error) => tracing::warn!(
                error = %with_causes(&error),
                "the calendars that recurring actions go by could not be looked up"
            ),
        }
    }
}

/// Why nothing of a recurring action is sent for now, where its calendar is not there.
pub(super) fn waits_for(found: &RecurringAction, calendars: &Calendars) -> Option<String> {
    if found.recurring.status != Status::Active {
        return None;
    }
    let missing = found.recurring.definition.missing_calendar(calendars)?;
    Some(calendars.unknown(missing))
}

/// Refuses a definition whose calendar is not there.
pub(super) fn has_calendar(
    definition: &Definition,
    calendars: &Calendars,
) -> Result<(), RecurringError> {
    match definition.missing_calendar(calendars) {
        Some(missing) => Err(RecurringError::Calendar(calendars.unknown(missing))),
        None => Ok(()),
    }
}
