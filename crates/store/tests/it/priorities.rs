//! Which of the rows that wait are claimed first.

use acteon_core::Priority;
use acteon_store::{Admission, Charges, ClaimRows, Enqueue, Room, Store};

use crate::{Engine, admission, at, claim_rows, find, provider, settlement};

on_every_engine! {
    high_rows_are_claimed_first_and_every_priority_has_its_turns,
    a_priority_that_a_rule_set_is_kept_and_the_senders_is_the_actions,
}

async fn admit(store: &dyn Store, id: &str, priority: Priority, due: i64) {
    let admission = Admission {
        priority,
        ..admission(id, Enqueue::DueAt(at(due)))
    };
    assert!(
        matches!(
            store.admit(admission).await,
            Ok(acteon_store::Admitted::Open { .. })
        ),
        "{id}"
    );
}

pub(crate) async fn high_rows_are_claimed_first_and_every_priority_has_its_turns(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    // Of one instant, so that they come in the order of their acceptance.
    for number in 0..4 {
        admit(&*store, &format!("low{number}"), Priority::Low, 110).await;
        admit(&*store, &format!("normal{number}"), Priority::Normal, 110).await;
        admit(&*store, &format!("high{number}"), Priority::High, 110).await;
    }
    let claimed = async |room: Room| {
        let records = claim_rows(&*store, owner, 500, ClaimRows::Due(vec![room])).await;
        records
            .into_iter()
            .map(|record| record.action.id.to_string())
            .collect::<Vec<_>>()
    };
    let room = |limit| Room::of(vec![provider("p")], limit);
    assert_eq!(store.next_due(&[provider("p")]).await, Ok(Some(at(110))));
    let full = Room {
        more_high: 1,
        ..room(0)
    };
    assert_eq!(claimed(full).await, ["high0"], "room of its own");
    assert_eq!(
        claimed(room(4)).await,
        ["high1", "high2", "high3", "normal0"],
        "the fourth turn is of a normal one"
    );
    assert_eq!(
        claimed(Room {
            turn: 15,
            ..room(1)
        })
        .await,
        ["low0"],
        "the sixteenth is of a low one"
    );
    assert_eq!(
        claimed(room(10)).await,
        ["normal1", "normal2", "normal3", "low1", "low2", "low3"],
        "nobody waits for who is not there"
    );
}

pub(crate) async fn a_priority_that_a_rule_set_is_kept_and_the_senders_is_the_actions(
    engine: &Engine,
) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    admit(&*store, "raised", Priority::High, 110).await;
    let found = find(&*store, "raised").await;
    assert_eq!(
        (found.priority, found.action.priority, found.charges),
        (Priority::High, Priority::Normal, Charges::default())
    );
    let rows = ClaimRows::Due(vec![Room::of(vec![provider("p")], 1)]);
    let claimed = claim_rows(&*store, owner, 500, rows)
        .await
        .pop()
        .expect("a row");
    let hold = acteon_store::Hold {
        seq: claimed.seq,
        owner,
        fence: claimed.fence,
    };
    let end = acteon_store::Step::End {
        text: crate::failed("CONFIGURATION").to_json(),
        outcome: crate::failed("CONFIGURATION"),
        class: Some(acteon_core::TO_REPAIR),
        refund: None,
    };
    store
        .settle(acteon_store::Settlement {
            hold,
            ..settlement(claimed.seq, owner, end)
        })
        .await
        .expect("settled");
    let found = find(&*store, "raised").await;
    assert_eq!(
        (found.priority, found.class.as_deref()),
        (Priority::High, Some(acteon_core::TO_REPAIR))
    );
    let all = acteon_store::HistoryFilter::of(acteon_core::Scope::everything());
    let page = acteon_store::PageRequest {
        after: None,
        offset: 0,
        limit: 10,
        count: true,
    };
    for (class, state, count) in [
        (acteon_core::TO_REPAIR, None, 1),
        (
            acteon_core::TO_REPAIR,
            Some(acteon_store::ActionState::Dead),
            1,
        ),
        ("other", Some(acteon_store::ActionState::Dead), 0),
    ] {
        let filter = acteon_store::HistoryFilter {
            class: Some(class.into()),
            state,
            ..all.clone()
        };
        assert_eq!(
            store
                .history(filter, page)
                .await
                .expect("a page")
                .records
                .len(),
            count,
            "{class} {state:?}"
        );
    }
}
