//! Walk through a TOML file that knows the places of its values, and does not stop at the first problem.
//!
//! A [`Walker`] takes sections and blocks out of the file and reads their values against lists of keys; what is left is unknown. A [`SectionReader`]
//! then checks the values of one section. It reports problems by key, and the walker adds their places.

mod section;
mod value;
mod walker;

pub use section::{Section, SectionReader, Sections};
pub use walker::{Block, Walker};
