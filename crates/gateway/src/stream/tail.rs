//! The tail: reads events as they are committed, once for all readers, and only while one is there.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::Timestamp;
use acteon_core::limits::MAX_EVENTS;
use acteon_store::{EventId, EventPosition, EventsPage, StoreError};

use crate::shared::Inner;
use crate::stream::event::StreamEvent;
use crate::stream::follower::{Follower, Place};

/// Pause between two looks where no event is told of: those of other gateways are found by looking.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Time for which events gather before a look, so that a busy store is not asked at every commit.
const GATHER: Duration = Duration::from_millis(10);
/// Time for which events may wait for a transaction elsewhere without a word.
const LONG_WAIT: Duration = Duration::from_mins(1);

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
    /// Id of that position, where it has one. Its instant is that of the newest event up to there.
    id: Option<EventId>,
    /// Pause before the last look for events that could not be told yet.
    pending_pause: Duration,
    place: Arc<Place>,
    /// Whether it was said that events wait.
    said_waiting: bool,
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
            self.say_waiting(inner, None, inner.clock.now());
            inner.arrivals.came.notified().await;
            return Ok(());
        };
        let began = inner.clock.now();
        let page = inner.store.events(after, MAX_EVENTS).await?;
        self.say_waiting(inner, page.pending, began);
        if page.settled < after || self.has_lost(inner).await? {
            // A fail-over lost commits: what was told of them is not so, and what comes has positions that were given before.
            self.followers.iter_mut().for_each(Follower::cut_off);
            self.after = None;
            return Ok(());
        }
        let (more, pending) = (page.more, page.pending.is_some());
        self.hand_out(inner, page, began).await?;
        if !more {
            self.wait(inner, pending).await;
        }
        Ok(())
    }

    /// Whether what was handed out last is not there any more. It is asked for behind each look: a connection is replaced without a word, and a server
    /// that lost commits gives their positions again.
    async fn has_lost(&self, inner: &Inner) -> Result<bool, StoreError> {
        match self.id {
            Some(id) if inner.store.is_shared() => Ok(!inner.store.has_event(id).await?),
            Some(_) | None => Ok(false),
        }
    }

    /// Takes in those who came.
    async fn take_in(&mut self, inner: &Inner) -> Result<(), StoreError> {
        let mut arrivals = inner.arrivals.take();
        if arrivals.is_empty() {
            return Ok(());
        }
        if self.followers.is_empty() {
            self.after = None;
        }
        if self.after.is_none() {
            let began = inner.clock.now();
            match inner.store.newest_event().await {
                Ok(newest) => {
                    (self.after, self.id) = (Some(newest.position()), Some(newest));
                    // Its clock may have been set back, and another gateway's be ahead.
                    self.place.set(newest.position(), began.max(newest.at()));
                }
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
                .filter_map(|arrival| arrival.take_in(after, &self.place)),
        );
        Ok(())
    }

    /// Hands out all of a page, or nothing where an event cannot be shown yet.
    async fn hand_out(
        &mut self,
        inner: &Inner,
        mut page: EventsPage,
        began: Timestamp,
    ) -> Result<(), StoreError> {
        let id = page.came_to(self.id);
        page.events
            .retain(|event| self.followers.iter().any(|one| one.may_want(event)));
        for event in StreamEvent::of(inner, page.events).await? {
            let event = Arc::new(event);
            self.followers.iter_mut().for_each(|one| one.tell(&event));
        }
        (self.after, self.id) = (Some(page.looked_to), id);
        // The clock may have been set back, and another gateway's be ahead: never before the newest event up to there.
        let at = match (page.more, id) {
            (false, id) => id.map_or(began, |id| began.max(id.at())),
            (true, Some(id)) => id.at(),
            (true, None) => return Ok(()),
        };
        self.place.set(page.looked_to, at);
        Ok(())
    }

    /// Tells since when the oldest event waits that cannot be told yet, and warns once where that is long.
    fn say_waiting(&mut self, inner: &Inner, oldest: Option<Timestamp>, now: Timestamp) {
        let waits = oldest.map_or(Duration::ZERO, |oldest| now.since(oldest));
        inner.observer.stream_waits(waits);
        if waits < LONG_WAIT {
            self.said_waiting = false;
        } else if !self.said_waiting {
            self.said_waiting = true;
            tracing::warn!(
                seconds = waits.as_secs(),
                "events wait for a writing transaction of the database's server that began before theirs: readers of the stream hear nothing \
                 until it is over. pg_stat_activity has it, with the oldest backend_xid"
            );
        }
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
