//! Links between pages lead somewhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::root;

/// The pages, the glossary and what else stands beside them.
fn files() -> Vec<PathBuf> {
    let folders = ["", "docs", "docs/book", "docs/adr"].map(|folder| root().join(folder));
    let entries = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).expect("a folder"));
    let paths = entries.map(|entry| entry.expect("a file").path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect()
}

/// Headings of a page, as a link names them.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim());
    let anchor = |heading: &str| {
        let kept = heading
            .to_lowercase()
            .chars()
            .filter(|letter| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter))
            .collect();
        let kept: String = kept;
        kept.replace(' ', "-")
    };
    headings.map(anchor).collect()
}

#[test]
fn every_link_leads_to_a_page_and_a_heading_that_are_there() {
    let mut followed = 0;
    let mut wrong = Vec::new();
    for file in files() {
        let page = std::fs::read_to_string(&file).expect("text");
        let name = file
            .strip_prefix(root())
            .expect("below the root")
            .display()
            .to_string();
        for target in page
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            if target.contains("://") || target.contains(' ') {
                continue;
            }
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let there = if path.is_empty() {
                file.clone()
            } else {
                file.parent().unwrap_or(Path::new("")).join(path)
            };
            let is_there = heading.is_empty() && there.exists();
            if !is_there
                && !std::fs::read_to_string(&there)
                    .is_ok_and(|page| anchors(&page).contains(heading))
            {
                wrong.push(format!("{name}: {target}"));
            }
            followed += 1;
        }
    }
    assert!(
        wrong.is_empty(),
        "links that lead nowhere:\n{}",
        wrong.join("\n")
    );
    assert!(followed > 100, "{followed}");
}
