//! Files of the embedded engine: one process each, full disks, batches.

use std::sync::Arc;

use acteon_core::Prepared;
use acteon_store::{
    Admitted, Conditions, Disposition, Engine as _, Enqueue, Jobs as _, Journal as _, Route,
    StoreError,
};

use crate::{admission, admit, at, open, provider, route, with_disposition};

#[tokio::test]
async fn a_file_is_opened_by_one_process_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let _store = open(folder.path(), None).expect("a store");
    assert!(matches!(
        open(folder.path(), None),
        Err(StoreError::InUse(_))
    ));
}

#[tokio::test]
async fn a_full_disk_refuses_and_recovers_and_keeps_what_it_had() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), Some(60)).expect("a store");
    let mut accepted = 0;
    let error = loop {
        match store
            .admit(admission(&format!("a{accepted}"), Enqueue::DueAt(at(0))))
            .await
        {
            Ok(_) => accepted += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error, StoreError::Full);
    assert_eq!(store.open_count(), accepted);
    assert!(
        store.next_due(&[provider("p")]).await.is_ok(),
        "reads go on"
    );
    drop(store);
    let store = open(folder.path(), None).expect("a store");
    assert_eq!(
        store.open_count(),
        accepted,
        "nothing that was accepted is gone"
    );
    admit(&store, "after", Enqueue::DueAt(at(0))).await;
}

#[tokio::test]
async fn one_bad_item_does_not_fail_its_batch() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(open(folder.path(), Some(200)).expect("a store"));
    // So large that it alone cannot fit; the small ones around it share its batch.
    let large = {
        let prepared = Arc::new(Prepared {
            bytes: vec![1; 2_000_000],
            ..Prepared::default()
        });
        let routes = vec![Route {
            prepared,
            ..route("p", Enqueue::DueAt(at(0)))
        }];
        with_disposition(
            "large",
            at(100),
            Disposition::Send {
                conditions: Conditions::default(),
                routes,
            },
        )
    };
    let mut small: Vec<_> = (0..10)
        .map(|number| store.admit(admission(&format!("s{number}"), Enqueue::DueAt(at(0)))))
        .collect();
    let large = store.admit(large);
    small.extend(
        (10..20).map(|number| store.admit(admission(&format!("s{number}"), Enqueue::DueAt(at(0))))),
    );
    for answer in small {
        assert!(matches!(answer.await, Ok(Admitted::Open { .. })));
    }
    assert_eq!(large.await.map(|_| ()), Err(StoreError::Full));
}
