//! Template cards: what the service checks of them, and the codes that update them.
//!
//! A card stands as the JSON that was sent. [`check`] reads it when it is sent and when it replaces another. The codes of
//! [`codes`] are what an app may update a card with, each of them once.

pub(super) mod check;
pub(super) mod codes;
mod fields;
mod parts;
