//! Rules, silences' matchers and time intervals through their public face.

mod intervals;
mod load;
mod matchers;
mod rules;
mod support;
