//! Dead letters that are sent again.

use acteon_core::{ActionId, Grant, Outcome, Scope, Timestamp};
use acteon_store::{
    ActionState, Admission, Admitted, Conditions, DedupCheck, Disposition, Enqueue, HistoryFilter,
    Order, PageRequest, Seq, Store,
};

use crate::{Engine, action, admission, admit, at, failed, find, settlement, with_disposition};

on_every_engine!(
    a_letter_leaves_the_list_with_the_commit_of_its_replay,
    a_letter_stays_whose_replay_is_held_back,
    of_many_replays_of_a_letter_one_is_written,
    what_was_refused_gives_way_only_to_what_is_written,
    a_list_goes_either_way,
    grants_hold_before_a_look_is_cut_short
);

/// An action that ended badly.
async fn letter(store: &dyn Store, id: &str) -> Seq {
    let owner = store.register().await.expect("an owner");
    let seq = admit(store, id, Enqueue::Claimed(owner)).await;
    store
        .settle(settlement(seq, owner, crate::end(failed("CONNECTION"))))
        .await
        .expect("settled");
    seq
}

fn replay(id: &str, letter: Seq) -> Admission {
    Admission {
        letter: Some(letter),
        possible_duplicate: true,
        ..admission(id, Enqueue::DueAt(at(500)))
    }
}

pub(crate) async fn a_letter_leaves_the_list_with_the_commit_of_its_replay(engine: &Engine) {
    let store = engine.open().await;
    let seq = letter(&*store, "a").await;
    assert!(matches!(
        store.admit(replay("again", seq)).await,
        Ok(Admitted::Open { .. })
    ));
    assert_eq!(find(&*store, "a").await.state, ActionState::Discarded);
    let again = find(&*store, "again").await;
    assert!(
        again.state == ActionState::Open && again.possible_duplicate,
        "the mark is carried over"
    );
    assert!(
        matches!(
            store.admit(replay("again", seq)).await,
            Ok(Admitted::Existing(_))
        ),
        "whoever lost the answer finds it"
    );
    assert!(matches!(
        store.admit(replay("other", seq)).await,
        Ok(Admitted::NoLetter)
    ));
    assert!(matches!(
        store.admit(replay("none", Seq(999))).await,
        Ok(Admitted::NoLetter)
    ));
    assert_eq!(
        store
            .find(
                &Scope::everything(),
                &ActionId::parse("other").expect("an id")
            )
            .await
            .map(|found| found.len()),
        Ok(0)
    );
}

pub(crate) async fn a_letter_stays_whose_replay_is_held_back(engine: &Engine) {
    let store = engine.open().await;
    let seq = letter(&*store, "a").await;
    let conditions = || Conditions {
        dedup: Some(DedupCheck {
            key: "k".into(),
            until: at(600),
        }),
        throttle: None,
    };
    let holding = |admission: Admission| match admission.disposition {
        Disposition::Send { routes, .. } => Admission {
            disposition: Disposition::Send {
                conditions: conditions(),
                routes,
            },
            ..admission
        },
        Disposition::Ended(_) => panic!("it is to be sent"),
    };
    assert!(matches!(
        store
            .admit(holding(admission("holder", Enqueue::DueAt(at(500)))))
            .await,
        Ok(Admitted::Open { .. })
    ));
    let held = store.admit(holding(replay("again", seq))).await;
    assert!(matches!(
        held,
        Ok(Admitted::Ended(Outcome::Deduplicated { .. }))
    ));
    let ended = Admission {
        disposition: Disposition::Ended(Outcome::Suppressed { rule: "r".into() }),
        ..replay("again", seq)
    };
    assert!(matches!(
        store.admit(ended).await,
        Ok(Admitted::Ended(Outcome::Suppressed { .. }))
    ));
    assert_eq!(find(&*store, "a").await.state, ActionState::Dead);
    assert_eq!(
        store
            .find(
                &Scope::everything(),
                &ActionId::parse("again").expect("an id")
            )
            .await
            .map(|found| found.len()),
        Ok(0)
    );
    assert!(
        matches!(
            store.admit(replay("again", seq)).await,
            Ok(Admitted::Open { .. })
        ),
        "it is decided anew"
    );
    assert_eq!(find(&*store, "a").await.state, ActionState::Discarded);
}

pub(crate) async fn of_many_replays_of_a_letter_one_is_written(engine: &Engine) {
    let store = engine.open().await;
    let seq = letter(&*store, "a").await;
    let admissions =
        (0..20).map(|number| store.admit(replay(&format!("again-{}", number % 2), seq)));
    let admitted = futures_util::future::join_all(admissions).await;
    let opened = admitted
        .iter()
        .filter(|admitted| matches!(admitted, Ok(Admitted::Open { .. })))
        .count();
    let refused = admitted
        .iter()
        .filter(|admitted| matches!(admitted, Ok(Admitted::NoLetter)))
        .count();
    assert_eq!(
        (opened, refused),
        (1, 10),
        "the same id is found, the other one has no letter"
    );
}

pub(crate) async fn what_was_refused_gives_way_only_to_what_is_written(engine: &Engine) {
    let store = engine.open().await;
    let seq = letter(&*store, "a").await;
    let owner = store.register().await.expect("an owner");
    let refused = Outcome::CircuitOpen {
        provider: crate::provider("p"),
        fallback_chain: Vec::new(),
    };
    let again = |enqueue| Admission {
        letter: Some(seq),
        ..admission("again", enqueue)
    };
    let Ok(Admitted::Open { seq: replayed, .. }) =
        store.admit(again(Enqueue::Claimed(owner))).await
    else {
        panic!("a letter")
    };
    store
        .settle(settlement(replayed, owner, crate::end(refused)))
        .await
        .expect("settled");
    assert!(matches!(
        store.admit(again(Enqueue::Claimed(owner))).await,
        Ok(Admitted::NoLetter)
    ));
    assert_eq!(
        (
            find(&*store, "again").await.seq,
            find(&*store, "again").await.state
        ),
        (replayed, ActionState::Refused)
    );
    let gone = acteon_store::OwnerId(owner.0 + 1000);
    let (orphan, other) = (
        admission("again", Enqueue::Claimed(gone)),
        admission("other", Enqueue::DueAt(at(500))),
    );
    let (orphan, other) = tokio::join!(store.admit(orphan), store.admit(other));
    assert!(orphan.is_err() && matches!(other, Ok(Admitted::Open { .. })));
    assert_eq!(find(&*store, "again").await.state, ActionState::Refused);
}

pub(crate) async fn a_list_goes_either_way(engine: &Engine) {
    let store = engine.open().await;
    for number in 0..9 {
        let admission = with_disposition(
            &format!("a{number}"),
            at(number),
            Disposition::Ended(failed("X")),
        );
        assert!(matches!(
            store.admit(admission).await,
            Ok(Admitted::Ended(_))
        ));
    }
    let all = HistoryFilter::of(Scope::everything());
    let dead = HistoryFilter {
        state: Some(ActionState::Dead),
        ..all.clone()
    };
    let timed = HistoryFilter {
        from: Some(at(0)),
        to: Some(Timestamp::from_millis(i64::MAX)),
        ..all.clone()
    };
    for filter in [all, dead, timed] {
        let mut lists = Vec::new();
        for order in [Order::NewestFirst, Order::OldestFirst] {
            let filter = HistoryFilter {
                order,
                ..filter.clone()
            };
            let (mut after, mut list) = (None, Vec::new());
            loop {
                let page = store
                    .history(
                        filter.clone(),
                        PageRequest {
                            after,
                            offset: 0,
                            limit: 2,
                            count: false,
                        },
                    )
                    .await
                    .expect("a page");
                list.extend(
                    page.records
                        .iter()
                        .map(|record| record.action.id.to_string()),
                );
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            lists.push(list);
        }
        lists[0].reverse();
        assert_eq!(lists[0], lists[1], "{filter:?}");
        assert_eq!((lists[1].len(), lists[1][0].as_str()), (9, "a0"));
    }
}

pub(crate) async fn grants_hold_before_a_look_is_cut_short(engine: &Engine) {
    let store = engine.open().await;
    for number in 0..150 {
        let action = std::sync::Arc::new(action("same", &format!("t{number:03}")));
        let admission = Admission {
            action,
            ..with_disposition("same", at(number), Disposition::Ended(failed("X")))
        };
        assert!(matches!(
            store.admit(admission).await,
            Ok(Admitted::Ended(_))
        ));
    }
    let mine = |tenants: &[&str], providers: &[&str]| {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Scope::of(
            &[Grant {
                tenants: words(tenants),
                providers: words(providers),
                ..Grant::everything()
            }]
            .into(),
        )
    };
    for (scope, count) in [
        (mine(&["t149"], &["*"]), 1),
        (mine(&["t149", "t002"], &["p", "q"]), 2),
        (mine(&["t149"], &["q"]), 0),
        (mine(&["t14", "t_49", "%"], &["*"]), 0),
        (Scope::of(&[].into()), 0),
    ] {
        let found = store
            .find(&scope, &ActionId::parse("same").expect("an id"))
            .await
            .expect("found");
        assert_eq!(found.len(), count, "{scope:?}");
    }
}
