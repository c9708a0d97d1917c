//! Template cards: what the service checks of them, what members press on them, and the codes that update them.
//!
//! A card stands as the JSON that was sent. [`check`] reads it when it is sent and when it replaces another, [`face`] when a
//! member presses something on what they see. The codes of [`codes`] are what an app may update a card with, each of them once.

pub(super) mod check;
pub(super) mod codes;
pub(super) mod face;
mod fields;
mod parts;
