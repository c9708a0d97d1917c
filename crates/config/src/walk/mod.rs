//! Walking a TOML file with the places of its values. Nothing stops at the first problem.
//!
//! A [`Walker`] takes sections and blocks out of the file and reads their values against lists of keys; what is left is unknown. A
//! [`SectionReader`] then judges the values of one section, and hands back what is wrong by key, since only the walker knows places.

mod section;
mod value;
mod walker;

pub use section::{Section, SectionReader, Sections};
pub use walker::{Block, Walker};
