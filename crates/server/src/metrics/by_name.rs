//! Handles of metrics by names that come from outside.
//!
//! A handle is made when its name is first seen; after that counting costs a look at a table and no text is made. There is room for a bounded
//! number of names: what comes later is counted together, as `other`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Name that all share for whom there is no room.
pub(super) const OTHER: &str = "other";

/// Number of names that may still be taken in, which several tables may share.
pub(super) type Room = Arc<AtomicUsize>;

/// Room for `names` names.
pub(super) fn room(names: usize) -> Room {
    Arc::new(AtomicUsize::new(names))
}

pub(super) struct ByName<V> {
    known: RwLock<HashMap<Arc<str>, Arc<V>>>,
    room: Room,
}

impl<V> ByName<V> {
    pub(super) fn new(room: Room) -> Self {
        Self {
            known: RwLock::default(),
            room,
        }
    }

    /// Closes the table: further names count as [`OTHER`].
    pub(super) fn close(&self) {
        self.room.store(0, Ordering::Relaxed);
    }

    /// Handles of a name, made by `make` when it is first seen.
    pub(super) fn of(&self, name: &str, make: impl FnOnce(Arc<str>) -> V) -> Arc<V> {
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            let is_full = || self.room.load(Ordering::Relaxed) == 0;
            if let Some(handles) = known
                .get(name)
                .or_else(|| known.get(OTHER).filter(|_| is_full()))
            {
                return Arc::clone(handles);
            }
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(handles) = known.get(name) {
            return Arc::clone(handles);
        }
        let taken = self
            .room
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| {
                room.checked_sub(1)
            })
            .is_ok();
        let name: Arc<str> = if taken { name.into() } else { OTHER.into() };
        Arc::clone(
            known
                .entry(Arc::clone(&name))
                .or_insert_with(|| Arc::new(make(name))),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_room_share_one_handle() {
        let table = ByName::new(room(2));
        let name = |name: &str| table.of(name, |name| name.to_string()).to_string();
        assert_eq!(
            ["a", "b", "a", "c", "d", "b"].map(name),
            ["a", "b", "a", OTHER, OTHER, "b"]
        );
        let table = ByName::new(room(2));
        let name = |name: &str| table.of(name, |name| name.to_string()).to_string();
        assert_eq!(name("a"), "a");
        table.close();
        assert_eq!(["b", "a"].map(name), [OTHER, "a"]);
    }
}
