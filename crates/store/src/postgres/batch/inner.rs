//! State that the workers of a queue share: attempts on a connection, and answers to callers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::Pool;
use tokio::sync::Notify;

use super::batched::{Batched, Effects, Waiting};
use super::queue::Queue;
use crate::postgres::connect::{Conn, in_time};
use crate::postgres::error::Failure;

pub(super) struct Inner<B: Batched> {
    pub(super) kind: B,
    pub(super) pool: Pool,
    pub(super) queue: Mutex<Queue<B>>,
    pub(super) arrived: Notify,
    /// Longest that an item may wait for its turn.
    pub(super) patience: Duration,
}

impl<B: Batched> Inner<B> {
    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, Queue<B>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers the callers of items that are done; returns the others.
    pub(super) fn answer(
        &self,
        items: Vec<Waiting<B>>,
        effects: Effects<B::Effect>,
    ) -> Vec<Waiting<B>> {
        let mut left = Vec::new();
        for (waiting, effect) in items.into_iter().zip(effects) {
            match effect {
                None => left.push(waiting),
                Some(effect) => {
                    if let Ok(effect) = &effect {
                        self.kind.committed(&waiting.item, effect);
                    }
                    // Whoever asked may have gone; what was asked for is done.
                    drop(waiting.reply.send(effect));
                }
            }
        }
        left
    }

    pub(super) async fn attempt(
        &self,
        items: &[Arc<B::Item>],
        again: bool,
    ) -> Result<Effects<B::Effect>, Failure> {
        let conn = Conn::of(&self.pool).await?;
        match in_time(self.kind.attempt(&conn, items, again)).await {
            Ok(effects) => {
                conn.done();
                Ok(effects)
            }
            Err(failure) => {
                conn.undone(&failure).await;
                Err(failure)
            }
        }
    }
}
