//! Notes: small texts under a name, until an instant.

use acteon_core::{BoxFuture, Timestamp};

use super::connect::{Conn, in_time};
use super::error::Failure;
use super::rows::key;
use super::store::PostgresStore;
use super::{calls, listen};
use crate::StoreError;
use crate::store::{NoteSwap, Notes};

impl Notes for PostgresStore {
    fn put_note(
        &self,
        name: &str,
        text: &str,
        until: Timestamp,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        let (name, text) = (name.to_owned(), text.to_owned());
        Box::pin(async move {
            change!(self.own, conn, _again => put_note(conn, &name, &text, until))?;
            self.tell(&listen::of_note(&name)).await;
            Ok(())
        })
    }

    fn note(
        &self,
        name: &str,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Option<String>, StoreError>> {
        let name = name.to_owned();
        Box::pin(async move { call!(self.own, conn => note(conn, &name, now)) })
    }

    fn swap_note(&self, swap: NoteSwap) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            change!(self.own, conn, again => async {
                Ok(swap_note(conn, &swap).await? || again && holds(conn, &swap).await?)
            })
        })
    }
}

async fn put_note(conn: &Conn, name: &str, text: &str, until: Timestamp) -> Result<(), Failure> {
    let upsert = "INSERT INTO notes (name, text, until) VALUES ($1, $2, $3) \
         ON CONFLICT (name) DO UPDATE SET text = excluded.text, until = excluded.until";
    conn.execute(upsert, &[&key(name), &text, &until.as_millis()])
        .await?;
    Ok(())
}

async fn note(conn: &Conn, name: &str, now: Timestamp) -> Result<Option<String>, Failure> {
    let select = conn
        .prepare_cached("SELECT text FROM notes WHERE name = $1 AND until > $2")
        .await?;
    let row = conn
        .query_opt(&select, &[&key(name), &now.as_millis()])
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Swaps a note in one statement, so that of two who try one loses.
async fn swap_note(conn: &Conn, note: &NoteSwap) -> Result<bool, Failure> {
    let NoteSwap {
        name,
        expected,
        text,
        now,
        until,
    } = note;
    let swap = match expected {
        Some(_) => {
            "UPDATE notes SET text = $2, until = $4 WHERE name = $1 AND until > $3 AND text = $5"
        }
        None => {
            "INSERT INTO notes (name, text, until) SELECT $1, $2, $4 WHERE $5::text IS NULL \
             ON CONFLICT (name) DO UPDATE SET text = excluded.text, until = excluded.until WHERE notes.until <= $3"
        }
    };
    Ok(conn
        .execute(
            swap,
            &[
                &key(name),
                text,
                &now.as_millis(),
                &until.as_millis(),
                expected,
            ],
        )
        .await?
        == 1)
}

/// Whether a note holds this text until this instant: a swap whose answer was lost was done.
async fn holds(conn: &Conn, note: &NoteSwap) -> Result<bool, Failure> {
    let NoteSwap {
        name, text, until, ..
    } = note;
    let select = "SELECT 1 FROM notes WHERE name = $1 AND text = $2 AND until = $3";
    Ok(conn
        .query_opt(select, &[&key(name), text, &until.as_millis()])
        .await?
        .is_some())
}
