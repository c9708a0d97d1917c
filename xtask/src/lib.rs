//! The repository's own laws: what each crate may depend on, how long a file may be, and what belongs in one place only.
//!
//! `cargo xtask tidy` holds the tree to all of them, and so does `cargo test -p xtask`. A law is a function from the [`Tree`] to
//! complaints, each of which says where and what to do. What broke a law before it was made stands in a list that only shrinks.

mod arrows;
mod circles;
mod folders;
mod lists;
mod places;
mod sizes;
mod threats;
mod tree;

pub use tree::{Source, Tree};

/// Name of a law, and what it finds.
pub type Law = (&'static str, fn(&Tree) -> Vec<String>);

/// Every law.
pub const LAWS: &[Law] = &[
    ("arrows", arrows::check),
    ("circles", circles::check),
    ("folders", folders::check),
    ("files", sizes::check_files),
    ("functions", sizes::check_functions),
    ("places", places::check),
    ("threats", threats::check),
];

/// Complaints of all laws about the repository, each opening with its law's name.
pub fn tidy() -> Vec<String> {
    let tree = Tree::read();
    let complaints = |(name, law): &Law| {
        let found = law(&tree).into_iter();
        found
            .map(|complaint| format!("{name}: {complaint}"))
            .collect::<Vec<_>>()
    };
    LAWS.iter().flat_map(complaints).collect()
}
