//! Files of the repository, read once.

use std::path::{Path, PathBuf};

/// Folders that hold Rust code.
const FOLDERS: &[&str] = &["crates", "bench", "xtask"];

/// Fewest files that the repository has. With fewer, the wrong folder was read.
const FEWEST: usize = 80;

/// Rust file.
pub struct Source {
    /// Path below the repository's root, with `/`.
    pub path: String,
    pub text: String,
}

/// Rust files of the repository.
pub struct Tree {
    /// Rust files, sorted by path.
    pub sources: Vec<Source>,
}

impl Tree {
    /// Reads the repository that this crate is in.
    ///
    /// # Panics
    /// When a file cannot be read.
    pub fn read() -> Self {
        let mut sources = Vec::new();
        let mut folders: Vec<PathBuf> = FOLDERS.iter().map(|name| root().join(name)).collect();
        while let Some(folder) = folders.pop() {
            for path in entries(&folder) {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    sources.push(Source {
                        text: text_of(&path),
                        path: below_root(&path),
                    });
                }
            }
        }
        assert!(sources.len() > FEWEST, "only {} files", sources.len());
        sources.sort_by(|one, other| one.path.cmp(&other.path));
        Self { sources }
    }

    /// File at a path below the root.
    pub fn find(&self, path: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.path == path)
    }
}

impl Source {
    /// Whether the whole file is compiled for tests only.
    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }
}

/// Root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a folder above this crate")
}

/// Text of a file.
pub(crate) fn text_of(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Entries of a folder, sorted.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let read =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = read.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn below_root(path: &Path) -> String {
    let below = path.strip_prefix(root()).expect("a path below the root");
    below.display().to_string()
}
