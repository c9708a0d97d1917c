//! Retention: old actions are deleted, open ones never.

use acteon_core::Scope;
use acteon_store::{Admitted, Disposition, Enqueue, HistoryFilter, Retention, Store, Tenants};

use super::{filled, first, ids};
use crate::{Engine, at, executed, find, settlement, with_disposition};

on_every_engine! {
    what_is_old_goes_but_never_what_is_open,
}

pub(crate) async fn what_is_old_goes_but_never_what_is_open(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let open_one = store
        .admit(with_disposition("open", at(0), sendable(owner)))
        .await;
    assert!(matches!(open_one, Ok(Admitted::Open { .. })));
    filled(&*store).await;
    let longer = vec!["t.us".to_owned()];
    let others = Retention {
        before: at(10),
        of: Tenants::AllBut(longer.clone()),
    };
    assert_eq!(prune(&*store, &others).await, 5);
    assert_eq!(
        prune(
            &*store,
            &Retention {
                before: at(20),
                of: Tenants::Only(longer)
            }
        )
        .await,
        10
    );
    assert_eq!(
        prune(&*store, &others).await,
        0,
        "what is left is looked at, and stays"
    );
    let (mut left, ..) = ids(&*store, &HistoryFilter::of(Scope::everything()), first(100)).await;
    left.sort();
    let mut expected: Vec<String> = (0..30)
        .filter(|n| *n >= if n % 2 == 0 { 10 } else { 20 })
        .map(|n| format!("a{n}"))
        .collect();
    expected.push("open".into());
    expected.sort();
    assert_eq!(left, expected);
    let seq = find(&*store, "open").await.seq;
    store
        .settle(settlement(seq, owner, crate::end(executed())))
        .await
        .expect("settled");
}

async fn prune(store: &dyn Store, retention: &Retention) -> usize {
    let (mut deleted, mut after) = (0, None);
    loop {
        let pruned = store.prune(retention.clone(), after).await.expect("pruned");
        deleted += pruned.deleted;
        after = pruned.next;
        if after.is_none() {
            return deleted;
        }
    }
}

fn sendable(owner: acteon_store::OwnerId) -> Disposition {
    Disposition::Send {
        conditions: acteon_store::Conditions::default(),
        routes: vec![crate::route("p", Enqueue::Claimed(owner))],
    }
}
