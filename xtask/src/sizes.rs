//! Lengths of files and functions.

use crate::tree::{Source, Tree};

/// Most lines of a file.
const FILE: usize = 400;
/// Most lines of a function.
const FUNCTION: usize = 70;
/// Most lines of a function of tests, whose set-up and expectations are read top to bottom.
const TEST_FUNCTION: usize = 90;

/// Complaints about files that are too long, or do not open with a doc comment.
pub(crate) fn check_files(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for Source { path, text } in &tree.sources {
        let lines = text.lines().count();
        if lines > FILE {
            complaints.push(format!(
                "{path} has {lines} lines of {FILE}: split it by noun or verb"
            ));
        }
        if !text.starts_with("//!") {
            complaints.push(format!("{path} does not open with what it is, behind //!"));
        }
    }
    complaints
}

/// Complaints about functions that are too long.
pub(crate) fn check_functions(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in &tree.sources {
        for function in functions_of(source) {
            let limit = if function.is_test {
                TEST_FUNCTION
            } else {
                FUNCTION
            };
            if function.lines > limit {
                complaints.push(format!(
                    "{}::{} in line {} has {} lines of {limit}: take out what has a name of its own",
                    source.path, function.name, function.first, function.lines
                ));
            }
        }
    }
    complaints
}

struct Function<'a> {
    name: &'a str,
    /// Number of the first line, from 1.
    first: usize,
    lines: usize,
    is_test: bool,
}

/// Functions of a file, as rustfmt sets them: a body ends with a brace as far in as the line that begins the function.
fn functions_of(source: &Source) -> Vec<Function<'_>> {
    let lines: Vec<&str> = source.text.lines().collect();
    let mut found = Vec::new();
    let mut is_test = source.is_test();
    let mut number = 0;
    while number < lines.len() {
        let line = lines[number];
        is_test |= line.trim() == "mod tests {";
        if let Some(name) = name_of_function(line)
            && let Some(last) = last_line(&lines, number)
        {
            found.push(Function {
                name,
                first: number + 1,
                lines: last - number + 1,
                is_test,
            });
            number = last;
        }
        number += 1;
    }
    found
}

/// Name of the function that a line begins.
fn name_of_function(line: &str) -> Option<&str> {
    const BEFORE: &[&str] = &["const", "async", "unsafe", "extern", "\"C\""];
    let mut words = line.trim_start().split(' ').peekable();
    let word = words.next()?;
    let is_visibility = |word: &str| word == "pub" || word.starts_with("pub(");
    let mut word = word;
    while is_visibility(word) || BEFORE.contains(&word) || word == "in" {
        word = words.next()?;
    }
    if word != "fn" {
        return None;
    }
    let name = words.next()?;
    let end = name.find(['(', '<']).unwrap_or(name.len());
    Some(&name[..end])
}

/// Index of the line that ends a function's body; `None` when it has no body, or one on its first line.
fn last_line(lines: &[&str], first: usize) -> Option<usize> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let depth = indent(lines[first]);
    let mut has_body = false;
    for (number, line) in lines.iter().enumerate().skip(first) {
        if line.is_empty() || indent(line) != depth {
            continue;
        }
        if has_body && line.trim() == "}" {
            return Some(number);
        }
        if !has_body {
            has_body = line.ends_with('{');
            if line.ends_with(';') || line.ends_with('}') {
                return None;
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_measured_from_its_signature_to_its_brace() {
        let text = "//! x\n\npub(crate) async fn long(\n    one: u8,\n) -> u8 {\n    one\n}\n\nfn none();\n";
        let source = Source {
            path: "crates/x/src/x.rs".into(),
            text: text.into(),
        };
        let found = functions_of(&source);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].name, found[0].first, found[0].lines),
            ("long", 3, 5)
        );
    }
}
