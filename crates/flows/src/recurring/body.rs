//! Body of a recurring action's flow: its definition, and how far it came.

use std::time::Duration;

use acteon_core::{ActionId, Requesters, Timestamp};
use acteon_schedule::Calendars;
use serde::{Deserialize, Serialize};

use super::definition::Definition;
use super::timetable::Timetable;
use crate::kind::{Due, InvalidBody, Step};

/// Step back of the clock after which what was sent counts as sent.
const SET_BACK_AT_MOST: Duration = Duration::from_hours(25);

/// Pause between looks for a calendar that is not there. Short of the two minutes after which an occurrence counts as missed.
const CALENDAR_PAUSE: Duration = Duration::from_secs(30);

/// Body of a recurring action's flow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recurring {
    /// What is sent, and when.
    pub definition: Definition,
    /// Whether it goes on.
    pub status: Status,
    /// Next occurrence; `None` where there is none, or it does not go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// Latest occurrence that was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_executed_at: Option<Timestamp>,
    /// Id of the action of the latest occurrence that was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_action: Option<ActionId>,
    /// Number of occurrences that were sent.
    #[serde(default)]
    pub executions: u64,
    /// Number of occurrences that a policy skipped.
    #[serde(default)]
    pub skipped: u64,
    /// Digest of the request that made it, where that had a key under which it may come again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Who made it, and who changed what it sends.
    #[serde(default = "Requesters::not_kept")]
    pub requester: Requesters,
}

/// Status of a recurring action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It goes on.
    Active,
    /// Somebody paused it.
    Paused,
    /// It came to its end: no occurrence is left, or as many were sent as it may have.
    Completed,
}

impl Status {
    /// All statuses, in the order in which messages list them.
    pub const ALL: [Self; 3] = [Self::Active, Self::Paused, Self::Completed];

    /// Name of the status, as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Completed => "completed",
        }
    }
}

impl Recurring {
    /// Recurring action that begins at `now`. Where no occurrence lies ahead it is completed.
    pub fn begin(
        definition: Definition,
        now: Timestamp,
        calendars: &Calendars,
    ) -> Result<Self, InvalidBody> {
        let mut recurring = Self {
            definition,
            status: Status::Active,
            next: None,
            last_executed_at: None,
            last_action: None,
            executions: 0,
            skipped: 0,
            request: None,
            requester: Requesters::default(),
        };
        recurring.resume(now, calendars)?;
        Ok(recurring)
    }

    /// Body as it is stored.
    pub fn parse(body: &str) -> Result<Self, InvalidBody> {
        serde_json::from_str(body).map_err(|error| InvalidBody(error.to_string()))
    }

    /// Body as it is to be stored.
    pub fn to_json(&self) -> Result<String, InvalidBody> {
        serde_json::to_string(self).map_err(|error| InvalidBody(error.to_string()))
    }

    /// Pauses it: nothing occurs until it is resumed.
    pub fn pause(&mut self) {
        (self.status, self.next) = (Status::Paused, None);
    }

    /// Goes on with the first occurrence after `now`. What would have occurred before that was not missed.
    pub fn resume(&mut self, now: Timestamp, calendars: &Calendars) -> Result<(), InvalidBody> {
        let next = self.next_from(now, &self.definition.timetable(calendars)?);
        self.status = Status::Active;
        self.go_on(next);
        Ok(())
    }

    /// Takes another definition. One that is paused stays so; one that was completed goes on if the new definition has more. Where the times are the
    /// same, what is due stays due. Where they are others, an occurrence that was due and not sent is counted as skipped: `true` says that there was one.
    pub fn redefine(
        &mut self,
        definition: Definition,
        now: Timestamp,
        calendars: &Calendars,
    ) -> Result<bool, InvalidBody> {
        let is_same_times = self.definition.has_times_of(&definition);
        self.definition = definition;
        if self.status == Status::Paused {
            return Ok(false);
        }
        if is_same_times && self.next.is_some() {
            self.go_on(self.next);
            return Ok(false);
        }
        let is_lost = self.next.is_some_and(|next| next <= now);
        self.skipped = self.skipped.saturating_add(u64::from(is_lost));
        self.resume(now, calendars)?;
        Ok(is_lost)
    }

    /// First occurrence that is yet to come at `now`. Those that were sent already lie ahead where the clock was set back; further than a day ahead
    /// it had been wrong.
    pub(super) fn next_from(&self, now: Timestamp, timetable: &Timetable<'_>) -> Option<Timestamp> {
        let sent_ahead = self
            .last_executed_at
            .filter(|last| last.since(now) <= SET_BACK_AT_MOST);
        let from = sent_ahead.map_or(now, |last| last.max(now));
        timetable.after(from)
    }

    /// Number of occurrences that it may still have; `None` for any number.
    pub fn left(&self) -> Option<u64> {
        let most = self.definition.max_executions?;
        Some(most.saturating_sub(self.executions))
    }

    /// Counts an occurrence that is sent.
    pub(super) fn count_execution(&mut self, occurrence: Timestamp, action: ActionId) {
        self.executions = self.executions.saturating_add(1);
        self.last_executed_at = Some(occurrence);
        self.last_action = Some(action);
    }

    /// Goes on with this occurrence, unless it came to its end.
    pub(super) fn go_on(&mut self, next: Option<Timestamp>) {
        self.next = next.filter(|_| self.left() != Some(0));
        if self.next.is_none() {
            self.status = Status::Completed;
        }
    }

    /// Step of one whose calendar is not there: nothing is sent and nothing passed over, and it looks again until the calendar is back.
    pub(super) fn waiting(&self, now: Timestamp) -> Result<Step, InvalidBody> {
        let ahead = self.next.filter(|next| *next > now);
        Ok(Step {
            due: ahead.map_or(Due::After(CALENDAR_PAUSE), Due::At),
            ..self.resting()?
        })
    }

    /// Step of one that does not go on.
    pub(super) fn resting(&self) -> Result<Step, InvalidBody> {
        Ok(Step {
            status: self.status.as_str(),
            body: self.to_json()?,
            due: Due::Never,
            effects: Vec::new(),
            notice: None,
        })
    }
}
