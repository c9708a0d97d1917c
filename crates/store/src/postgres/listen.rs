//! Wake-ups by other processes, told by the database: LISTEN on a connection of its own, made anew when it is lost.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::Notify;
use tokio_postgres::AsyncMessage;

use super::connect::{Conn, Connector};
use super::error::{Failure, PostgresError};
use crate::store::Wakeup;

/// Pause before a lost connection is made again. Meanwhile scans find everything.
const PAUSE: Duration = Duration::from_secs(1);

/// Wake-ups kept for who asks next, each once; beyond so many they are told as one.
const MAX_KEPT: usize = 256;

/// Wake-ups that came, for those who wait for them.
#[derive(Default)]
pub(super) struct Wakeups {
    /// Wake-ups for due rows and notes, until they are asked for.
    kept: Mutex<BTreeSet<Wakeup>>,
    came: Notify,
    /// Wakes those who wait for a change of the documents.
    pub(super) documents: Notify,
}

impl Wakeups {
    /// The next wake-up, as soon as there is one.
    pub(super) async fn next(&self) -> Wakeup {
        loop {
            let came = self.came.notified();
            if let Some(wakeup) = self.kept().pop_first() {
                return wakeup;
            }
            came.await;
        }
    }

    fn keep(&self, wakeup: Wakeup) {
        let mut kept = self.kept();
        if wakeup == Wakeup::Anything || kept.len() == MAX_KEPT {
            kept.clear();
            kept.insert(Wakeup::Anything);
        } else {
            kept.insert(wakeup);
        }
        self.came.notify_one();
    }

    fn kept(&self) -> MutexGuard<'_, BTreeSet<Wakeup>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Payload of a notification of due rows.
pub(super) const WORK: &str = "work";
pub(super) const DOCUMENTS: &str = "documents";
const NOTE: &str = "note:";
/// Longest name of a note that is told: a notification holds 8,000 bytes.
const LONGEST_NAME: usize = 1000;

/// Payload of the notification of a note.
pub(super) fn of_note(name: &str) -> String {
    if name.len() > LONGEST_NAME {
        WORK.into()
    } else {
        format!("{NOTE}{name}")
    }
}

fn wakeup_of(payload: &str) -> Wakeup {
    match payload.strip_prefix(NOTE) {
        Some(name) => Wakeup::Note(name.to_owned()),
        None => Wakeup::Work,
    }
}

/// Name of a schema's channel: all schemas of a database share the names.
pub(super) fn channel(schema: &str) -> String {
    format!("acteon:{schema}").chars().take(60).collect()
}

/// Listens until the task is aborted.
pub(super) async fn listen(connector: Connector, channel: String, wakeups: Arc<Wakeups>) {
    loop {
        if let Err(error) = listen_once(&connector, &channel, &wakeups).await {
            tracing::warn!(
                error = %PostgresError::from(&error),
                "not told of other processes' work for now; it is found by looking around"
            );
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen_once(
    connector: &Connector,
    channel: &str,
    wakeups: &Wakeups,
) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = connector.config.connect(connector.tls.clone()).await?;
    let mut messages =
        futures_util::stream::poll_fn(move |context| connection.poll_message(context));
    let listen = format!("LISTEN \"{}\"", channel.replace('"', "\"\""));
    let mut listening = std::pin::pin!(client.batch_execute(&listen));
    let mut listens = false;
    loop {
        tokio::select! {
            result = &mut listening, if !listens => {
                result?;
                listens = true;
                // What came before is found now.
                wakeups.keep(Wakeup::Anything);
                wakeups.documents.notify_waiters();
            }
            message = messages.next() => match message {
                None => return Ok(()),
                Some(Err(error)) => return Err(error),
                Some(Ok(AsyncMessage::Notification(notification))) if notification.payload() == DOCUMENTS => wakeups.documents.notify_waiters(),
                Some(Ok(AsyncMessage::Notification(notification))) => wakeups.keep(wakeup_of(notification.payload())),
                Some(Ok(_)) => {}
            }
        }
    }
}

pub(super) async fn tell(conn: &Conn, channel: &str, what: &str) -> Result<(), Failure> {
    conn.execute("SELECT pg_notify($1, $2)", &[&channel, &what])
        .await?;
    Ok(())
}
