//! The harness on virtual time, and the local WeChat Work as its clients see it.

mod decisions;
mod harness;
mod wecom;
