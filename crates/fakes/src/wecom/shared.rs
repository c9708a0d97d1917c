//! What the routes share: the world, and the HTTP clients that call apps back.

use std::sync::{Mutex, PoisonError};

use acteon_http::Clients;

use super::world::World;

pub(super) struct Shared {
    world: Mutex<World>,
    pub(super) clients: Clients,
}

impl Shared {
    pub(super) fn new(world: World) -> Self {
        Self {
            world: Mutex::new(world),
            clients: Clients::new("local-wecom"),
        }
    }

    /// Runs a closure on the world, alone.
    pub(super) fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
