//! Templates and profiles: what the texts of payloads are made of.
//!
//! A template is a text with expressions. A profile names fields of payloads, each with a text of its own or with a template that it refers to; an action that
//! names the profile gets these fields rendered, before any rule sees it. Both belong to one namespace and tenant.

mod document;
mod fallback;
mod kept;
mod manage;

pub use document::{FieldSource, Profile, ProfileChange, Template, TemplateChange};
pub(crate) use kept::{EscapedFor, Templates};
pub use manage::Rendered;
