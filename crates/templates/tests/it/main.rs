//! Templates as callers write them: what they render to, what is told about those that are wrong, and what bounds them.

mod bounds;
mod payloads;
mod texts;
