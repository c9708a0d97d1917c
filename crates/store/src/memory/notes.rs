//! Notes: small texts under a name, until an instant.

use acteon_core::{BoxFuture, Timestamp};

use super::store::{MemoryStore, ready};
use crate::StoreError;
use crate::store::{NoteSwap, Notes};

impl Notes for MemoryStore {
    fn put_note(
        &self,
        name: &str,
        text: &str,
        until: Timestamp,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        self.lock()
            .notes
            .insert(name.to_owned(), (text.to_owned(), until));
        ready(Ok(()))
    }

    fn note(
        &self,
        name: &str,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Option<String>, StoreError>> {
        ready(Ok(self
            .lock()
            .notes
            .get(name)
            .filter(|(_, until)| *until > now)
            .map(|(text, _)| text.clone())))
    }

    fn swap_note(&self, swap: NoteSwap) -> BoxFuture<'_, Result<bool, StoreError>> {
        let mut tables = self.lock();
        let found = tables
            .notes
            .get(&swap.name)
            .filter(|(_, until)| *until > swap.now)
            .map(|(text, _)| text);
        let swaps = found == swap.expected.as_ref();
        if swaps {
            tables.notes.insert(swap.name, (swap.text, swap.until));
        }
        ready(Ok(swaps))
    }
}
