//! News of other processes, told by the database: LISTEN on a connection of its own, made anew when it is lost.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::Notify;
use tokio_postgres::AsyncMessage;

use super::connect::{Conn, Connector};
use super::error::{Failure, told_by};

/// Pause before a lost connection is made anew. Meanwhile looking around finds everything.
const PAUSE: Duration = Duration::from_secs(1);

/// Whom to wake for what.
#[derive(Default)]
pub(super) struct News {
    /// Due rows and notes.
    pub(super) work: Notify,
    /// Documents.
    pub(super) documents: Notify,
}

/// What a notification says.
pub(super) const WORK: &str = "work";
pub(super) const DOCUMENTS: &str = "documents";

/// The channel of a schema: channels are the whole database's.
pub(super) fn channel(schema: &str) -> String {
    format!("acteon:{schema}").chars().take(60).collect()
}

/// Listens until the task is aborted.
pub(super) async fn listen(connector: Connector, channel: String, news: Arc<News>) {
    loop {
        if let Err(error) = listen_once(&connector, &channel, &news).await {
            tracing::warn!(error = told_by(&error), "not told of other processes' work for now; it is found by looking around");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen_once(connector: &Connector, channel: &str, news: &News) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = connector.config.connect(connector.tls.clone()).await?;
    let mut messages = futures_util::stream::poll_fn(move |context| connection.poll_message(context));
    let listen = format!("LISTEN \"{}\"", channel.replace('"', "\"\""));
    let mut listening = std::pin::pin!(client.batch_execute(&listen));
    let mut listens = false;
    loop {
        tokio::select! {
            result = &mut listening, if !listens => {
                result?;
                listens = true;
                // What came before is found now.
                news.work.notify_waiters();
                news.documents.notify_waiters();
            }
            message = messages.next() => match message {
                None => return Ok(()),
                Some(Err(error)) => return Err(error),
                Some(Ok(AsyncMessage::Notification(note))) if note.payload() == DOCUMENTS => news.documents.notify_waiters(),
                Some(Ok(AsyncMessage::Notification(_))) => news.work.notify_waiters(),
                Some(Ok(_)) => {}
            }
        }
    }
}

pub(super) async fn tell(conn: &Conn, channel: &str, what: &str) -> Result<(), Failure> {
    conn.execute("SELECT pg_notify($1, $2)", &[&channel, &what]).await?;
    Ok(())
}
