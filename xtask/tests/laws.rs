//! The repository keeps its laws.

use xtask::{LAWS, Tree};

fn holds(law: &str) {
    let (_, check) = LAWS
        .iter()
        .find(|(name, _)| *name == law)
        .expect("a law of that name");
    let complaints = check(&Tree::read());
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn crates_depend_only_downwards() {
    holds("arrows");
}

#[test]
fn modules_do_not_import_each_other_in_a_circle() {
    holds("circles");
}

#[test]
fn providers_and_engines_have_equal_files() {
    holds("folders");
}

#[test]
fn files_fit() {
    holds("files");
}

#[test]
fn functions_fit() {
    holds("functions");
}

#[test]
fn nothing_is_left_behind_or_out_of_place() {
    holds("places");
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    holds("threats");
}

#[test]
fn every_law_has_a_test_here() {
    let tests = include_str!("laws.rs");
    for (name, _) in LAWS {
        assert!(tests.contains(&format!("holds({name:?})")), "{name}");
    }
}
