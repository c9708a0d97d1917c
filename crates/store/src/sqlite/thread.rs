//! Threads of the store whose end is not overlooked.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::Result;
use crate::StoreError;

/// Says why the store can do nothing any more; `None` as long as it can.
pub(super) type Ended = watch::Sender<Option<StoreError>>;

/// Starts a thread. If it panics, the store has ended.
pub(super) fn start(name: &'static str, ended: Ended, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let guarded = move || {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
            let why = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let why = why.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            tracing::error!(thread = name, why, "a thread of the store panicked; the process has to end");
            ended.send_replace(Some(StoreError::Engine(format!("its thread {name} panicked: {why}"))));
        }
    };
    std::thread::Builder::new().name(name.into()).spawn(guarded).map_err(|error| StoreError::Engine(error.to_string()))
}
