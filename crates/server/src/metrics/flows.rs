//! Metric of flows, looked up at each scrape.

use std::sync::atomic::AtomicU64;

use acteon_gateway::Backlog;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::labels::{FlowLabels, Text};

/// Gauge of flows by kind and status.
#[derive(Default)]
pub(super) struct Flows(Family<FlowLabels, Gauge<u64, AtomicU64>>);

impl Flows {
    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "Flows, such as recurring actions, by kind and status; a stuck one does not go on by itself";
        registry.register("flows", help, self.0.clone());
    }

    pub(super) fn set(&self, backlog: &Backlog) {
        self.0.clear();
        for found in &backlog.flows {
            let labels = FlowLabels {
                kind: Text::clone(&found.kind),
                status: Text::clone(&found.status),
            };
            self.0.get_or_create(&labels).inc_by(found.count as u64);
        }
    }
}
