//! Reading files that may hang, such as those on a file system that went away.
//!
//! A reading that takes too long is given up, and what it finds later is thrown away. Its thread stays until the file system lets it go, so there is one
//! of them for each kind of file at most: until it has ended the next reading does not begin.

use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout_at};

/// Longest time that a reading may take, with the wait for its turn.
const LIMIT: Duration = Duration::from_secs(10);

/// Readings of one kind of file, one after the other.
#[derive(Default)]
pub(crate) struct Reading(Mutex<Hanging>);

/// Thread of a reading that was given up and has not ended, if there is one.
type Hanging = Option<JoinHandle<()>>;

/// Turn of a reading; `None` if it never came. The next reading does not begin before the turn is
/// over, so that readings take effect in their order.
pub(crate) type Turn<'r> = Option<MutexGuard<'r, Hanging>>;

/// Reading that failed, and why.
pub(crate) enum Unread {
    /// The reading took too long, or an earlier one still does.
    Late,
    /// The thread of the reading panicked.
    BrokeOff,
}

impl Reading {
    /// Result of `read`, on a thread that may wait for a file.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> (Turn<'_>, Result<T, Unread>) {
        let end = Instant::now() + LIMIT;
        let Ok(mut hanging) = timeout_at(end, self.0.lock()).await else {
            return (None, Err(Unread::Late));
        };
        let found = read_until(end, &mut hanging, read).await;
        (Some(hanging), found)
    }
}

async fn read_until<T: Send + 'static>(
    end: Instant,
    before: &mut Hanging,
    read: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Unread> {
    if let Some(hanging) = before {
        drop(timeout_at(end, hanging).await.map_err(|_| Unread::Late)?);
        *before = None;
    }
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let reading = spawn_blocking(move || drop(sender.send(read())));
    match timeout_at(end, receiver).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(_)) => Err(Unread::BrokeOff),
        Err(_) => {
            *before = Some(reading);
            Err(Unread::Late)
        }
    }
}

impl Unread {
    /// Message about a failed reading of `what`.
    pub(crate) fn of(&self, what: &str) -> String {
        match self {
            Self::Late => {
                let limit = LIMIT.as_secs();
                format!(
                    "{what} could not be read within {limit} s: see whether its file system answers, then ask once more"
                )
            }
            Self::BrokeOff => format!("reading {what} broke off"),
        }
    }
}
