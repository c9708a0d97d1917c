//! Fuzzes `cron` of the schedule crate.
#![no_main]

#[path = "../../crates/schedule/tests/it/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::cron(data));
