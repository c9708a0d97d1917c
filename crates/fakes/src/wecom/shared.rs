//! World that the routes share.

use std::sync::{Mutex, PoisonError};

use super::world::World;

pub(super) struct Shared {
    world: Mutex<World>,
}

impl Shared {
    pub(super) fn new(world: World) -> Self {
        Self {
            world: Mutex::new(world),
        }
    }

    /// Runs a closure on the world, alone.
    pub(super) fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
