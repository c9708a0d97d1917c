//! Descriptions of the routes that tell what happens as it happens.

use super::operation::Operation;
use crate::http::routes::stream::{StreamQuery, SubscriptionQuery};

const FRAMES: &[&str] = &["text/event-stream"];

pub(in crate::http) const FOLLOW: Operation = Operation::new(
    "stream",
    "followEvents",
    "Tells what happens, as it happens",
    "Object",
)
.query::<StreamQuery>()
.headers(&["Last-Event-ID"])
.text(FRAMES);
pub(in crate::http) const ACTION: Operation = Operation::new(
    "stream",
    "followAction",
    "Tells how an action ends, and then ends itself",
    "Object",
)
.query::<SubscriptionQuery>()
.text(FRAMES)
.others(&[409]);
pub(in crate::http) const CHAIN: Operation = Operation::new(
    "stream",
    "followChain",
    "Tells what happens in an execution of a chain, and ends with it",
    "Object",
)
.query::<SubscriptionQuery>()
.text(FRAMES);
