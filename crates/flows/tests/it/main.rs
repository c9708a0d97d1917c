//! Chains, through what the crate shows to others.

mod definitions;
mod parallel;
mod policies;
mod random;
mod sets;
mod started;
mod steps;
mod views;
mod world;
