//! Reader of configuration files, which reports all problems of a file together, with their places. It knows no section by name.
//!
//! A section is a list of [`Key`]s. A [`Walker`] reads a TOML file against such lists and makes [`Settings`]: values of the right kind, with
//! environment variables and files expanded and secrets decrypted ([`Lookup`]). The owner of a section checks its values further with a
//! [`SectionReader`]. Each problem becomes a [`Diagnostic`]; rules report theirs the same way.

mod diagnostic;
mod expand;
pub mod files;
mod settings;
mod walk;

pub use diagnostic::{ConfigError, Diagnostic, InvalidInput, Place};
pub use expand::Lookup;
pub use settings::{Key, Kind, Problem, Setting, Settings, Takes};
pub use walk::{Block, Section, SectionReader, Sections, Walker};
