//! Configuration files: keys, the values of sections with their places, and all that is wrong with a file at once.
//!
//! A section is a list of [`Key`]s. A [`Walker`] reads a TOML file against such lists and makes [`Settings`]: values of the right kind, with
//! environment variables and files expanded and secrets decrypted ([`Lookup`]). A [`SectionReader`] checks them further, where whoever owns
//! the section knows more. What is wrong becomes a [`Diagnostic`], here and for rules alike. No section is known to this crate.

mod diagnostic;
mod expand;
pub mod files;
mod settings;
pub mod similar;
mod walk;

pub use diagnostic::{ConfigError, Diagnostic, InvalidInput, Place};
pub use expand::Lookup;
pub use settings::{Key, Kind, Problem, Setting, Settings, Takes};
pub use walk::{Block, Section, SectionReader, Sections, Walker};
