//! Cards and callbacks: people decide by buttons of messages, and what a provider's service tells of it is done once.

pub(crate) mod act;
pub(crate) mod receive;
mod words;
pub(crate) mod writer;
