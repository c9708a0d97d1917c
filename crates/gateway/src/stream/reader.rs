//! Readers of the stream: what they missed from the store, and then what comes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use acteon_core::limits::{EVENTS_KEPT, MAX_EVENTS};
use acteon_core::{Timestamp, with_causes};
use acteon_store::{EventId, EventPosition, EventsPage, StoreError};
use tokio::task::JoinSet;

use crate::shared::{Gateway, Inner};
use crate::stream::event::StreamEvent;
use crate::stream::filter::StreamFilter;
use crate::stream::follower::Joined;

/// Pause before a look that failed, or that did not come as far as the tail, is made again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Looks that may fail in a row before a reader is told to come back.
const MAX_FAILURES: u32 = 50;
/// Time that events may be older than what was told before them: clocks of gateways differ, and a commit takes its time.
const CLOCKS_APART: Duration = Duration::from_hours(1);

/// Reader of the stream.
pub struct StreamReader {
    pub(super) inner: Arc<Inner>,
    filter: Arc<StreamFilter>,
    /// Position up to which it has been told everything, but for what is ready.
    after: EventPosition,
    /// Id of that position; `None` where it has none, as at the beginning.
    id: Option<EventId>,
    /// Its look at the store, while there is one. It goes on by itself, whoever waits for it.
    look: JoinSet<Result<Found, StoreError>>,
    ready: VecDeque<Arc<StreamEvent>>,
    /// Number of events that it is to be told it missed.
    missed: Option<u64>,
    /// Its place at the tail, once it has read what it missed.
    joined: Option<Joined>,
    stage: Stage,
    failures: u32,
}

/// What a look at the store found.
struct Found {
    events: VecDeque<Arc<StreamEvent>>,
    looked_to: EventPosition,
    /// Id of that position, where it has one.
    id: Option<EventId>,
    more: bool,
    settled: EventPosition,
    /// Reason why it may not have found all that there was.
    gap: Option<Gap>,
}

/// Reason why a look may have missed events.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// Those behind what was told last may have been deleted.
    Deleted,
    /// A fail-over lost what was told last: positions are given again.
    Lost,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Reads from the store.
    Behind,
    /// Gets what comes from the tail.
    Live,
    Over,
}

/// What a reader of the stream is told.
#[derive(Clone, Debug)]
pub enum Told {
    /// Something happened.
    Event(Arc<StreamEvent>),
    /// Events were passed over: so many, or 0 where nobody knows how many. Where the reader did not keep up nothing comes behind it: it comes
    /// back by the last id, and misses nothing.
    Lagged(u64),
}

impl Gateway {
    /// Follows the events that a filter lets through: from the next one on, or from behind the one with the id `last`. Of an id that is not known,
    /// or not any more, from the oldest event that is kept.
    pub async fn stream(
        &self,
        filter: StreamFilter,
        last: Option<&str>,
    ) -> Result<StreamReader, StoreError> {
        let inner = Arc::clone(&self.inner);
        let mut reader = StreamReader {
            inner,
            filter: Arc::new(filter),
            after: EventPosition::START,
            id: None,
            look: JoinSet::new(),
            ready: VecDeque::new(),
            missed: None,
            joined: None,
            stage: Stage::Behind,
            failures: 0,
        };
        let Some(last) = last else {
            let joined = reader.join().await?;
            reader.after = joined.from;
            reader.joined = Some(joined);
            reader.stage = Stage::Live;
            return Ok(reader);
        };
        match EventId::parse(last) {
            Some(id) if is_known(&reader.inner, id).await? => {
                (reader.after, reader.id) = (id.position(), Some(id));
            }
            Some(_) | None => reader.missed = Some(0),
        }
        Ok(reader)
    }
}

impl StreamReader {
    /// Id by which it goes on from here, where it has been told everything up to now: also without an event of its own.
    pub fn came_to(&self) -> Option<EventId> {
        let joined = self.joined.as_ref();
        let joined = joined.filter(|_| self.stage == Stage::Live)?;
        // In this order: what was handed out up to there is in the queue, or was told.
        let (position, at) = joined.place.is();
        let is_told = self.missed.is_none()
            && self.ready.is_empty()
            && joined.queue.is_empty()
            && joined.skipped.load(Ordering::Acquire) == 0
            && position >= self.after;
        is_told.then(|| EventId::of_position(at, position))
    }

    /// What it is told next, as soon as there is something; `None` at the end. It may be dropped while it waits, and be asked for again.
    pub async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some(missed) = self.missed.take() {
                return Some(Told::Lagged(missed));
            }
            if let Some(event) = self.ready.pop_front() {
                return Some(Told::Event(event));
            }
            if self.inner.is_releasing() {
                return None;
            }
            match self.stage {
                Stage::Behind => self.catch_up().await,
                Stage::Live => self.receive().await,
                Stage::Over => return None,
            }
        }
    }

    /// Takes the next event out of its queue.
    async fn receive(&mut self) {
        let Some(joined) = &mut self.joined else {
            self.stage = Stage::Over;
            return;
        };
        let Some(event) = joined.receive().await else {
            self.stage = Stage::Over;
            let skipped = joined.skipped.load(Ordering::Acquire);
            self.missed = (skipped > 0).then_some(skipped);
            return;
        };
        // What it read from the store may wait in its queue as well.
        if event.event.position > self.after {
            self.ready.push_back(event);
        }
    }

    /// Reads the next events from the store, or joins the tail where there are no others.
    async fn catch_up(&mut self) {
        match self.try_to_catch_up().await {
            Ok(()) => self.failures = 0,
            Err(error) => {
                tracing::debug!(error = %with_causes(&error), "events could not be read for one who was away");
                self.failures += 1;
                if self.failures == MAX_FAILURES {
                    // It comes back, to this gateway or another, by its last id.
                    self.stage = Stage::Over;
                }
                self.pause().await;
            }
        }
    }

    async fn try_to_catch_up(&mut self) -> Result<(), StoreError> {
        if self.look.is_empty() {
            let (inner, filter) = (Arc::clone(&self.inner), Arc::clone(&self.filter));
            self.look.spawn(look(inner, filter, self.after, self.id));
        }
        let Some(looked) = self.look.join_next().await else {
            return Ok(());
        };
        let page = looked.unwrap_or_else(|_| {
            Err(StoreError::Engine(
                "a look at what a reader missed broke off".into(),
            ))
        })?;
        if page.gap == Some(Gap::Lost) {
            // It comes back by its last id, which nobody knows any more.
            (self.missed, self.stage) = (Some(0), Stage::Over);
            return Ok(());
        }
        self.missed = (page.gap == Some(Gap::Deleted)).then_some(0);
        self.ready = page.events;
        (self.after, self.id) = (page.looked_to, page.id);
        match &self.joined {
            _ if page.more => {}
            None => self.joined = Some(self.join().await?),
            Some(joined) if page.settled >= joined.from => self.stage = Stage::Live,
            Some(joined) if joined.queue.is_closed() => self.stage = Stage::Live,
            Some(_) => self.pause().await,
        }
        Ok(())
    }

    /// Takes a place at the tail.
    async fn join(&self) -> Result<Joined, StoreError> {
        let joined = self.inner.arrivals.ask(Arc::clone(&self.filter));
        tokio::select! {
            biased;
            joined = joined => joined.unwrap_or(Err(StoreError::Closed)),
            () = self.inner.until_released() => Err(StoreError::Closed),
        }
    }

    async fn pause(&self) {
        self.inner.pause(LOOK_AGAIN).await;
    }
}

/// Reads a page of what a reader missed, as it may be told. It has its turn until that is made: what is read for it may be long.
async fn look(
    inner: Arc<Inner>,
    filter: Arc<StreamFilter>,
    after: EventPosition,
    id: Option<EventId>,
) -> Result<Found, StoreError> {
    let _turn = inner.stream_looks.acquire().await;
    let mut page = inner.store.events(after, MAX_EVENTS).await?;
    let gap = gap(&inner, &page, after, id).await?;
    let id = page.came_to(id);
    page.events.retain(|event| filter.may_let_through(event));
    let shown = StreamEvent::of(&inner, page.events).await?;
    let events = shown.into_iter().filter(|event| filter.lets_through(event));
    Ok(Found {
        events: events.map(Arc::new).collect(),
        looked_to: page.looked_to,
        id,
        more: page.more,
        settled: page.settled,
        gap,
    })
}

/// Reason why a page may not have all that lies behind an id. It is asked for behind the look, so that what was deleted or lost before that is known.
async fn gap(
    inner: &Inner,
    page: &EventsPage,
    after: EventPosition,
    id: Option<EventId>,
) -> Result<Option<Gap>, StoreError> {
    if page.settled < after {
        return Ok(Some(Gap::Lost));
    }
    match id {
        Some(id) if !is_known(inner, id).await? => {
            let is_deleted = inner.store.oldest_event().await? > after;
            Ok(Some(if is_deleted { Gap::Deleted } else { Gap::Lost }))
        }
        Some(_) | None => Ok(None),
    }
}

/// Whether everything behind an id is kept. Behind an event that is there nothing is gone. A position without one is known by its instant, or by an
/// older event.
async fn is_known(inner: &Inner, id: EventId) -> Result<bool, StoreError> {
    if !inner.store.has_event(id).await? {
        return Ok(false);
    }
    let is_recent = || {
        let kept = surely_kept(inner)..=inner.clock.now() + CLOCKS_APART;
        kept.contains(&id.at())
    };
    Ok(!id.is_of_position() || is_recent() || inner.store.oldest_event().await? <= id.position())
}

/// Instant from which on no event has been deleted, whichever gateway's clock it was by.
fn surely_kept(inner: &Inner) -> Timestamp {
    inner.clock.now() - EVENTS_KEPT + CLOCKS_APART
}
