//! Circles of imports among the modules of a crate: files that can only be understood together.
//!
//! A module is a file. It points to each file whose items it names by `crate::`, `super::`, `self::` or a child's name, in a `use` or elsewhere. A name
//! that a file only re-exports leads to the file that defines it, so that a table of contents is in no circle. Code for tests only does not count.

mod graph;
mod paths;
mod tokens;

use crate::tree::Tree;

/// Complaints about each crate that has circles of modules: there may be none.
pub(crate) fn check(tree: &Tree) -> Vec<String> {
    roots(tree)
        .into_iter()
        .flat_map(|root| complaints(tree, root))
        .collect()
}

/// Circles of one crate, each by its shortest way round.
fn complaints(tree: &Tree, root: &str) -> Vec<String> {
    let graph = paths::arrows(&paths::modules(tree, root));
    let circles = graph::circles(&graph);
    if circles.is_empty() {
        return Vec::new();
    }
    let count: usize = circles.iter().map(Vec::len).sum();
    let head = format!("{root}: {count} modules are in circles, none may be:");
    let shown = circles
        .iter()
        .map(|circle| describe(&graph, circle.len(), &graph::shortest(&graph, circle)));
    std::iter::once(head).chain(shown).collect()
}

/// `src` folders of all crates.
fn roots(tree: &Tree) -> Vec<&str> {
    let mut roots: Vec<&str> = tree
        .sources
        .iter()
        .filter_map(|source| source.path.strip_suffix("/lib.rs"))
        .filter(|folder| folder.ends_with("/src"))
        .collect();
    roots.dedup();
    roots
}

/// Description of a circle for people: each file, with the name in it that leads to the next.
fn describe(graph: &graph::Graph, size: usize, circle: &[String]) -> String {
    let steps = circle.iter().zip(circle.iter().cycle().skip(1));
    let lines = steps.map(|(from, to)| {
        let name = &graph[from][to];
        format!("\n    {from} names {name}, of {to}")
    });
    format!(
        "  a circle of {size} modules; the shortest way round:{}",
        lines.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Source;

    fn circles_of(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let sources = files.iter().map(|(path, text)| Source {
            path: format!("crates/x/src/{path}"),
            text: (*text).to_owned(),
        });
        let tree = Tree {
            sources: sources.collect(),
        };
        graph::circles(&paths::arrows(&paths::modules(&tree, "crates/x/src")))
    }

    #[test]
    fn two_files_that_name_each_other_are_a_circle() {
        let found = circles_of(&[
            ("lib.rs", "mod a;\nmod b;\n"),
            ("a.rs", "use crate::b::B;\npub fn g(_: B) {}"),
            ("b.rs", "pub struct B;\nfn f() { super::a::g() }"),
        ]);
        assert_eq!(found, [["crates/x/src/a.rs", "crates/x/src/b.rs"]]);
    }

    #[test]
    fn a_name_that_is_handed_on_leads_to_where_it_comes_from() {
        let table = "mod a;\nmod b;\npub use a::A;\npub(crate) use self::b::{B as C};\n";
        let a = "use super::C;\npub struct A(C);";
        let found = circles_of(&[
            ("lib.rs", "mod t;\n"),
            ("t/mod.rs", table),
            ("t/a.rs", a),
            ("t/b.rs", "pub struct B;"),
        ]);
        assert_eq!(found, Vec::<Vec<String>>::new());
        let found = circles_of(&[
            ("lib.rs", "mod t;\n"),
            ("t/mod.rs", table),
            ("t/a.rs", a),
            ("t/b.rs", "use crate::t::A;\npub struct B;"),
        ]);
        assert_eq!(found, [["crates/x/src/t/a.rs", "crates/x/src/t/b.rs"]]);
    }

    #[test]
    fn a_child_that_needs_its_parents_code_is_in_a_circle_with_it() {
        let found = circles_of(&[
            ("lib.rs", "mod t;\n"),
            ("t.rs", "mod a;\npub struct T;\nfn f() { a::g() }"),
            ("t/a.rs", "use super::T;\npub fn g() {}\n"),
        ]);
        assert_eq!(found, [["crates/x/src/t.rs", "crates/x/src/t/a.rs"]]);
    }

    #[test]
    fn comments_texts_and_tests_do_not_count() {
        let tests = "#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}\n";
        let found = circles_of(&[
            ("lib.rs", "mod a;\nmod b;\n"),
            ("a.rs", "use crate::b::B;\npub struct A(B);"),
            (
                "b.rs",
                &format!(
                    "// crate::a::A\npub struct B;\nconst T: &str = \"crate::a::A\";\n{tests}"
                ),
            ),
        ]);
        assert_eq!(found, Vec::<Vec<String>>::new());
    }
}
