//! Documents: versions, names, and who hears of a change.

use acteon_store::{Document, DocumentKind, Put};

use crate::Engine;

on_every_engine! {
    a_document_changes_only_from_the_version_that_was_read,
    every_change_is_heard_of_and_outlives_the_process,
}

fn document(id: &str, name: &str, version: i64) -> Document {
    Document { kind: DocumentKind::Silence, id: id.into(), name: name.into(), body: "{}".into(), version }
}

pub(crate) async fn a_document_changes_only_from_the_version_that_was_read(engine: &Engine) {
    let store = engine.open().await;
    assert_eq!(store.put_document(document("a", "a", 0)).await, Ok(Put::Written(1)));
    assert_eq!(store.put_document(document("a", "a", 0)).await, Ok(Put::Changed), "made twice");
    assert_eq!(store.put_document(document("a", "a", 1)).await, Ok(Put::Written(2)));
    assert_eq!(store.put_document(document("b", "a", 0)).await, Ok(Put::NameTaken));
    assert_eq!(store.put_document(document("b", "b", 1)).await, Ok(Put::Changed), "never written");
    let other_kind = Document { kind: DocumentKind::Quota, ..document("a", "a", 0) };
    assert_eq!(store.put_document(other_kind).await, Ok(Put::Written(1)));
    assert_eq!(store.documents(DocumentKind::Silence).await, Ok(vec![document("a", "a", 2)]));
    assert_eq!(store.delete_document(DocumentKind::Silence, "a").await, Ok(true));
    assert_eq!(store.delete_document(DocumentKind::Silence, "a").await, Ok(false));
}

pub(crate) async fn every_change_is_heard_of_and_outlives_the_process(engine: &Engine) {
    let store = engine.open().await;
    let first = store.documents_changed(-1).await.expect("a revision");
    let (changed, _) = tokio::join!(store.documents_changed(first), store.put_document(document("a", "a", 0)));
    let second = changed.expect("a revision");
    assert!(second > first);
    drop(store);
    let store = engine.open().await;
    assert_eq!(store.documents_changed(first).await, Ok(second));
    assert_eq!(store.documents(DocumentKind::Silence).await.map(|documents| documents.len()), Ok(1));
}
