//! The local services, as their clients see them.

mod cards;
mod media;
mod recall;
mod support;
mod types;
mod updates;
