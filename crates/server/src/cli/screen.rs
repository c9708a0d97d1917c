//! What a person sees: tables, and texts from outside that cannot move the cursor or turn what is around them.

use acteon_core::json::members;
use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

/// Longest text in the last column of a table, in characters. The whole is shown by the command for one.
const MAX_CELL: usize = 100;

/// A table: columns as wide as what is in them, the last one open.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new<const N: usize>(titles: [&str; N]) -> Self {
        Self {
            rows: vec![titles.map(str::to_owned).into()],
        }
    }

    /// A table of actions, with what it tells of their ends.
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

    /// Takes in a row with as many cells as there are titles.
    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.whole_row(cells);
        if let Some(last) = self.rows.last_mut().and_then(|row| row.last_mut()) {
            *last = cut(last);
        }
    }

    /// The same where the last text is not cut.
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

    /// Prints it, or what to say where nothing but the titles is there.
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

    /// The same, where what went wrong may have left it empty: then it says nothing.
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

/// A text of one line in which nothing acts on a terminal: no control characters, and none that turn the direction.
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

/// JSON that is the same to whoever reads it, and acts on no terminal.
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

/// The first of these fields of an answer that is there, as text; empty where none is.
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

/// A value within an answer, as it is written, behind names with dots between.
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
