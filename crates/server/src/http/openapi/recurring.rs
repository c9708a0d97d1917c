//! Descriptions of the routes of recurring actions, and of what goes soon.

use super::links::OF_RECURRING;
use super::operation::Operation;
use crate::http::extract::scope::Scoped;
use crate::http::recurring::body::{BackfillSpan, NewRecurring};
use crate::http::recurring::changes::RecurringUpdate;
use crate::http::recurring::fields::Which;
use crate::http::routes::recurring::{OneQuery, RecurringQuery};
use crate::http::routes::upcoming::{PreviewQuery, UpcomingQuery};

const fn on(id: &'static str, summary: &'static str, schema: &'static str) -> Operation {
    Operation::new("recurring actions", id, summary, schema)
}

pub(in crate::http) const LIST: Operation = on(
    "listRecurring",
    "Lists recurring actions, in the order of their ids",
    "RecurringActions",
)
.query::<RecurringQuery>();
pub(in crate::http) const CREATE: Operation = on(
    "createRecurring",
    "Makes a recurring action",
    "RecurringCreated",
)
.headers(&["Idempotency-Key"])
.takes::<NewRecurring>()
.created()
.others(&[409])
.links(OF_RECURRING);
pub(in crate::http) const PREVIEW: Operation = on(
    "previewRecurring",
    "Tells when an expression occurs, and makes nothing",
    "RecurringPreview",
)
.query::<PreviewQuery>();
pub(in crate::http) const GET: Operation = on(
    "getRecurring",
    "Shows one recurring action",
    "RecurringBody",
)
.query::<OneQuery>();
pub(in crate::http) const UPDATE: Operation = on(
    "updateRecurring",
    "Changes a recurring action",
    "RecurringBody",
)
.query::<Scoped>()
.takes::<RecurringUpdate>();
pub(in crate::http) const DELETE: Operation =
    on("deleteRecurring", "Deletes a recurring action", "Object")
        .query::<Scoped>()
        .no_content();
pub(in crate::http) const PAUSE: Operation = on(
    "pauseRecurring",
    "Pauses a recurring action",
    "RecurringBody",
)
.query::<Scoped>()
.may_take::<Which>()
.others(&[409]);
pub(in crate::http) const RESUME: Operation = on(
    "resumeRecurring",
    "Lets a paused recurring action go on",
    "RecurringBody",
)
.query::<Scoped>()
.may_take::<Which>()
.others(&[409]);
pub(in crate::http) const BACKFILL: Operation = on(
    "backfillRecurring",
    "Sends the occurrences of a span that is past",
    "Backfilled",
)
.query::<Scoped>()
.takes::<BackfillSpan>();
pub(in crate::http) const UPCOMING: Operation = on(
    "listUpcoming",
    "Lists what will go, scheduled and recurring, the soonest first",
    "UpcomingActions",
)
.query::<UpcomingQuery>();
