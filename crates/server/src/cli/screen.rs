//! Output for people: tables, and texts from outside that cannot move the cursor or turn the
//! direction of what is around them.

use acteon_core::json::members;
use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

/// Longest text in the last column of a table, in characters. The command for one row shows all of
/// it.
const MAX_CELL: usize = 100;

/// Table whose columns are as wide as their cells. The last column is open.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new<const N: usize>(titles: [&str; N]) -> Self {
        Self {
            rows: vec![titles.map(str::to_owned).into()],
        }
    }

    /// Table of actions, whose last two columns are named `first` and `second`.
    pub(super) fn of_actions([first, second]: [&str; 2]) -> Self {
        Self::new([
            "ACCEPTED",
            "ACTION",
            "NAMESPACE",
            "TENANT",
            "PROVIDER",
            "TYPE",
            first,
            second,
        ])
    }

    /// Adds a row. The text in its last column is cut to [`MAX_CELL`].
    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.whole_row(cells);
        if let Some(last) = self.rows.last_mut().and_then(|row| row.last_mut()) {
            *last = cut(last);
        }
    }

    /// Adds a row whose last text is not cut.
    pub(super) fn whole_row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(
            cells
                .map(|cell| {
                    if cell.is_empty() {
                        "-".to_owned()
                    } else {
                        clean(&cell)
                    }
                })
                .into(),
        );
    }

    /// Prints the table, or `if_empty` where it has no rows.
    pub(super) fn print(&self, if_empty: &str) -> anyhow::Result<()> {
        if self.rows.len() == 1 {
            say!("{if_empty}");
            return Ok(());
        }
        for line in self.lines() {
            say!("{line}");
        }
        Ok(())
    }

    /// Prints the table, but nothing where reading failed before the first row.
    pub(super) fn print_read(
        &self,
        read: &anyhow::Result<()>,
        if_empty: &str,
    ) -> anyhow::Result<()> {
        if read.is_err() && self.rows.len() == 1 {
            Ok(())
        } else {
            self.print(if_empty)
        }
    }

    fn lines(&self) -> Vec<String> {
        let columns = self.rows.first().map_or(0, Vec::len);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.width())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let padded = |(cell, width): (&String, &usize)| {
            format!("{cell}{}", " ".repeat(width - cell.width()))
        };
        let line = |row: &Vec<String>| {
            row.iter()
                .zip(&widths)
                .map(padded)
                .collect::<Vec<_>>()
                .join("  ")
                .trim_end()
                .to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

/// Text on one line that cannot act on a terminal: control characters and those that turn the
/// direction are escaped.
pub(super) fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' | '\t' => cleaned.push(' '),
            _ if acts(letter) => cleaned.extend(letter.escape_unicode()),
            _ => cleaned.push(letter),
        }
    }
    cleaned
}

/// JSON of the same value that cannot act on a terminal.
pub(super) fn inert_json(text: &str) -> String {
    let mut inert = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            // JSON has these between values only.
            '\n' | '\r' | '\t' => inert.push(' '),
            // All of them are in the first plane, and within texts.
            _ if acts(letter) => inert.extend(format!("\\u{:04x}", u32::from(letter)).chars()),
            _ => inert.push(letter),
        }
    }
    inert
}

fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_CELL) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}

/// First of these fields that is there and not null, as text; empty where none is.
pub(super) fn field(value: &Value, pointers: &[&str]) -> String {
    let found = pointers
        .iter()
        .filter_map(|pointer| value.pointer(pointer))
        .find(|found| !found.is_null());
    match found {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// JSON of a value within an answer, unchanged; `path` is names with dots between.
pub(super) fn raw<'a>(answer: &'a str, path: &str) -> Option<&'a str> {
    path.split('.').try_fold(answer, |text, name| {
        Some(
            members(text)?
                .into_iter()
                .find(|member| member.name() == name)?
                .value,
        )
    })
}
