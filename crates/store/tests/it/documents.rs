//! Documents: versions, names, and who hears of a change.

use acteon_store::{Document, DocumentKind, Put};

use crate::Engine;

on_every_engine! {
    a_document_changes_only_from_the_version_that_was_read,
    every_change_is_heard_of_and_outlives_the_process,
    only_what_changed_is_read,
    a_change_is_heard_of_although_its_caller_left,
    only_the_version_that_was_looked_at_is_deleted,
    who_knows_what_the_store_has_lost_reads_everything,
}

fn document(id: &str, name: &str, version: i64) -> Document {
    Document {
        kind: DocumentKind::Silence,
        id: id.into(),
        name: name.into(),
        body: "{}".into(),
        version,
    }
}

pub(crate) async fn a_document_changes_only_from_the_version_that_was_read(engine: &Engine) {
    let store = engine.open().await;
    assert_eq!(
        store.put_document(document("a", "a", 0)).await,
        Ok(Put::Written(1))
    );
    assert_eq!(
        store.put_document(document("a", "a", 0)).await,
        Ok(Put::Changed),
        "made twice"
    );
    assert_eq!(
        store.put_document(document("a", "a", 1)).await,
        Ok(Put::Written(2))
    );
    assert_eq!(
        store.put_document(document("b", "a", 0)).await,
        Ok(Put::NameTaken)
    );
    assert_eq!(
        store.put_document(document("b", "b", 1)).await,
        Ok(Put::Changed),
        "never written"
    );
    let other_kind = Document {
        kind: DocumentKind::Quota,
        ..document("a", "a", 0)
    };
    assert_eq!(store.put_document(other_kind).await, Ok(Put::Written(1)));
    assert_eq!(
        store.documents(DocumentKind::Silence).await,
        Ok(vec![document("a", "a", 2)])
    );
    assert_eq!(
        store
            .delete_document(DocumentKind::Silence, "a", None)
            .await,
        Ok(true)
    );
    assert_eq!(
        store
            .delete_document(DocumentKind::Silence, "a", None)
            .await,
        Ok(false)
    );
}

pub(crate) async fn every_change_is_heard_of_and_outlives_the_process(engine: &Engine) {
    let store = engine.open().await;
    let first = store.documents_changed(-1).await.expect("a revision");
    let (changed, _) = tokio::join!(
        store.documents_changed(first),
        store.put_document(document("a", "a", 0))
    );
    let second = changed.expect("a revision");
    assert!(second > first);
    drop(store);
    let store = engine.open().await;
    assert_eq!(store.documents_changed(first).await, Ok(second));
    assert_eq!(
        store
            .documents(DocumentKind::Silence)
            .await
            .map(|documents| documents.len()),
        Ok(1)
    );
}

pub(crate) async fn only_what_changed_is_read(engine: &Engine) {
    let store = engine.open().await;
    for id in ["a", "b", "c"] {
        assert_eq!(
            store.put_document(document(id, id, 0)).await,
            Ok(Put::Written(1))
        );
    }
    let whole = store.documents_since(-1).await.expect("everything");
    assert_eq!(
        (whole.whole, whole.documents.len(), whole.deleted.len()),
        (true, 3, 0)
    );
    assert_eq!(Ok(whole.revision), store.documents_changed(-1).await);
    let nothing = store
        .documents_since(whole.revision)
        .await
        .expect("nothing");
    assert_eq!(
        nothing,
        acteon_store::DocumentChanges {
            revision: whole.revision,
            ..Default::default()
        }
    );
    assert_eq!(
        store.put_document(document("b", "b", 1)).await,
        Ok(Put::Written(2))
    );
    assert_eq!(
        store
            .delete_document(DocumentKind::Silence, "c", None)
            .await,
        Ok(true)
    );
    let changes = store
        .documents_since(whole.revision)
        .await
        .expect("the changes");
    assert_eq!(
        (changes.whole, &changes.documents[..]),
        (false, &[document("b", "b", 2)][..])
    );
    assert_eq!(
        (&changes.deleted[..], changes.revision),
        (
            &[(DocumentKind::Silence, "c".to_owned())][..],
            whole.revision + 2
        )
    );
    assert_eq!(
        store.document(DocumentKind::Silence, "b").await,
        Ok(Some(document("b", "b", 2)))
    );
    assert_eq!(store.document(DocumentKind::Silence, "c").await, Ok(None));
    assert_eq!(store.document(DocumentKind::Quota, "b").await, Ok(None));
}

pub(crate) async fn a_change_is_heard_of_although_its_caller_left(engine: &Engine) {
    let store = engine.open().await;
    let known = store.documents_changed(-1).await.expect("a revision");
    let left = store.put_document(document("a", "a", 0));
    // Where the engine works while nobody looks, it has the work by now; others do nothing.
    drop(left);
    store
        .put_note("later", "", acteon_core::Timestamp::default())
        .await
        .expect("whatever was before is done");
    let written = store
        .document(DocumentKind::Silence, "a")
        .await
        .expect("a look")
        .is_some();
    let heard = tokio::time::timeout(
        std::time::Duration::from_millis(if written { 10_000 } else { 0 }),
        store.documents_changed(known),
    );
    assert_eq!(heard.await.is_ok(), written, "what is written is heard of");
}

pub(crate) async fn only_the_version_that_was_looked_at_is_deleted(engine: &Engine) {
    let store = engine.open().await;
    assert_eq!(
        store.put_document(document("a", "a", 0)).await,
        Ok(Put::Written(1))
    );
    assert_eq!(
        store.put_document(document("a", "a", 1)).await,
        Ok(Put::Written(2))
    );
    let known = store.documents_changed(-1).await.expect("a revision");
    assert_eq!(
        store
            .delete_document(DocumentKind::Silence, "a", Some(1))
            .await,
        Ok(false)
    );
    assert_eq!(
        store.document(DocumentKind::Silence, "a").await,
        Ok(Some(document("a", "a", 2)))
    );
    assert_eq!(
        store.documents_since(known).await.expect("nothing").deleted,
        []
    );
    assert_eq!(
        store
            .delete_document(DocumentKind::Silence, "a", Some(2))
            .await,
        Ok(true)
    );
    assert_eq!(store.document(DocumentKind::Silence, "a").await, Ok(None));
}

pub(crate) async fn who_knows_what_the_store_has_lost_reads_everything(engine: &Engine) {
    let store = engine.open().await;
    assert_eq!(
        store.put_document(document("a", "a", 0)).await,
        Ok(Put::Written(1))
    );
    let revision = store.documents_changed(-1).await.expect("a revision");
    // As after a fail-over to where the last five commits had not come yet.
    let heard = tokio::time::timeout(
        std::time::Duration::from_secs(10),
        store.documents_changed(revision + 5),
    );
    assert_eq!(
        heard
            .await
            .expect("another revision than the one that is known"),
        Ok(revision)
    );
    let changes = store
        .documents_since(revision + 5)
        .await
        .expect("everything");
    assert_eq!(
        (changes.whole, changes.revision, &changes.documents[..]),
        (true, revision, &[document("a", "a", 1)][..])
    );
}
