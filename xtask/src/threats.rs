//! Threat model: each line of its table names the tests that show it, as `file::test`.

use crate::tree::{Tree, root, text_of};

/// Fewest tests that the table names. With fewer, the wrong table was read.
const FEWEST: usize = 30;

/// Complaints about lines of `SECURITY.md` that name no test, or one that is not there.
pub(crate) fn check(tree: &Tree) -> Vec<String> {
    let model = text_of(&root().join("SECURITY.md"));
    let mut complaints = Vec::new();
    let mut named = 0;
    let is_row = |line: &&str| {
        line.starts_with("| ") && !line.starts_with("| ---") && !line.starts_with("| what is tried")
    };
    for row in model.lines().filter(is_row) {
        let last = row.trim_end_matches(['|', ' ']).rsplit('|').next();
        let quoted = last.into_iter().flat_map(|cell| cell.split('`'));
        let tests: Vec<&str> = quoted.filter(|part| part.contains("::")).collect();
        if tests.is_empty() {
            complaints.push(format!("no test is named: {row}"));
        }
        named += tests.len();
        complaints.extend(tests.into_iter().filter_map(|test| find(tree, test)));
    }
    if named <= FEWEST {
        complaints.push(format!("SECURITY.md names only {named} tests"));
    }
    complaints
}

/// Complaint about a test that is not in its file.
fn find(tree: &Tree, test: &str) -> Option<String> {
    let (file, name) = test.rsplit_once("::")?;
    let Some(source) = tree.find(&format!("crates/{file}")) else {
        return Some(format!("SECURITY.md names crates/{file}, which is no file"));
    };
    let is_there = source.text.contains(&format!("fn {name}("));
    (!is_there).then(|| format!("SECURITY.md names {name}, which {file} does not have"))
}
