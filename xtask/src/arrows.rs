//! Arrows (dependencies) between crates, which all point down.

use std::collections::BTreeSet;

use crate::tree::{Tree, entries, root, text_of};

/// Crates, each with those of ours that it may depend on, tests and examples aside.
const ARROWS: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("crypto", &[]),
    ("http", &[]),
    ("testkit", &["store"]),
    ("wecom", &["http"]),
    ("api", &[]),
    ("fakes", &["http"]),
    ("faults", &[]),
    ("config", &["core"]),
    ("schedule", &["core"]),
    ("rules", &["config", "core", "schedule"]),
    ("store", &["core", "crypto"]),
    ("people", &["core"]),
    ("templates", &["core"]),
    ("providers", &["config", "core", "crypto", "http", "wecom"]),
    ("flows", &["core", "schedule", "templates"]),
    ("fixtures", &["core", "flows", "rules", "schedule"]),
    (
        "gateway",
        &[
            "core",
            "crypto",
            "flows",
            "people",
            "rules",
            "schedule",
            "store",
            "templates",
        ],
    ),
    (
        "simulation",
        &[
            "core", "fakes", "flows", "gateway", "rules", "store", "testkit",
        ],
    ),
    (
        "server",
        &[
            "api",
            "config",
            "core",
            "crypto",
            "fixtures",
            "flows",
            "gateway",
            "http",
            "people",
            "providers",
            "rules",
            "schedule",
            "store",
            "templates",
        ],
    ),
];

/// Complaints about arrows that are not in the list, and about lines of the list that have no arrow.
pub(crate) fn check(_: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for path in entries(&root().join("crates")) {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.expect("a name in UTF-8");
        let Some((_, allowed)) = ARROWS.iter().find(|(of, _)| *of == name) else {
            complaints.push(format!("acteon-{name} is not in the list of arrows"));
            continue;
        };
        let manifest = text_of(&path.join("Cargo.toml"));
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        let found = dependencies(&manifest);
        for other in found.difference(&allowed) {
            complaints.push(format!("acteon-{name} may not depend on acteon-{other}"));
        }
        for other in allowed.difference(&found) {
            complaints.push(format!("acteon-{name} no longer needs acteon-{other}"));
        }
    }
    for (name, _) in ARROWS {
        if !root().join("crates").join(name).is_dir() {
            complaints.push(format!("acteon-{name} is listed, and is no crate"));
        }
    }
    complaints
}

/// Crates of ours in the `[dependencies]` of a manifest.
fn dependencies(manifest: &str) -> BTreeSet<&str> {
    let section = manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]");
    let lines = section.skip(1).take_while(|line| !line.starts_with('['));
    lines
        .filter_map(|line| line.strip_prefix("acteon-"))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .collect()
}
