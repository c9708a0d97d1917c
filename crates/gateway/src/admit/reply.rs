//! Reply to a dispatch: the side of the task that owes it, and the side of the caller that awaits
//! it.
//!
//! The two sides share the action that is waited for, which the task sets once. The caller's side
//! unregisters itself when it is dropped, and the task's side finds a caller gone that left before
//! it was registered: so no caller stays registered that nobody polls.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use acteon_core::{ActionId, Namespace, Scope, Tenant, Timestamp};
use acteon_store::Seq;
use tokio::sync::oneshot;

use crate::admit::answer::{DispatchError, Wait};
use crate::admit::batch::BatchItem;
use crate::admit::pending::{recorded, scheduled, worked_on};
use crate::admit::waiters::{ReplySender, WaiterId};
use crate::registry::ProviderEntry;
use crate::shared::Inner;

/// How often a caller who waits when a stop begins looks whether anybody works on the action.
const STOP_LOOKS_EVERY: Duration = Duration::from_millis(20);

/// How often a caller whose action is accepted looks whether the store's disk answers again.
const STALL_LOOKS_EVERY: Duration = Duration::from_millis(500);

/// Longest that a caller whose wait is over waits for the store to say how an action stands.
const LOOK_LIMIT: Duration = Duration::from_secs(1);

/// The reply for an action that goes later.
pub(super) struct LaterReply {
    /// The outcome until then, as JSON.
    pub(super) outcome: Arc<str>,
    /// Whether its caller or a rule named the instant: then nobody waits for it.
    pub(super) is_scheduled: bool,
}

/// The reply that a dispatch's task owes its caller.
pub(super) struct Reply {
    sender: ReplySender,
    action: Arc<OnceLock<AwaitedAction>>,
    pub(super) wait: Wait,
    /// Instant of the monotonic clock until which the caller waits through further attempts.
    patient_until: Option<Duration>,
    pub(super) batch: BatchItem,
}

/// Caller's side of a reply. Dropped, it unregisters the caller at once.
pub(super) struct AwaitedReply<'a> {
    inner: &'a Arc<Inner>,
    /// Action that the caller waits for, once it is accepted.
    pub(super) action: Arc<OnceLock<AwaitedAction>>,
    receiver: Option<oneshot::Receiver<Result<Arc<str>, DispatchError>>>,
}

/// Action whose outcome is waited for.
pub(super) struct AwaitedAction {
    waiter: WaiterId,
    /// Provider, and the due time until which it is worth sending, where this process works on the
    /// action. Else the store knows its status.
    worked_on: Option<(Arc<ProviderEntry>, Timestamp)>,
}

impl AwaitedAction {
    /// Whether nobody here works on it, also because it waits in the store for its next attempt.
    fn is_left(&self, inner: &Inner) -> bool {
        self.worked_on.is_none() || inner.waiters.so_far(self.waiter.seq).due_at.is_some()
    }
}

/// Name of an action. Kept apart from the action itself, which may be large while callers wait
/// long.
pub(super) struct ActionKey {
    pub(super) namespace: Namespace,
    pub(super) tenant: Tenant,
    pub(super) id: ActionId,
}

impl<'a> AwaitedReply<'a> {
    /// Both sides of a new reply.
    pub(super) fn channel(inner: &'a Arc<Inner>, wait: Wait, batch: BatchItem) -> (Self, Reply) {
        let (sender, receiver) = oneshot::channel();
        let action = Arc::default();
        let patient_until = match wait {
            Wait::ForEnd(limit) => Some(inner.clock.monotonic() + limit),
            Wait::ForOutcome(_) | Wait::ForCommit => None,
        };
        let reply = Reply {
            sender,
            action: Arc::clone(&action),
            wait,
            patient_until,
            batch,
        };
        let awaited = Self {
            inner,
            action,
            receiver: Some(receiver),
        };
        (awaited, reply)
    }

    /// Waits for the reply, at most until `limit`; `None` when there is none by then, or will be none.
    pub(super) async fn receive(
        &mut self,
        limit: Duration,
    ) -> Option<Result<Arc<str>, DispatchError>> {
        let receiver = self.receiver.as_mut()?;
        let replied = until_replied(self.inner, receiver, &self.action);
        let reply = tokio::time::timeout(limit, replied).await.ok()?.ok()?;
        // A caller that has its reply is not registered any more.
        self.receiver = None;
        Some(reply)
    }
}

impl Drop for AwaitedReply<'_> {
    fn drop(&mut self) {
        // In this order: who registers the caller after this look finds that the caller is gone.
        let Some(receiver) = self.receiver.take() else {
            return;
        };
        drop(receiver);
        if let Some(action) = self.action.get() {
            self.inner.waiters.forget(action.waiter);
        }
    }
}

impl Reply {
    /// Whether the caller's wait is over before an attempt that is due after so long.
    fn is_over_before(&self, inner: &Inner, due_in: Duration) -> bool {
        self.patient_until
            .is_some_and(|until| inner.clock.monotonic() + due_in > until)
    }

    pub(super) fn send(self, reply: Result<Arc<str>, DispatchError>) {
        drop(self.sender.send(reply));
    }

    /// Waits for an action that is in the store and due later. What a time interval postpones beyond the wait is not waited for, nor what is scheduled.
    pub(super) async fn wait_in_store(
        self,
        inner: &Inner,
        (seq, due_at): (Seq, Timestamp),
        postponed: Option<LaterReply>,
        later: impl FnOnce() -> Arc<str>,
    ) {
        let due_in = due_at.since(inner.due.now());
        match postponed {
            Some(postponed) if postponed.is_scheduled || due_in > self.wait.limit() => {
                self.send(Ok(postponed.outcome));
            }
            postponed => {
                self.wait_for(inner, seq, (None, due_in), || {
                    postponed.map_or_else(later, |postponed| postponed.outcome)
                })
                .await;
            }
        }
    }

    /// Tells a caller who waits for no more than the commit how the action stands; registers one who waits for the outcome.
    pub(super) async fn wait_for(
        self,
        inner: &Inner,
        seq: Seq,
        (worked_on, due_in): (Option<(Arc<ProviderEntry>, Timestamp)>, Duration),
        pending: impl FnOnce() -> Arc<str>,
    ) {
        if self.wait == Wait::ForCommit || self.is_over_before(inner, due_in) {
            return self.send(Ok(pending()));
        }
        let elsewhere = worked_on.is_none();
        let waiter = inner.waiters.next(seq);
        // Nobody else sets it. Before the caller is known, so that one who leaves is either found gone, or forgotten.
        drop(self.action.set(AwaitedAction { waiter, worked_on }));
        inner.waiters.add(waiter, self.sender, self.patient_until);
        // It may have ended just before.
        if elsewhere && let Ok(outcomes) = inner.store.outcomes_of(vec![seq]).await {
            for (seq, outcome) in &outcomes {
                inner.waiters.reply(*seq, outcome);
            }
        }
    }
}

/// Waits for the reply. `Err` when there will be none: when a stop begins and nobody here works on the action, and when the store's disk does
/// not answer before the action is accepted.
async fn until_replied(
    inner: &Inner,
    receiver: &mut oneshot::Receiver<Result<Arc<str>, DispatchError>>,
    action: &OnceLock<AwaitedAction>,
) -> Result<Result<Arc<str>, DispatchError>, ()> {
    loop {
        tokio::select! {
            biased;
            reply = &mut *receiver => return reply.map_err(drop),
            () = inner.until_interrupted() => {}
        }
        let is_releasing = inner.is_releasing();
        match action.get() {
            Some(action) if is_releasing && action.is_left(inner) => return Err(()),
            None if inner.is_stalled() => return Err(()),
            Some(_) | None => {}
        }
        let pause = if is_releasing {
            STOP_LOOKS_EVERY
        } else {
            STALL_LOOKS_EVERY
        };
        tokio::select! {
            biased;
            reply = &mut *receiver => return reply.map_err(drop),
            () = inner.clock.sleep(pause) => {}
        }
    }
}

/// Answer about an action whose caller's wait is over.
pub(super) async fn so_far(
    inner: &Inner,
    ActionKey {
        namespace,
        tenant,
        id,
    }: &ActionKey,
    action: &AwaitedAction,
) -> Arc<str> {
    let so_far = inner.waiters.so_far(action.waiter.seq);
    if let Some((entry, give_up_at)) = &action.worked_on {
        return worked_on(inner, id, (entry, *give_up_at), so_far);
    }
    let scope = Scope::exactly(namespace, tenant);
    match tokio::time::timeout(LOOK_LIMIT, inner.store.find(&scope, id))
        .await
        .map(|found| found.map(|mut found| found.pop()))
    {
        Ok(Ok(Some(record))) => recorded(inner, &record, so_far),
        // It is durable, whatever the store is busy with.
        Ok(Ok(None) | Err(_)) | Err(_) => {
            scheduled(id, inner.clock.now(), so_far.attempts, so_far.last_error).to_json()
        }
    }
}
