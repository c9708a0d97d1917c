//! Faults, which are switched on for a number of calls.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Call of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    Gettoken,
    Send,
    AgentGet,
    GetUserInfo,
    Recall,
    UpdateCard,
    Upload,
}

/// Fault that a call meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Answers with this `errcode`, before anything is done.
    Errcode(i64),
    /// Answers with this HTTP status and a page, as a proxy would, before anything is done.
    Status(u16),
    /// Answers 200 with this text instead of JSON, before anything is done.
    Garbage(String),
    /// Answers with this JSON, before anything is done.
    Json(String),
    /// Closes the connection before anything is done.
    Reset,
    /// Does its work, then closes the connection without an answer.
    CutAfterAccept,
    /// Does its work, then answers after so many milliseconds; never for `u64::MAX`.
    SlowAfterAccept(u64),
    /// Does its work, then answers with this text, in which `@` stands for its own answer.
    Around(String),
    /// Does its work, then answers with gzip, although the request does not accept it.
    Gzip,
    /// Waits so many milliseconds, then does its work.
    Delay(u64),
    /// Does its work, and says in `errmsg` that it understood the JSON only in part.
    FormatWarning,
}

impl Fault {
    pub(super) fn delay_before(&self) -> Duration {
        match self {
            Self::Delay(millis) => Duration::from_millis(*millis),
            _ => Duration::ZERO,
        }
    }
}

/// Fault that is switched on for a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Switched {
    pub(super) call: Call,
    pub(super) fault: Fault,
    /// Number of calls that still meet it; all when absent.
    #[serde(default)]
    pub(super) times: Option<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Switched>);

impl Faults {
    pub(super) fn switch_on(&mut self, switched: Switched) {
        self.0.push(switched);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Fault that the next call meets, which counts against its number of calls.
    pub(super) fn next(&mut self, call: Call) -> Option<Fault> {
        let index = self
            .0
            .iter()
            .position(|switched| switched.call == call && switched.times != Some(0))?;
        let switched = &mut self.0[index];
        let fault = switched.fault.clone();
        match &mut switched.times {
            Some(1) => drop(self.0.remove(index)),
            Some(times) => *times -= 1,
            None => {}
        }
        Some(fault)
    }
}
