//! Looking back, taking off the list, forgetting.

mod filters;
mod pages;
mod retention;

use std::sync::Arc;

use acteon_core::Scope;
use acteon_store::{
    ActionState, Admission, Admitted, Cursor, Disposition, HistoryFilter, PageRequest, Seq, Store,
};

use crate::{Engine, action, at, executed, failed, find, with_disposition};

on_every_engine! {
    a_discarded_letter_leaves_the_list_and_stays_in_the_journal,
}

/// Thirty actions, a second apart, of two tenants; every third failed, with one of two codes.
async fn filled(store: &dyn Store) {
    for number in 0..30 {
        let outcome = match number % 6 {
            0 => failed("CONFIGURATION"),
            3 => failed("TIMEOUT"),
            _ => executed(),
        };
        let tenant = if number % 2 == 0 { "t" } else { "t.us" };
        let admission = with_disposition("any", at(number), Disposition::Ended(outcome));
        let admission = Admission {
            action: Arc::new(action(&format!("a{number}"), tenant)),
            rule: Some("r".into()),
            ..admission
        };
        assert!(matches!(
            store.admit(admission).await,
            Ok(Admitted::Ended(_))
        ));
    }
}

fn first(limit: usize) -> PageRequest {
    PageRequest {
        after: None,
        offset: 0,
        limit,
        count: true,
    }
}

async fn ids(
    store: &dyn Store,
    filter: &HistoryFilter,
    page: PageRequest,
) -> (Vec<String>, Option<Cursor>, Option<usize>) {
    let page = store.history(filter.clone(), page).await.expect("a page");
    (
        page.records
            .iter()
            .map(|record| record.action.id.to_string())
            .collect(),
        page.next,
        page.total,
    )
}

pub(crate) async fn a_discarded_letter_leaves_the_list_and_stays_in_the_journal(engine: &Engine) {
    let store = engine.open().await;
    filled(&*store).await;
    let letter = find(&*store, "a0").await.seq;
    let delivered = find(&*store, "a1").await.seq;
    assert_eq!(
        store
            .discard(vec![letter, delivered, letter, Seq(999)])
            .await,
        Ok(1)
    );
    assert_eq!(store.count_dead(&Scope::everything(), 100).await, Ok(9));
    assert_eq!(
        (
            find(&*store, "a0").await.state,
            find(&*store, "a1").await.state
        ),
        (ActionState::Discarded, ActionState::Done)
    );
}
