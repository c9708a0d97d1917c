//! Table of all connections, so that one can give way to another.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::limits::RESERVED_CONNECTIONS;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::connection::{Connection, Unused};

/// Most candidates that one look at all connections keeps, so that a flood does not cost a look for
/// each.
const CANDIDATES: usize = 256;
/// Pause after a look that found none.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

pub(super) struct Table {
    limit: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    next: u64,
    all: BTreeMap<u64, Arc<Connection>>,
    /// Number of connections that were told to close and have not gone yet.
    closing: usize,
    /// Ids of connections that may give way, the next one to go last.
    candidates: Vec<u64>,
    looked: Option<Instant>,
}

impl Table {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            inner: Mutex::default(),
        }
    }

    /// Adds a connection; another may have to give way. `None` when even the reserve is full of
    /// connections that are in use.
    pub(super) fn enter(&self, stream: &TcpStream) -> Option<Arc<Connection>> {
        let nobody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let peer = stream
            .peer_addr()
            .map_or(nobody, |address| address.ip().to_canonical());
        let local = stream
            .local_addr()
            .map_or(nobody, |address| address.ip().to_canonical());
        let mut inner = self.lock();
        let taken = inner.all.len() - inner.closing;
        let reserved = taken >= self.limit && !inner.close_one();
        if reserved && taken >= self.limit + RESERVED_CONNECTIONS && !inner.close_reserved() {
            return None;
        }
        inner.next += 1;
        let connection = Arc::new(Connection::new(inner.next, peer, local, reserved));
        inner.all.insert(connection.id(), Arc::clone(&connection));
        Some(connection)
    }

    pub(super) fn leave(&self, connection: &Connection) {
        let mut inner = self.lock();
        inner.all.remove(&connection.id());
        if connection.is_leaving() {
            inner.closing -= 1;
        }
    }

    /// Closes the connection that is idle the longest; `false` where there is none.
    pub(super) fn make_room(&self) -> bool {
        self.lock().close_one()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn close_one(&mut self) -> bool {
        loop {
            while let Some(id) = self.candidates.pop() {
                let found = self
                    .all
                    .get(&id)
                    .filter(|connection| connection.unused().is_some())
                    .cloned();
                if let Some(connection) = found {
                    self.tell_to_close(&connection);
                    return true;
                }
            }
            if self.looked.is_some_and(|at| at.elapsed() < LOOK_AGAIN) {
                return false;
            }
            self.look();
            if self.candidates.is_empty() {
                self.looked = Some(Instant::now());
                return false;
            }
        }
    }

    /// Closes the oldest connection beyond the limit, whatever it does: what they may ask for takes
    /// a moment.
    fn close_reserved(&mut self) -> bool {
        let oldest = self
            .all
            .values()
            .find(|connection| connection.is_reserved() && !connection.is_leaving())
            .cloned();
        oldest
            .inspect(|connection| self.tell_to_close(connection))
            .is_some()
    }

    fn tell_to_close(&mut self, connection: &Connection) {
        connection.give_way();
        self.closing += 1;
    }

    fn look(&mut self) {
        let unused = |connection: &Arc<Connection>| Some((connection.unused()?, connection.id()));
        let mut found: Vec<(Unused, u64)> = self.all.values().filter_map(unused).collect();
        found.sort_unstable();
        self.candidates = found
            .split_off(found.len().saturating_sub(CANDIDATES))
            .into_iter()
            .map(|(_, id)| id)
            .collect();
    }
}
