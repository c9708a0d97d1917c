//! The harness on virtual time, and the local WeChat Work as its clients see it.

mod harness;
mod wecom;
