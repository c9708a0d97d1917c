//! Export and import: everything that a store keeps, as lines of JSON, out of one engine and into another.
//!
//! The first line says what the file is, each further line is a row, and the last counts them, so that a file that was cut short is found out. Rows
//! that a process held when the lines were written are unowned afterwards, and marked like those of a dead process.

mod value;
mod versions;

use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};

use self::value::fits;
use self::versions::{from_version_1, from_version_2};
use crate::{Cause, StoreError};

pub(crate) use self::value::{Value, bytes_of};
pub(crate) use crate::tables::{Kind, TABLES, Table};

/// Last statements of an import, in SQL that every engine knows: the rows of old exports get their providers.
pub(crate) const AFTER_IMPORT: [&str; 2] = [
    "UPDATE jobs SET provider = (SELECT coalesce(a.through, a.provider) FROM actions a WHERE a.seq = jobs.seq) WHERE provider = ''",
    POKE_PARENTS,
];

/// Statement that makes flows due at once of which an action ended at or after their last step: in a copy of a store in use they may have been read
/// before the end that poked them.
pub(crate) const POKE_PARENTS: &str = "UPDATE flows SET version = version + 1, due_at = 0 FROM \
     (SELECT a.parent, MAX(o.finished_at) AS ended FROM actions a JOIN outcomes o ON o.seq = a.seq WHERE a.parent IS NOT NULL AND EXISTS (SELECT 1 FROM flows) GROUP BY a.parent) e \
     WHERE NOT is_over AND e.parent = flows.kind || ':' || flows.id AND e.ended >= flows.updated_at";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    ActeonExport(u32),
    Row(String, Vec<Value>),
    End(u64),
}

/// The version of the lines.
const VERSION: u32 = 4;

/// Number of letters that are shown of a line that is not of an export.
const SHOWN_LETTERS: usize = 24;

fn io(error: std::io::Error) -> StoreError {
    StoreError::Refused(Cause::with_context("the file of the export", error))
}

/// The note with the sum of the steps that the wall clock took, in milliseconds, and more behind a blank. Due times of jobs and flows are of the wall clock
/// less these steps, and of the wall clock in exports.
pub const CLOCK_STEPS: &str = "clock:steps";

/// Statement that reads the note in both engines.
pub(crate) const SELECT_CLOCK_STEPS: &str = "SELECT text FROM notes WHERE name = 'clock:steps'";

/// The sum of the steps in the text of the note.
pub(crate) fn clock_steps(note: Option<&str>) -> Result<i64, StoreError> {
    let Some(text) = note else { return Ok(0) };
    let number = text
        .split(' ')
        .next()
        .and_then(|number| number.parse().ok());
    number.ok_or_else(|| {
        let message =
            format!("the note {CLOCK_STEPS:?} is {text:?}, which is no number of milliseconds");
        StoreError::Engine(message.into())
    })
}

/// Moves the instants of a job or a flow.
fn shift(table: &Table, values: &mut [Value], millis: i64) {
    if !matches!(table.name, "jobs" | "flows") || millis == 0 {
        return;
    }
    for (value, (column, _)) in values.iter_mut().zip(table.columns) {
        if let ("due_at" | "give_up_at" | "not_before", Value::Integer(instant)) = (*column, value)
        {
            *instant = instant.saturating_add(millis);
        }
    }
}

/// Frees a job or a flow from its owner, which is not registered where the row goes, and marks a job if it may have been sent. The row is changed
/// before it is written: rows of gateways that run there already are not touched.
fn set_free(table: &Table, values: &mut [Value]) {
    if !matches!(table.name, "jobs" | "flows") {
        return;
    }
    let column = |name: &str| table.columns.iter().position(|(column, _)| *column == name);
    let was_sent =
        column("in_flight").and_then(|place| values.get(place)) == Some(&Value::Flag(true));
    let mut set = |name: &str, change: fn(&Value) -> Value| {
        if let Some(value) = column(name).and_then(|place| values.get_mut(place)) {
            *value = change(value);
        }
    };
    set("owner", |_| Value::Integer(0));
    if was_sent {
        set("in_flight", |_| Value::Flag(false));
        set("possible_duplicate", |_| Value::Flag(true));
        set("takeovers", |takeovers| match takeovers {
            Value::Integer(count) => Value::Integer(count.saturating_add(1)),
            other => other.clone(),
        });
    }
}

/// Writer of an export's lines.
pub(crate) struct Exporter<'a> {
    to: &'a mut (dyn Write + Send),
    rows: u64,
    /// Sum of the clock's steps, in milliseconds.
    steps: i64,
}

impl<'a> Exporter<'a> {
    pub(crate) fn begin(to: &'a mut (dyn Write + Send), steps: i64) -> Result<Self, StoreError> {
        let mut exporter = Self { to, rows: 0, steps };
        exporter.line(&Line::ActeonExport(VERSION))?;
        Ok(exporter)
    }

    pub(crate) fn row(&mut self, table: &Table, mut values: Vec<Value>) -> Result<(), StoreError> {
        self.rows += 1;
        shift(table, &mut values, self.steps);
        self.line(&Line::Row(table.name.to_owned(), values))
    }

    /// Ends the file; says how many rows it has.
    pub(crate) fn end(mut self) -> Result<u64, StoreError> {
        self.line(&Line::End(self.rows))?;
        self.to.flush().map_err(io)?;
        Ok(self.rows)
    }

    fn line(&mut self, line: &Line) -> Result<(), StoreError> {
        let text = serde_json::to_string(line).map_err(|error| StoreError::Engine(error.into()))?;
        writeln!(self.to, "{text}").map_err(io)
    }
}

/// Reader of an export's lines.
pub(crate) struct Importer<'a> {
    from: &'a mut (dyn BufRead + Send),
    version: u32,
    number: u64,
    rows: u64,
    /// Sum of the clock's steps where the rows go, in milliseconds.
    steps: i64,
}

impl<'a> Importer<'a> {
    pub(crate) fn begin(
        from: &'a mut (dyn BufRead + Send),
        steps: i64,
    ) -> Result<Self, StoreError> {
        let mut importer = Self {
            from,
            version: VERSION,
            number: 0,
            rows: 0,
            steps,
        };
        match importer.line()? {
            Some(Line::ActeonExport(version @ 1..=VERSION)) => Ok(Self {
                version,
                ..importer
            }),
            Some(Line::ActeonExport(other)) => Err(importer.wrong(&format!(
                "it is of version {other}; this binary reads up to {VERSION}"
            ))),
            _ => Err(importer.wrong("this is no export of Acteon")),
        }
    }

    /// The next row; `None` after the last one that was written.
    pub(crate) fn next(&mut self) -> Result<Option<(&'static Table, Vec<Value>)>, StoreError> {
        match self.line()? {
            Some(Line::Row(name, values)) => {
                let table = TABLES.iter().find(|table| table.name == name);
                let table =
                    table.ok_or_else(|| self.wrong(&format!("there is no table {name:?}")))?;
                let values = if self.version < 2 {
                    from_version_1(table, values)
                } else {
                    values
                };
                let mut values = if self.version < 3 {
                    from_version_2(table, values)
                } else {
                    values
                };
                if !fits(&values, table.columns) {
                    return Err(self.wrong(&format!("this is no row of {name}")));
                }
                shift(table, &mut values, self.steps.saturating_neg());
                set_free(table, &mut values);
                self.rows += 1;
                Ok(Some((table, values)))
            }
            Some(Line::End(rows)) if rows == self.rows => {
                if self.from.fill_buf().map_err(io)?.is_empty() {
                    return Ok(None);
                }
                self.number += 1;
                Err(self.wrong(
                    "there is more after the end: another file was appended, or lines were moved",
                ))
            }
            Some(_) => Err(self.wrong("rows are missing")),
            None => Err(self.wrong("the file ends here, before its end: it was cut short")),
        }
    }

    fn line(&mut self) -> Result<Option<Line>, StoreError> {
        self.number += 1;
        let mut text = String::new();
        let read = self
            .from
            .read_line(&mut text)
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::InvalidData => {
                    self.wrong("it is not UTF-8, so this is not what `export` wrote")
                }
                _ => io(error),
            });
        if read? == 0 {
            return Ok(None);
        }
        serde_json::from_str(&text).map(Some).map_err(|error| {
            let text = text.trim();
            let shown: String = text.chars().take(SHOWN_LETTERS).collect();
            let said = match (text.is_empty(), error.is_eof()) {
                (true, _) => "it is blank".to_owned(),
                (false, true) => format!("it breaks off, and begins with {shown:?}"),
                (false, false) => format!("it begins with {shown:?}"),
            };
            self.wrong(&format!("{said}, so this is not what `export` wrote"))
        })
    }

    fn wrong(&self, message: &str) -> StoreError {
        let message = format!(
            "line {} of the export: {message}; nothing was imported",
            self.number
        );
        StoreError::Refused(message.into())
    }
}
