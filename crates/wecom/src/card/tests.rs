//! Tests of cards: their JSON, their limits, and updates.

mod golden;
mod limits;
mod rules;
mod samples;
mod updates;
