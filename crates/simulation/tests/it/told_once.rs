//! What the log is told while a store fails for long.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acteon_simulation::harness::{Fails, FaultSwitch};
use acteon_store::{MemoryStore, StoreCall, StoreError};
use tokio::time::sleep;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

use crate::lanes::{Service, gateway_on};

/// Counts the lines of level error by their message.
#[derive(Clone, Default)]
struct Errors(Arc<Mutex<BTreeMap<String, usize>>>);

impl Errors {
    /// Listens on this thread, with a second listener beside: tracing asks a single one by the thread that comes to a line first, which may be that of
    /// a test that listens to nothing, and then takes the line for one that nobody wants.
    fn listen(&self) -> (DefaultGuard, Dispatch) {
        let beside = Dispatch::new(self.clone());
        (tracing::subscriber::set_default(self.clone()), beside)
    }

    fn take(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut *self.0.lock().expect("a map"))
    }
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for Errors {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::ERROR
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        *self.0.lock().expect("a map").entry(message.0).or_default() += 1;
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_for_long_is_told_of_once_and_then_each_minute() {
    let errors = Errors::default();
    let _listening = errors.listen();
    let switch = FaultSwitch::default();
    let store = switch.around(Arc::<MemoryStore>::default());
    let gateway = gateway_on(store, &Service::taking(100), None).await;
    for _ in 0..2 {
        for call in [
            StoreCall::Renew,
            StoreCall::Heartbeats,
            StoreCall::Claim,
            StoreCall::PutNote,
            StoreCall::Note,
            StoreCall::OpenShares,
        ] {
            switch.fail_with(
                call,
                Fails::UntilLifted,
                StoreError::Lost("its files are gone".into()),
            );
        }
        sleep(Duration::from_mins(10) + Duration::from_secs(30)).await;
        let mut told = errors.take();
        assert_eq!(told.remove("the store fails"), Some(1), "{told:?}");
        let reminders = told.remove("the store still fails");
        assert!(
            reminders.is_some_and(|count| (9..=10).contains(&count)),
            "{reminders:?}"
        );
        assert!(
            told.contains_key("the lease could not be renewed; sends stop before it runs out"),
            "{told:?}"
        );
        assert!(told.values().all(|count| *count == 1), "{told:?}");
        switch.lift();
        sleep(Duration::from_secs(20)).await;
        assert!(gateway.store_trouble().is_none());
        errors.take();
    }
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_done_long_ago_is_told_of_again_in_an_outage() {
    let errors = Errors::default();
    let _listening = errors.listen();
    let switch = FaultSwitch::default();
    let store = switch.around(Arc::<MemoryStore>::default());
    let _gateway = gateway_on(store, &Service::taking(100), None).await;
    let line = "the lease could not be renewed; sends stop before it runs out";
    switch.fail_with(StoreCall::Renew, Fails::Once, StoreError::Busy);
    sleep(Duration::from_mins(30)).await;
    assert_eq!(errors.take().remove(line), Some(1));
    switch.fail_with(
        StoreCall::Renew,
        Fails::UntilLifted,
        StoreError::Lost("its files are gone".into()),
    );
    sleep(Duration::from_mins(2)).await;
    let told = errors.take();
    assert_eq!(told.get(line), Some(&1), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_cannot_be_renewed_is_told_of_between_two_attempts_and_no_more_once_it_is() {
    let switch = FaultSwitch::default();
    let store = switch.around(Arc::<MemoryStore>::default());
    let gateway = gateway_on(store, &Service::taking(100), None).await;
    switch.fail_with(StoreCall::Renew, Fails::UntilLifted, StoreError::Locked);
    while !gateway.store_is_failing() {
        sleep(Duration::from_millis(100)).await;
    }
    for tenth in 0..600 {
        assert!(
            gateway.store_is_failing(),
            "after {tenth} tenths of a second"
        );
        sleep(Duration::from_millis(100)).await;
    }
    switch.lift();
    sleep(Duration::from_secs(5)).await;
    assert_eq!(gateway.store_trouble(), None);
}
