//! Approvals: a world around one, and what happens in it.

mod random;
mod steps;
mod world;
