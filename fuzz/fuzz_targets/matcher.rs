//! Fuzzes `matcher` of the rules crate.
#![no_main]

#[path = "../../crates/rules/tests/it/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::matcher(data));
