//! What fuzzing has found worth keeping, and by-hand seeds, run as plain tests.

use crate::targets;

#[test]
fn the_corpus_neither_panics_nor_hangs() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/cron");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("a corpus") {
        targets::cron(&std::fs::read(entry.expect("an entry").path()).expect("bytes"));
        count += 1;
    }
    assert!(count > 2, "cron has {count} cases");
}
