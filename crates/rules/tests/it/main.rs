//! Rules, silences' matchers and time intervals through their public face.

mod corpus;
mod intervals;
mod load;
mod matchers;
mod meaning;
mod patterns;
mod rules;
mod support;
mod targets;
