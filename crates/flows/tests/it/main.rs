//! Chains, through what the crate shows to others.

mod approvals;
mod definitions;
mod ends;
mod example;
mod parallel;
mod policies;
mod random;
mod sets;
mod signals;
mod started;
mod steps;
mod views;
mod waits;
mod world;
mod written;
