//! Tests of callbacks: vectors, forgeries and faults, kinds of events, and properties.

mod events;
mod forged;
mod properties;
mod queries;
mod replies;
mod support;
mod vectors;
