//! The tail: reads events as they are committed, once for all readers, and only while one is there.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::MAX_EVENTS;
use acteon_store::{EventPosition, EventsPage, StoreError};

use crate::shared::Inner;
use crate::stream::event::StreamEvent;
use crate::stream::follower::Follower;

/// Pause between two looks where no event is told of: those of other gateways are found by looking.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Time for which events gather before a look, so that a busy store is not asked at every commit.
const GATHER: Duration = Duration::from_millis(10);

/// Follows the events until the gateway stops.
pub(crate) async fn follow(inner: Arc<Inner>) {
    let mut tail = Tail::default();
    loop {
        tokio::select! {
            biased;
            // Readers find their queues at the end, and nobody else is taken in.
            () = inner.until_released() => return,
            () = tail.step(&inner) => {}
        }
    }
}

#[derive(Default)]
struct Tail {
    followers: Vec<Follower>,
    /// Position up to which events were handed out, while there are followers.
    after: Option<EventPosition>,
    /// Pause before the last look for events that could not be told yet.
    pending_pause: Duration,
}

impl Tail {
    /// Looks for events once, and waits until there may be others.
    async fn step(&mut self, inner: &Inner) {
        self.followers.retain(Follower::is_there);
        let Err(error) = self.look(inner).await else {
            return;
        };
        inner.could_not(
            "events could not be read for those who follow them; it is tried again",
            &error,
        );
        inner.clock.sleep(LOOK_EVERY).await;
    }

    async fn look(&mut self, inner: &Inner) -> Result<(), StoreError> {
        self.take_in(inner).await?;
        let Some(after) = self.after.filter(|_| !self.followers.is_empty()) else {
            self.after = None;
            inner.arrivals.came.notified().await;
            return Ok(());
        };
        let page = inner.store.events(after, MAX_EVENTS).await?;
        if page.settled < after {
            // A fail-over lost commits: what was told of them is not so, and what comes has lower positions.
            self.followers.iter_mut().for_each(Follower::cut_off);
            self.after = Some(page.settled);
            return Ok(());
        }
        let (more, pending) = (page.more, page.pending);
        self.hand_out(inner, page).await?;
        if !more {
            self.wait(inner, pending).await;
        }
        Ok(())
    }

    /// Takes in those who came.
    async fn take_in(&mut self, inner: &Inner) -> Result<(), StoreError> {
        let mut arrivals = inner.arrivals.take();
        if arrivals.is_empty() {
            return Ok(());
        }
        if self.followers.is_empty() {
            match inner.store.newest_event().await {
                Ok(newest) => self.after = Some(newest),
                Err(error) => {
                    for arrival in arrivals {
                        arrival.refuse(error.clone());
                    }
                    return Err(error);
                }
            }
        }
        let Some(after) = self.after else {
            return Ok(());
        };
        self.followers.extend(
            arrivals
                .drain(..)
                .filter_map(|arrival| arrival.take_in(after)),
        );
        Ok(())
    }

    async fn hand_out(&mut self, inner: &Inner, page: EventsPage) -> Result<(), StoreError> {
        for event in page.events {
            let position = event.position;
            if self.followers.iter().any(|one| one.may_want(&event)) {
                let event = Arc::new(StreamEvent::of(inner, event).await?);
                self.followers.iter_mut().for_each(|one| one.tell(&event));
            }
            // An event that cannot be shown is tried again, and those before it are not told twice.
            self.after = Some(position);
        }
        self.after = Some(page.looked_to);
        Ok(())
    }

    /// Waits until there may be other events, or another reader. What is pending is looked for soon, and then less and less often: a transaction
    /// elsewhere may last.
    async fn wait(&mut self, inner: &Inner, pending: bool) {
        self.pending_pause = if pending {
            (self.pending_pause * 2).clamp(GATHER, LOOK_EVERY)
        } else {
            Duration::ZERO
        };
        let pause = if pending {
            self.pending_pause
        } else {
            LOOK_EVERY
        };
        tokio::select! {
            biased;
            () = inner.arrivals.came.notified() => {}
            () = inner.store.events_written() => {
                inner.clock.sleep(GATHER).await;
            }
            () = inner.clock.sleep(pause) => {}
        }
    }
}
