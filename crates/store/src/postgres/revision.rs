//! The revision of the documents, which each change of them raises.

use super::calls;
use super::connect::{Conn, in_time};
use super::error::Failure;
use super::store::{LOOK_EVERY, PostgresStore};
use crate::StoreError;

/// Lets changes of documents go one after the other. The first lock of each, so that no two wait for one another.
pub(super) async fn lock_revision(conn: &Conn) -> Result<(), Failure> {
    conn.query_one(
        "SELECT revision FROM revisions WHERE name = 'documents' FOR UPDATE",
        &[],
    )
    .await?;
    Ok(())
}

/// Raises the revision; says what it is now. Its row is locked until the commit, so that revisions are committed in their order.
pub(super) async fn raise(conn: &Conn) -> Result<i64, Failure> {
    let raise =
        "UPDATE revisions SET revision = revision + 1 WHERE name = 'documents' RETURNING revision";
    Ok(conn.query_one(raise, &[]).await?.try_get(0)?)
}

impl PostgresStore {
    /// Waits until the documents have another revision.
    pub(super) async fn another_revision(&self, known: i64) -> Result<i64, StoreError> {
        loop {
            let told = self.wakeups.documents.notified();
            let revision = call!(self.own, conn => revision(conn))?;
            if revision != known {
                return Ok(revision);
            }
            drop(tokio::time::timeout(LOOK_EVERY, told).await);
        }
    }
}

pub(super) async fn revision(conn: &Conn) -> Result<i64, Failure> {
    let select = conn
        .prepare_cached("SELECT revision FROM revisions WHERE name = 'documents'")
        .await?;
    Ok(conn.query_one(&select, &[]).await?.try_get(0)?)
}
