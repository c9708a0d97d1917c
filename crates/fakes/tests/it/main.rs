//! The local services, as their clients see them.

mod cards;
mod recall;
mod support;
mod updates;
