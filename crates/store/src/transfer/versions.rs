//! Rows of earlier versions of the lines, as this version has them.

use acteon_core::Priority;

use super::value::{Value, fits};
use crate::tables::Kind::{Flag, Integer, Text};
use crate::tables::{Kind, Table};

/// The columns of jobs up to version 1, which knew lanes and no providers, and in which whatever was held may have been sent.
const JOBS_1: [(&str, Kind); 11] = [
    ("seq", Integer),
    ("owner", Integer),
    ("lane", Text),
    ("due_at", Integer),
    ("give_up_at", Integer),
    ("attempts", Integer),
    ("rounds", Integer),
    ("takeovers", Integer),
    ("possible_duplicate", Flag),
    ("history", Text),
    ("outcome", Text),
];

/// A row of version 1 as one of version 2, unless it is none.
pub(super) fn from_version_1(table: &Table, mut values: Vec<Value>) -> Vec<Value> {
    match table.name {
        "actions" => values.push(Value::Nothing(())),
        "jobs" if fits(&values, &JOBS_1) => {
            let held = matches!(values.get(1), Some(Value::Integer(owner)) if *owner != 0);
            values[2] = Value::Text(String::new());
            values.splice(5..5, [Value::Nothing(()), Value::Flag(held)]);
            values.splice(11..11, [Value::Integer(0), Value::Nothing(())]);
        }
        _ => {}
    }
    values
}

/// A row of version 2, which knew neither priorities nor classes of failures, as one of this version.
pub(super) fn from_version_2(table: &Table, mut values: Vec<Value>) -> Vec<Value> {
    match table.name {
        "jobs" => values.push(Value::Integer(Priority::Normal.number())),
        "outcomes" => values.push(Value::Nothing(())),
        _ => {}
    }
    values
}
