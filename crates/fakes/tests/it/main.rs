//! The local services, as their clients see them.

mod app;
mod callbacks;
mod cards;
mod media;
mod presses;
mod recall;
mod support;
mod types;
mod updates;
