//! Records of the actions that events are about.

use acteon_core::limits::MAX_PAGE_BYTES;
use acteon_core::{ActionId, Outcome, Scope};
use acteon_store::{Disposition, Seq};

use crate::{Engine, at, with_disposition};

pub(crate) async fn records_of_events_are_read_as_far_as_a_page_has_bytes(engine: &Engine) {
    let store = engine.open().await;
    let long = Outcome::Failed {
        code: "TIMEOUT".into(),
        message: "x".repeat(MAX_PAGE_BYTES * 2 / 5),
        retryable: false,
        attempts: 1,
    };
    let mut seqs = vec![Seq(i64::MAX)];
    for id in ["a", "b", "c", "d"] {
        let ended = with_disposition(id, at(200), Disposition::Ended(long.clone()));
        store.admit(ended).await.expect("admitted");
        let id = ActionId::parse(id).expect("an id");
        let found = store.find(&Scope::everything(), &id).await;
        seqs.extend(found.expect("looked").pop().map(|record| record.seq));
    }
    let mut looks = Vec::new();
    while !seqs.is_empty() {
        let read = store.first_records(seqs.clone()).await;
        let (records, count) = read.expect("records");
        let ids: Vec<_> = records
            .iter()
            .map(|one| one.action.id.to_string())
            .collect();
        looks.push((ids.concat(), count));
        seqs.drain(..count);
    }
    // One that is not there is passed over.
    assert_eq!(looks, [("abc".to_owned(), 4), ("d".to_owned(), 1)]);
}
