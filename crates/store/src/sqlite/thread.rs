//! Threads of the store whose end is not overlooked.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;

use super::Result;
use crate::StoreError;
pub(super) use crate::error::Ended;
use crate::error::words_of_panic;

/// Starts a thread. If it panics, the store has ended.
pub(super) fn start(
    name: &'static str,
    ended: Ended,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>> {
    let guarded = move || {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
            let why = words_of_panic(&*panic);
            tracing::error!(
                thread = name,
                why,
                "a thread of the store panicked; the process has to end"
            );
            ended.send_replace(Some(StoreError::Engine(
                format!("its thread {name} panicked: {why}").into(),
            )));
        }
    };
    std::thread::Builder::new()
        .name(name.into())
        .spawn(guarded)
        .map_err(|error| StoreError::Engine(error.into()))
}
