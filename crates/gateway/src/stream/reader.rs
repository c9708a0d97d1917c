//! Readers of the stream: what they missed from the store, and then what comes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use acteon_core::limits::MAX_EVENTS;
use acteon_core::with_causes;
use acteon_store::{EventId, EventPosition, StoreError};

use crate::shared::{Gateway, Inner};
use crate::stream::event::StreamEvent;
use crate::stream::filter::StreamFilter;
use crate::stream::follower::Joined;

/// Pause before a look that failed, or that did not come as far as the tail, is made again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Looks that may fail in a row before a reader is told to come back.
const MAX_FAILURES: u32 = 50;

/// Reader of the stream.
pub struct StreamReader {
    inner: Arc<Inner>,
    filter: Arc<StreamFilter>,
    /// Position up to which it has been told everything, but for what is ready.
    after: EventPosition,
    ready: VecDeque<Arc<StreamEvent>>,
    /// Number of events that it is to be told it missed.
    missed: Option<u64>,
    /// Its place at the tail, once it has read what it missed.
    joined: Option<Joined>,
    stage: Stage,
    failures: u32,
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
            Some(id) if reader.inner.store.has_event(id).await? => reader.after = id.position(),
            Some(_) | None => reader.missed = Some(0),
        }
        Ok(reader)
    }
}

impl StreamReader {
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
        let Some(Joined { queue, skipped, .. }) = &mut self.joined else {
            self.stage = Stage::Over;
            return;
        };
        let Some(event) = queue.recv().await else {
            self.stage = Stage::Over;
            let skipped = skipped.load(Ordering::Acquire);
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
        let inner = Arc::clone(&self.inner);
        let page = {
            let _turn = inner.stream_looks.acquire().await;
            inner.store.events(self.after, MAX_EVENTS).await?
        };
        if page.settled < self.after {
            // A fail-over lost what it was told last.
            (self.missed, self.stage) = (Some(0), Stage::Over);
            return Ok(());
        }
        let mut found = VecDeque::new();
        for event in page.events {
            if self.filter.may_let_through(&event) {
                let event = StreamEvent::of(&inner, event).await?;
                if self.filter.lets_through(&event) {
                    found.push_back(Arc::new(event));
                }
            }
        }
        // All of the page or nothing: who drops this in the middle has it again.
        self.ready = found;
        self.after = page.looked_to;
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
