//! Followers: readers as the tail sees them, each with a bounded queue.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use acteon_core::Timestamp;
use acteon_core::limits::{MAX_STREAM_WAITING, MAX_STREAM_WAITING_BYTES};
use acteon_store::{Event, EventPosition, StoreError};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::stream::event::StreamEvent;
use crate::stream::filter::StreamFilter;

/// Readers that wait to be taken in by the tail.
#[derive(Default)]
pub(crate) struct Arrivals {
    waiting: Mutex<Vec<Arrival>>,
    pub(crate) came: Notify,
}

/// Reader that waits to be taken in.
pub(crate) struct Arrival {
    filter: Arc<StreamFilter>,
    reply: oneshot::Sender<Result<Joined, StoreError>>,
}

/// Reader's side of its place at the tail.
pub(crate) struct Joined {
    /// Events behind `from` that are for it.
    pub(crate) queue: mpsc::Receiver<Arc<StreamEvent>>,
    /// Position that the tail had come to.
    pub(crate) from: EventPosition,
    /// Number of events that found no room, once there was one.
    pub(crate) skipped: Arc<AtomicU64>,
    /// Bytes of the events in its queue.
    pub(crate) waiting: Arc<AtomicUsize>,
    /// Where the tail is.
    pub(crate) place: Arc<Place>,
}

/// Position up to which the tail has handed out everything, and an instant before which nothing lies beyond it.
pub(crate) struct Place(Mutex<(EventPosition, Timestamp)>);

impl Default for Place {
    fn default() -> Self {
        Self(Mutex::new((EventPosition::START, Timestamp::default())))
    }
}

impl Place {
    pub(crate) fn is(&self) -> (EventPosition, Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, position: EventPosition, at: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (position, at);
    }
}

/// Tail's side of a reader.
pub(crate) struct Follower {
    filter: Arc<StreamFilter>,
    /// Queue of the reader; `None` once it was cut off.
    queue: Option<mpsc::Sender<Arc<StreamEvent>>>,
    /// Closed as soon as the reader has left.
    skipped: Arc<AtomicU64>,
    waiting: Arc<AtomicUsize>,
}

impl Joined {
    /// The next event of its queue; `None` at the end.
    pub(crate) async fn receive(&mut self) -> Option<Arc<StreamEvent>> {
        let event = self.queue.recv().await?;
        self.waiting.fetch_sub(event.bytes(), Ordering::AcqRel);
        Some(event)
    }
}

impl Arrivals {
    /// Waits for a place at the tail.
    pub(crate) fn ask(
        &self,
        filter: Arc<StreamFilter>,
    ) -> oneshot::Receiver<Result<Joined, StoreError>> {
        let (reply, joined) = oneshot::channel();
        self.lock().push(Arrival { filter, reply });
        self.came.notify_one();
        joined
    }

    /// Takes out those who wait.
    pub(crate) fn take(&self) -> Vec<Arrival> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arrival>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Arrival {
    /// Gives it a place; `None` where it has left.
    pub(crate) fn take_in(self, from: EventPosition, place: &Arc<Place>) -> Option<Follower> {
        let (sender, queue) = mpsc::channel(MAX_STREAM_WAITING);
        let (skipped, waiting) = (Arc::<AtomicU64>::default(), Arc::<AtomicUsize>::default());
        let joined = Joined {
            queue,
            from,
            skipped: Arc::clone(&skipped),
            waiting: Arc::clone(&waiting),
            place: Arc::clone(place),
        };
        let is_there = self.reply.send(Ok(joined)).is_ok();
        is_there.then_some(Follower {
            filter: self.filter,
            queue: Some(sender),
            skipped,
            waiting,
        })
    }

    /// Tells that there is no place.
    pub(crate) fn refuse(self, error: StoreError) {
        drop(self.reply.send(Err(error)));
    }
}

impl Follower {
    /// Whether its reader is still there.
    pub(crate) fn is_there(&self) -> bool {
        match &self.queue {
            Some(queue) => !queue.is_closed(),
            None => Arc::strong_count(&self.skipped) > 1,
        }
    }

    pub(crate) fn may_want(&self, event: &Event) -> bool {
        self.filter.may_let_through(event)
    }

    /// Hands it an event, if its filter lets that through. A reader whose queue is full is cut off, and counts what it misses until it has heard.
    pub(crate) fn tell(&mut self, event: &Arc<StreamEvent>) {
        if !self.filter.lets_through(event) {
            return;
        }
        let is_taken = match &self.queue {
            Some(queue) => self.has_room(event) && queue.try_send(Arc::clone(event)).is_ok(),
            None => false,
        };
        if !is_taken {
            self.cut_off();
        }
    }

    /// Takes room for an event in bytes; there is always some for one.
    fn has_room(&self, event: &StreamEvent) -> bool {
        let before = self.waiting.fetch_add(event.bytes(), Ordering::AcqRel);
        before == 0 || before + event.bytes() <= MAX_STREAM_WAITING_BYTES
    }

    /// Cuts it off for an event that it misses.
    pub(crate) fn cut_off(&mut self) {
        // In this order: whoever finds the queue at its end finds what was skipped.
        self.skipped.fetch_add(1, Ordering::Release);
        self.queue = None;
    }
}
