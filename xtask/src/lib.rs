//! Laws of the repository: the crates that each crate may depend on, the lengths of files and functions, and what belongs in one place only.
//!
//! `cargo xtask tidy` and `cargo test -p xtask` check all of them. A law is a function from the [`Tree`] to complaints, each of which says where and what
//! to do. Exceptions stand in a list, where a line that is no longer needed is a complaint too.

mod arrows;
mod circles;
mod folders;
mod lists;
mod places;
mod sizes;
mod threats;
mod tree;

pub use tree::{Source, Tree};

/// Law: its name, and the function that returns complaints.
pub type Law = (&'static str, fn(&Tree) -> Vec<String>);

/// All laws.
pub const LAWS: &[Law] = &[
    ("arrows", arrows::check),
    ("circles", circles::check),
    ("folders", folders::check),
    ("files", sizes::check_files),
    ("functions", sizes::check_functions),
    ("places", places::check),
    ("threats", threats::check),
];

/// Complaints of all laws about the repository, each with its law's name first.
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
