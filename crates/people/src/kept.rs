//! Definitions of one kind by their folded ids, those of a file before those of the API.

use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use crate::defined::Defined;

/// Definitions of one kind. Cloning is cheap.
pub(crate) struct Kept<T> {
    slots: RedBlackTreeMapSync<Box<str>, Slot<T>>,
    /// Number of those of the API.
    count: usize,
    /// Bytes that those of the API take in the store.
    bytes: usize,
}

/// Definitions of one id.
struct Slot<T> {
    of_file: Option<Arc<Defined<T>>>,
    /// Definition by the API, and its bytes in the store. A file's covers it.
    of_api: Option<(Arc<Defined<T>>, usize)>,
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self {
            of_file: self.of_file.clone(),
            of_api: self.of_api.clone(),
        }
    }
}

impl<T> Slot<T> {
    fn in_force(&self) -> Option<&Arc<Defined<T>>> {
        let of_api = self.of_api.as_ref().map(|(defined, _)| defined);
        self.of_file.as_ref().or(of_api)
    }
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self {
            slots: self.slots.clone(),
            count: self.count,
            bytes: self.bytes,
        }
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self {
            slots: RedBlackTreeMapSync::default(),
            count: 0,
            bytes: 0,
        }
    }
}

impl<T> Kept<T> {
    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Defined<T>>> {
        self.slots.get(id)?.in_force()
    }

    /// Definition by the API, covered or not.
    pub(crate) fn of_api(&self, id: &str) -> Option<&Arc<Defined<T>>> {
        let (defined, _) = self.slots.get(id)?.of_api.as_ref()?;
        Some(defined)
    }

    /// Definitions in force, in the order of their ids.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Defined<T>>> {
        self.slots.values().filter_map(Slot::in_force)
    }

    /// Ids whose definition by the API a file covers.
    pub(crate) fn covered(&self) -> impl Iterator<Item = &str> {
        let covered = |slot: &Slot<T>| slot.of_file.is_some() && slot.of_api.is_some();
        let slots = self.slots.iter().filter(move |(_, slot)| covered(slot));
        slots.map(|(id, _)| &**id)
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.size()
    }

    /// Number of those of the API, and their bytes in the store.
    pub(crate) fn sizes(&self) -> (usize, usize) {
        (self.count, self.bytes)
    }

    pub(crate) fn put(&mut self, id: &str, defined: Defined<T>, bytes: usize) {
        self.remove(id);
        let of_file = self.slots.get(id).and_then(|slot| slot.of_file.clone());
        self.count += 1;
        self.bytes += bytes;
        let of_api = Some((Arc::new(defined), bytes));
        self.slots.insert_mut(id.into(), Slot { of_file, of_api });
    }

    pub(crate) fn remove(&mut self, id: &str) {
        let Some(mut slot) = self.slots.get(id).cloned() else {
            return;
        };
        if let Some((_, bytes)) = slot.of_api.take() {
            self.count -= 1;
            self.bytes -= bytes;
        }
        if slot.of_file.is_none() {
            self.slots.remove_mut(id);
        } else {
            self.slots.insert_mut(id.into(), slot);
        }
    }

    /// Leaves none of the API.
    pub(crate) fn clear(&mut self) {
        let of_api: Vec<Box<str>> = self.slots.keys().cloned().collect();
        for id in &of_api {
            self.remove(id);
        }
    }

    /// Puts others in the place of those of the file.
    pub(crate) fn set_file<'t>(&mut self, file: impl Iterator<Item = (String, &'t Arc<Defined<T>>)>)
    where
        T: 't,
    {
        let mut slots = RedBlackTreeMapSync::default();
        for (id, slot) in &self.slots {
            let of_api = slot.of_api.clone();
            if of_api.is_some() {
                let of_file = None;
                slots.insert_mut(id.clone(), Slot { of_file, of_api });
            }
        }
        for (id, defined) in file {
            let of_api = slots
                .get(&*id)
                .and_then(|slot: &Slot<T>| slot.of_api.clone());
            let of_file = Some(Arc::clone(defined));
            slots.insert_mut(id.into(), Slot { of_file, of_api });
        }
        self.slots = slots;
    }
}
