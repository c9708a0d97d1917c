//! The harness on virtual time, and the local WeChat Work as its clients see it.

mod backlog;
mod decisions;
mod deterministic;
mod faults;
mod harness;
mod intervals;
mod lanes;
mod late_answers;
mod left_alone;
mod parents;
mod postponed;
mod repairs;
mod replaced;
mod retention;
mod silence;
mod spilling;
mod starts;
mod steps;
mod strangers;
mod stream;
mod stream_gaps;
mod token_clock;
mod told_once;
mod unreadable;
mod wall_instants;
mod wecom;
