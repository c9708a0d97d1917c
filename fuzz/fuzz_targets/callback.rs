//! Fuzzes `callback` of the wecom crate.
#![no_main]

#[path = "../../crates/wecom/tests/it/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::callback(data));
