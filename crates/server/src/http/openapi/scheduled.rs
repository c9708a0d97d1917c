//! Descriptions of the routes of scheduled actions.

use super::operation::Operation;
use crate::http::extract::scope::Scoped;
use crate::http::routes::scheduled::{NewInstant, ScheduledQuery};

pub(in crate::http) const LIST: Operation = Operation::new(
    "scheduled actions",
    "listScheduled",
    "Lists actions that wait for their instants, the soonest first",
    "ScheduledActions",
)
.query::<ScheduledQuery>();
pub(in crate::http) const GET: Operation = Operation::new(
    "scheduled actions",
    "getScheduled",
    "Shows an action that waits for its instant",
    "ScheduledActionBody",
)
.query::<Scoped>()
.others(&[409]);
pub(in crate::http) const MOVE: Operation = Operation::new(
    "scheduled actions",
    "moveScheduled",
    "Moves a scheduled action to another instant",
    "ScheduledActionBody",
)
.query::<Scoped>()
.takes::<NewInstant>()
.others(&[409]);
pub(in crate::http) const CANCEL: Operation = Operation::new(
    "scheduled actions",
    "cancelScheduled",
    "Calls off a scheduled action",
    "Object",
)
.query::<Scoped>()
.no_content()
.others(&[409]);
