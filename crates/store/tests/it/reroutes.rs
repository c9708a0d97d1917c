//! Rows that go another way, or earlier than they would.

use std::sync::Arc;

use acteon_core::Priority;
use acteon_store::{
    Admission, Age, Charges, Conditions, Disposition, Enqueue, Hasten, Hold, Overage, OwnerId,
    QuotaCheck, Reroute, Rerouted, Route, Seq, Settlement, Step, Store,
};

use crate::{
    Engine, action, again, at, find, prepared, provider, route, settlement, with_disposition,
};

on_every_engine! {
    a_row_goes_another_way_charged_there_and_given_back_here,
    nothing_changes_where_the_other_way_has_no_room,
    what_waits_for_a_retry_is_made_due_and_nothing_else,
    what_is_claimed_meanwhile_counts_as_found,
}

fn quota(counter: &str, max_actions: u64, overage: Overage) -> QuotaCheck {
    QuotaCheck {
        counter: counter.into(),
        id: counter.into(),
        tenant: acteon_core::Tenant::parse("t").expect("a name"),
        max_actions,
        resets_at: at(100_000),
        overage,
    }
}

async fn admit(store: &dyn Store, owner: OwnerId, quotas: Vec<QuotaCheck>) -> Seq {
    let routes = vec![Route {
        quotas,
        ..route("p", Enqueue::InFlight(owner))
    }];
    let admission = Admission {
        priority: Priority::High,
        ..with_disposition(
            "a",
            at(100),
            Disposition::Send {
                conditions: Conditions::default(),
                routes,
            },
        )
    };
    match store.admit(admission).await.expect("admitted") {
        acteon_store::Admitted::Open { seq, .. } => seq,
        _ => panic!("it was there"),
    }
}

fn reroute(hold: Hold, quotas: Vec<QuotaCheck>) -> Reroute {
    let counters = ["all", "of-q"].map(str::to_owned).to_vec();
    Reroute {
        hold,
        action: Arc::new(action("a", "t")),
        priority: Priority::High,
        provider: provider("q"),
        prepared: Arc::new(acteon_core::Prepared {
            bytes: b"for q".to_vec(),
            ..prepared()
        }),
        charges: Charges {
            counters,
            dedup: None,
        },
        quotas,
        refund: vec!["of-p".into()],
    }
}

async fn used(store: &dyn Store) -> [u64; 3] {
    let mut used = [0; 3];
    for (count, counter) in used.iter_mut().zip(["all", "of-p", "of-q"]) {
        *count = store.used(counter).await.expect("a count");
    }
    used
}

pub(crate) async fn a_row_goes_another_way_charged_there_and_given_back_here(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let seq = admit(
        &*store,
        owner,
        vec![
            quota("all", 9, Overage::Block),
            quota("of-p", 9, Overage::Block),
        ],
    )
    .await;
    let hold = Hold {
        seq,
        owner,
        fence: 0,
    };
    assert_eq!(
        store
            .reroute(reroute(Hold { fence: 1, ..hold }, Vec::new()))
            .await,
        Ok(Rerouted::Fenced)
    );
    assert_eq!(
        store
            .reroute(reroute(hold, vec![quota("of-q", 1, Overage::Block)]))
            .await,
        Ok(Rerouted::Written)
    );
    let found = find(&*store, "a").await;
    assert_eq!(
        (
            found.provider.as_str(),
            found.action.provider.as_str(),
            found.in_flight
        ),
        ("q", "p", false)
    );
    assert_eq!(
        (
            found.prepared.expect("a request").bytes.as_slice(),
            found.priority
        ),
        (&b"for q"[..], Priority::High)
    );
    assert_eq!(
        (found.charges.counters, used(&*store).await),
        (vec!["all".to_owned(), "of-q".into()], [1, 0, 1])
    );
    let put_off = Settlement {
        hold,
        ..settlement(seq, owner, again(150))
    };
    store.settle(put_off).await.expect("settled");
    assert_eq!(store.next_due(&[provider("p")]).await, Ok(None));
    assert_eq!(
        store.next_due(&[provider("q")]).await,
        Ok(Some(at(150))),
        "it waits for the other"
    );
}

pub(crate) async fn nothing_changes_where_the_other_way_has_no_room(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let seq = admit(
        &*store,
        owner,
        vec![
            quota("all", 9, Overage::Block),
            quota("of-p", 9, Overage::Block),
        ],
    )
    .await;
    let hold = Hold {
        seq,
        owner,
        fence: 0,
    };
    for overage in [Overage::Block, Overage::Degrade(provider("r"))] {
        let quotas = vec![quota("warns", 0, Overage::Warn), quota("of-q", 0, overage)];
        assert_eq!(
            store.reroute(reroute(hold, quotas)).await,
            Ok(Rerouted::NoRoom)
        );
        assert_eq!(
            (
                find(&*store, "a").await.provider.as_str(),
                used(&*store).await,
                store.used("warns").await
            ),
            ("p", [1, 1, 0], Ok(0))
        );
    }
    let warns = vec![quota("of-q", 0, Overage::Warn)];
    assert_eq!(
        (
            store.reroute(reroute(hold, warns)).await,
            used(&*store).await
        ),
        (Ok(Rerouted::Written), [1, 0, 1]),
        "who warns lets it go"
    );
}

/// Puts a row off to 900, and with it the instant from which it may go where it is scheduled for that.
fn put_off(scheduled: bool) -> Step {
    let moved = Age {
        not_before: at(900),
        give_up_at: at(5000),
    };
    match again(900) {
        Step::PutOff { due_at, so_far, .. } => Step::PutOff {
            due_at,
            so_far,
            age: scheduled.then_some(moved),
        },
        other => other,
    }
}

pub(crate) async fn what_waits_for_a_retry_is_made_due_and_nothing_else(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    // What was never tried may have been put off as well, such as by a breaker that others opened.
    for (id, attempts, retries, marked) in [
        ("first", 1, 1, false),
        ("marked", 2, 2, true),
        ("fresh", 0, 0, false),
        ("scheduled", 0, 0, false),
    ] {
        let seq = crate::admit(&*store, id, Enqueue::Claimed(owner)).await;
        let settled = Settlement {
            attempts,
            durable_retries: retries,
            possible_duplicate: marked,
            ..settlement(seq, owner, put_off(id == "scheduled"))
        };
        store.settle(settled).await.expect("settled");
    }
    let hasten = |limit, maybe_sent| Hasten {
        provider: provider("p"),
        now: at(200),
        limit,
        maybe_sent,
    };
    let due = async |id: &str| find(&*store, id).await.due_at;
    assert_eq!(
        (
            store.hasten(hasten(1, false)).await,
            due("first").await,
            due("fresh").await
        ),
        (Ok(1), at(200), at(900))
    );
    assert_eq!(
        (
            store.hasten(hasten(9, false)).await,
            due("fresh").await,
            due("marked").await
        ),
        (Ok(1), at(200), at(900))
    );
    assert_eq!(
        (
            store.hasten(hasten(9, true)).await,
            due("marked").await,
            due("scheduled").await
        ),
        (Ok(1), at(200), at(900))
    );
    assert_eq!(
        store
            .hasten(Hasten {
                provider: provider("q"),
                ..hasten(9, true)
            })
            .await,
        Ok(0)
    );
}

pub(crate) async fn what_is_claimed_meanwhile_counts_as_found(engine: &Engine) {
    const ROUNDS: i64 = 12;
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    for number in 0..10 * (ROUNDS + 1) {
        let seq = crate::admit(&*store, &number.to_string(), Enqueue::Claimed(owner)).await;
        store
            .settle(Settlement {
                durable_retries: 1,
                ..settlement(seq, owner, again(900))
            })
            .await
            .expect("settled");
    }
    for round in 0..ROUNDS {
        let hasten = Hasten {
            provider: provider("p"),
            now: at(800 - round),
            limit: 5,
            maybe_sent: true,
        };
        let (found, claimed) =
            tokio::join!(store.hasten(hasten), crate::claim(&*store, owner, 1000));
        assert_eq!(
            (found, claimed.len()),
            (Ok(5), 10),
            "fewer than the limit would say that there are no others"
        );
    }
}
