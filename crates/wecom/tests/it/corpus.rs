//! What fuzzing has found worth keeping, and by-hand seeds, run as plain tests.

use crate::targets::TARGETS;

#[test]
fn the_corpus_neither_panics_nor_is_accepted() {
    for (name, target) in TARGETS {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/");
        let entries = std::fs::read_dir(format!("{folder}{name}")).expect("a corpus");
        let mut count = 0;
        for entry in entries {
            target(&std::fs::read(entry.expect("an entry").path()).expect("bytes"));
            count += 1;
        }
        assert!(count > 2, "{name} has {count} cases");
    }
}
