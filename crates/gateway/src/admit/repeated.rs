//! Repeated dispatches: the id is known, and what is stored under it decides the reply.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::Action;
use acteon_store::{ActionState, Record};

use crate::admit::answer::{DispatchError, Wait};
use crate::admit::batch::BatchItem;
use crate::admit::known::LookTurn;
use crate::admit::pending::recorded;
use crate::admit::reply::Reply;
use crate::admit::sender::Sender;
use crate::admit::waiters::SoFar;
use crate::deliver::schedule::is_scheduled;
use crate::shared::Inner;

/// Replies from what is stored under the action's id, also where there is no room for a new action. Where nothing is, replies `unknown`.
pub(super) async fn reply_if_known(
    inner: &Arc<Inner>,
    action: &Action,
    sender: &Sender,
    mut reply: Reply,
    unknown: DispatchError,
) {
    // The look takes a while, and the items behind this one need not wait for it.
    reply.batch = BatchItem::default();
    match inner.known_looks.find(&*inner.store, action).await {
        Ok(Some(known)) => join(inner, known, action, sender, reply).await,
        Ok(None) => reply.send(Err(unknown)),
        Err(error) => reply.send(Err(error.into())),
    }
}

/// Replies to a request whose id is known: the same request gets the same outcome, another one a conflict.
async fn join(
    inner: &Arc<Inner>,
    (record, turn): (Record, LookTurn<'_>),
    action: &Action,
    sender: &Sender,
    reply: Reply,
) {
    if let Some(conflict) = sender.conflict(inner, &record, action) {
        return reply.send(Err(conflict));
    }
    let far = match reply.wait {
        Wait::ForCommit => true,
        Wait::ForOutcome(limit) | Wait::ForEnd(limit) => {
            // What is scheduled is not waited for, as at its acceptance.
            let limit = if is_scheduled(&record) && record.attempts == 0 {
                Duration::ZERO
            } else {
                limit
            };
            !record.owned && record.due_at > inner.due.now() + limit
        }
    };
    if far || record.state != ActionState::Open {
        return reply.send(Ok(recorded(
            inner,
            &record,
            inner.waiters.so_far(record.seq),
        )));
    }
    inner.work.notify_one();
    let (seq, pending) = (record.seq, recorded(inner, &record, SoFar::default()));
    drop((record, turn));
    reply
        .wait_for(inner, seq, (None, Duration::ZERO), || pending)
        .await;
}
