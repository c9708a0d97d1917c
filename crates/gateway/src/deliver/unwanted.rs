//! Messages to those who decide that ask for nothing any more: they may have waited since their approval was over.

use std::sync::Arc;

use acteon_core::{Outcome, with_causes};

use crate::approvals::message::told_of;
use crate::approvals::told::is_over;
use crate::deliver::end::End;
use crate::deliver::job::Job;
use crate::flows::words::CALLER;
use crate::shared::Inner;

/// End of the delivery of a message whose approval is over. Looked at once a delivery, by due time, as the approval itself ends.
pub(crate) async fn unwanted(inner: &Arc<Inner>, job: &Job) -> Option<End> {
    let approval = told_of(&job.action, job.origin)?;
    match is_over(inner, &job.action, approval).await {
        Ok(None) => None,
        Ok(Some(why)) => {
            tracing::debug!(action = %job.action.id, why, "a message is called off");
            Some(End::HeldBack(Outcome::Cancelled {
                by: CALLER.to_owned(),
                at: inner.clock.now(),
            }))
        }
        // Whoever has the link is told.
        Err(error) => {
            tracing::warn!(action = %job.action.id, error = %with_causes(&error), "whether a message is still wanted could not be looked up; it is sent");
            None
        }
    }
}
