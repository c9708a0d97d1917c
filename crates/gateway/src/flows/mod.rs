//! Flows: what happens later. Their kinds are pure; here they are given what they look at, and what they ask for is written in one commit.

pub(crate) mod child;
pub(crate) mod due;
pub(crate) mod effects;
pub(crate) mod events;
pub(crate) mod kinds;
pub(crate) mod look;
pub(crate) mod no_room;
pub(crate) mod room;
pub(crate) mod step;
pub(crate) mod words;
