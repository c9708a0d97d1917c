//! Callbacks through the library's public face, as fuzzing found them.

mod corpus;
mod targets;
