//! Metrics of the stream.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use acteon_gateway::Told;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// Readers of the stream, and what they were told.
#[derive(Default)]
pub(super) struct Streams {
    readers: Gauge,
    events: Counter,
    lagged: Counter,
    unreadable: Counter,
    waits: Gauge<u64, AtomicU64>,
}

/// Reader that is counted until it is dropped.
pub(crate) struct StreamCount(Gauge);

impl Streams {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "stream_readers",
            "Readers of the stream",
            self.readers.clone(),
        );
        let help = "Events that readers of the stream were told, each reader counted";
        registry.register("stream_events", help, self.events.clone());
        let help = "Times that a reader of the stream was told that events were passed over";
        registry.register("stream_lagged", help, self.lagged.clone());
        let help = "Events that could not be told as they are";
        registry.register("stream_unreadable", help, self.unreadable.clone());
        let help = "Age of the oldest event that waits for a transaction that began before its own, while somebody reads the stream";
        registry.register_with_unit("stream_waiting", help, Unit::Seconds, self.waits.clone());
    }

    pub(super) fn count(&self) -> StreamCount {
        self.readers.inc();
        StreamCount(self.readers.clone())
    }

    pub(super) fn event_unreadable(&self) {
        self.unreadable.inc();
    }

    pub(super) fn waits(&self, waits: Duration) {
        self.waits.set(waits.as_secs());
    }

    pub(super) fn told(&self, told: &Told) {
        match told {
            Told::Event(_) => self.events.inc(),
            Told::Lagged(_) => self.lagged.inc(),
        };
    }
}

impl Drop for StreamCount {
    fn drop(&mut self) {
        self.0.dec();
    }
}
