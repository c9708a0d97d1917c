//! The local services, as their clients see them.

mod app;
mod browser;
mod callbacks;
mod cards;
mod media;
mod page;
mod presses;
mod recall;
mod support;
mod types;
mod updates;
