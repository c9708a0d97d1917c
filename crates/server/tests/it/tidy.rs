//! The repository checks itself: arrows between crates, sizes of files and functions, module docs, and calls that belong in one place.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const MAX_FILE_LINES: usize = 400;
const MAX_FUNCTION_LINES: usize = 90;

/// Which crates of ours each may depend on, tests and examples aside.
const ARROWS: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("crypto", &[]),
    ("wecom", &[]),
    ("api", &[]),
    ("faults", &[]),
    ("rules", &["core"]),
    ("store", &["core", "crypto"]),
    ("providers", &["core", "crypto", "wecom"]),
    ("gateway", &["core", "rules", "store"]),
    ("simulation", &["core", "gateway", "rules", "store"]),
    (
        "server",
        &[
            "api",
            "core",
            "crypto",
            "gateway",
            "providers",
            "rules",
            "store",
        ],
    ),
];

/// Files in which an error type that holds a URL may be named.
const URL_ERRORS: &[&str] = &[
    "crates/wecom/src/http.rs",
    "crates/providers/src/no_connection.rs",
    "crates/providers/src/webhook/classify.rs",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the repository")
}

fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("crates"), root().join("bench")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path
                    .strip_prefix(root())
                    .expect("below the root")
                    .display()
                    .to_string();
                found.push((name, std::fs::read_to_string(&path).expect("text")));
            }
        }
    }
    assert!(found.len() > 80, "{}", found.len());
    found
}

#[test]
fn crates_depend_only_downwards() {
    for (name, allowed) in ARROWS {
        let manifest = std::fs::read_to_string(root().join(format!("crates/{name}/Cargo.toml")))
            .expect("a manifest");
        let dependencies = manifest
            .split("[dependencies]")
            .nth(1)
            .unwrap_or_default()
            .split("\n[")
            .next()
            .unwrap_or_default();
        let ours = dependencies
            .lines()
            .filter_map(|line| line.strip_prefix("acteon-"));
        let ours: BTreeSet<&str> = ours
            .filter_map(|line| line.split(['.', ' ', '=']).next())
            .collect();
        assert_eq!(ours, allowed.iter().copied().collect(), "acteon-{name}");
    }
    let crates = std::fs::read_dir(root().join("crates"))
        .expect("the crates")
        .count();
    assert_eq!(crates, ARROWS.len(), "every crate is listed");
}

#[test]
fn files_and_functions_fit() {
    for (name, text) in sources() {
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines.len() <= MAX_FILE_LINES,
            "{name} has {} lines: split it by noun or verb",
            lines.len()
        );
        assert!(
            lines[0].starts_with("//!"),
            "{name} does not open with what it is"
        );
        let mut begun: Option<(usize, usize)> = None;
        for (number, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let is_function = line.contains("fn ")
                && line.contains('(')
                && !line.trim_start().starts_with("//")
                && line.trim_end().ends_with('{');
            match begun {
                None if is_function => begun = Some((number, indent)),
                Some((start, depth)) if indent == depth && line.trim() == "}" => {
                    let length = number - start + 1;
                    assert!(
                        length <= MAX_FUNCTION_LINES,
                        "{name}:{} is a function of {length} lines",
                        start + 1
                    );
                    begun = None;
                }
                _ => {}
            }
        }
    }
}

#[test]
fn nothing_is_left_behind_or_out_of_place() {
    let left_behind = [
        concat!("#[ign", "ore"),
        concat!("to", "do!("),
        concat!("unimpl", "emented!("),
        concat!("FIX", "ME"),
        concat!("dbg", "!("),
    ];
    for (name, text) in sources() {
        for word in left_behind {
            assert!(!text.contains(word), "{name} has {word}");
        }
        let names_error = text.contains(concat!("&reqwest", "::Error"));
        assert!(
            !names_error || URL_ERRORS.contains(&name.as_str()),
            "{name} handles errors that hold URLs"
        );
        if name.ends_with("lib.rs") {
            assert!(text.contains("#![deny(missing_docs)]"), "{name}");
        }
    }
}

/// Each line of the threat model names the test that shows it, as `file::test`.
#[test]
fn every_test_that_the_threat_model_names_exists() {
    let model = std::fs::read_to_string(root().join("SECURITY.md")).expect("the threat model");
    let sources = sources();
    let mut named = 0;
    for row in model.lines().filter(|line| {
        line.starts_with("| ") && !line.starts_with("| ---") && !line.starts_with("| what is tried")
    }) {
        let last = row
            .trim_end_matches(['|', ' '])
            .rsplit('|')
            .next()
            .unwrap_or_default();
        let tests: Vec<&str> = last.split('`').filter(|part| part.contains("::")).collect();
        assert!(!tests.is_empty(), "no test is named: {row}");
        for test in tests {
            let (file, test) = test.rsplit_once("::").expect("file::test");
            let (_, source) = sources
                .iter()
                .find(|(name, _)| name == &format!("crates/{file}"))
                .unwrap_or_else(|| panic!("no crates/{file}"));
            assert!(
                source.contains(&format!("fn {test}(")),
                "{file} has no test {test}"
            );
            named += 1;
        }
    }
    assert!(named > 30, "{named}");
}
