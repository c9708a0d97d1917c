//! Work whose cost a caller chooses, off the threads of the runtime: one of them is half of a small machine.

use std::sync::LazyLock;

use acteon_core::limits::MAX_INLINE_BYTES;
use axum::http::StatusCode;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::Refusal;

/// Permits for such work, as many as there are cores: more would take turns on them, and each holds
/// what it works on.
static WORKERS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)));

/// Does `work` over `bytes` bytes: at once if they are few, otherwise on a thread of its own.
pub(super) async fn off_runtime<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    if bytes <= MAX_INLINE_BYTES {
        return Ok(work());
    }
    let Ok(permit) = WORKERS.acquire().await else {
        return Err(broke_off());
    };
    let work = move || {
        // Held until it is done, also when its caller has left.
        let _permit = permit;
        work()
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| broke_off())
}

/// Turns for work that holds much memory while it lasts.
pub(crate) struct Turns(Semaphore);

impl Turns {
    pub(crate) const fn new(at_a_time: usize) -> Self {
        Self(Semaphore::const_new(at_a_time))
    }

    /// Waits for a turn, which lasts until it is dropped.
    pub(super) async fn take(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        self.0.acquire().await.map_err(|_| broke_off())
    }
}

/// Turns for evaluations, previews and searches, with few places to wait for one: who waits holds a
/// body meanwhile.
pub(crate) struct Asides {
    places: Semaphore,
    turns: Turns,
}

/// Turn of an evaluation, preview or search, with the place that it waited in.
pub(super) struct Aside<'a> {
    _turn: SemaphorePermit<'a>,
    _place: SemaphorePermit<'a>,
}

impl Asides {
    pub(crate) const fn new(at_a_time: usize, waiting: usize) -> Self {
        Self {
            places: Semaphore::const_new(at_a_time + waiting),
            turns: Turns::new(at_a_time),
        }
    }

    /// Waits for a turn; a refusal where no place to wait is free.
    pub(super) async fn take(&self) -> Result<Aside<'_>, Refusal> {
        let message = "too many evaluations, previews and searches wait for their turn; try again";
        let place = self
            .places
            .try_acquire()
            .map_err(|_| Refusal::come_back("ASIDES_FULL", message))?;
        Ok(Aside {
            _turn: self.turns.take().await?,
            _place: place,
        })
    }
}

fn broke_off() -> Refusal {
    Refusal::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "BROKE_OFF",
        "the request could not be worked on; this is a fault of the server",
    )
}
