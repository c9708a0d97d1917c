//! Keeper of the process's lease, which also takes over from processes whose lease ran out. The
//! renewals wait for nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use acteon_store::{Freed, Heartbeat, StoreError};

use crate::cluster::lease::Watch;
use crate::shared::Inner;

/// Renews the lease at its intervals, until the gateway has stopped.
pub(crate) async fn keep_lease(inner: Arc<Inner>) {
    while inner.sleep(inner.lease.times().renew_every()).await {
        if let Err(error) = inner.lease.renew(&*inner.store, &*inner.clock).await {
            inner.could_not(
                "the lease could not be renewed; sends stop before it runs out",
                &error,
            );
        }
    }
}

/// Looks at the others' beats, and at the clock that all count due times by. A take-over is a task of its own: it may take long, and the next look must not be late, or it would count for
/// nothing.
pub(crate) async fn watch_others(inner: Arc<Inner>) {
    let mut watch = Watch::default();
    let taking_over = Arc::new(AtomicBool::new(false));
    while inner.sleep(inner.lease.times().renew_every()).await {
        match look(&inner, &mut watch).await {
            Ok(dead) if !dead.is_empty() && !taking_over.swap(true, Ordering::SeqCst) => {
                let (task, done) = (Arc::clone(&inner), Arc::clone(&taking_over));
                inner.spawn(async move {
                    take_over(&task, dead).await;
                    done.store(false, Ordering::SeqCst);
                });
            }
            Ok(_) => {}
            Err(error) => inner.could_not(
                "could not look for processes that died; trying again",
                &error,
            ),
        }
    }
}

/// Beats of processes whose lease ran out. This process is never among them: what becomes of its
/// own rows is for the others to say.
async fn look(inner: &Inner, watch: &mut Watch) -> Result<Vec<Heartbeat>, StoreError> {
    let asked = inner.clock.monotonic();
    let beats = inner.store.heartbeats().await?;
    let mut dead = watch.look(
        &beats,
        (asked, inner.clock.monotonic()),
        inner.lease.times(),
    );
    inner.providers.share(beats.len() - dead.len());
    // Whoever died is taken over from all the same.
    if let Err(error) = inner.due.follow(&*inner.store).await {
        inner.could_not(
            "could not look whether the wall clock was stepped; trying again",
            &error,
        );
    }
    dead.retain(|beat| beat.owner != inner.lease.owner());
    Ok(dead)
}

async fn take_over(inner: &Inner, dead: Vec<Heartbeat>) {
    match inner.store.take_over(dead, inner.due.now()).await {
        Ok(Freed { unsent, maybe_sent }) => {
            tracing::warn!(
                maybe_sent,
                unsent,
                "took over actions of a process that died; those it may have sent are marked possible_duplicate"
            );
            inner.work.notify_one();
        }
        // The beats of the dead still stand still: the next look finds them.
        Err(error) => inner.could_not(
            "could not take over from a process that died; trying again",
            &error,
        ),
    }
}
