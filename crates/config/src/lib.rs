//! Configuration files: keys, and the checked values of their sections.

#![deny(missing_docs)]

pub mod files;
mod settings;
pub mod similar;

pub use settings::{Key, Kind, Problem, Setting, Settings, Takes};
