//! Chains, through what the crate shows to others.

mod approvals;
mod callbacks;
mod cards;
mod definitions;
mod dropped;
mod ends;
mod example;
mod ids;
mod later;
mod parallel;
mod policies;
mod random;
mod resets;
mod sets;
mod signals;
mod slips;
mod started;
mod stepping;
mod steps;
mod views;
mod waits;
mod world;
mod written;
