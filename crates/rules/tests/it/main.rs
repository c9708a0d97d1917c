//! Rules, silences' matchers and time intervals through their public face.

mod calendars;
mod corpus;
mod intervals;
mod load;
mod matchers;
mod meaning;
mod messages;
mod patterns;
mod properties;
mod rules;
mod schema;
mod support;
mod targets;
