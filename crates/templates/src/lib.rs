//! Templates: texts and payloads that hold `{{ expressions }}`, in the language of Jinja.
//!
//! Everything here is pure: data in, data out; no clock, no store, no network. A [`Text`] renders to a text. A [`Payload`] is JSON whose strings may be
//! templates, and renders to JSON; a string that is one expression and nothing else keeps the type of its value. [`Texts`] are several texts that belong together. All are compiled once, with every
//! [`Problem`] told, and say what they read ([`Payload::variables`]), so that callers refuse names that nobody has. A [`Context`] holds what a template may read.
//! Nothing renders silently to nothing: what is not there is an error. Work and output are bounded, whoever wrote the template.

#![deny(missing_docs)]

mod context;
mod engine;
mod error;
mod escaping;
mod filters;
mod go;
mod instructions;
mod names;
mod operators;
mod payload;
mod repeats;
mod shape;
mod slice;
mod text;
mod value;
mod whole;

pub use context::Context;
pub use error::{Problem, RenderError};
pub use escaping::Escaping;
pub use payload::{Payload, Variable};
pub use text::{Text, Texts};
