//! Cards: sent, pressed, changed, and what is said where they cannot be.

mod random;
mod steps;
mod world;

pub(crate) use world::event;
