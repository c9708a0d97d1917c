//! Who holds which rows, what they may have sent of them, and what becomes of that.

use acteon_store::{
    Age, ClaimRows, Enqueue, Freed, Hold, OwnerId, Room, Route, Seq, Settled, Settlement, Step,
    Store,
};

use crate::{
    Engine, again, at, claim, claim_rows, find, provider, route, settlement, with_disposition,
};

on_every_engine! {
    what_may_have_been_sent_is_told_from_what_waited,
    a_claim_serves_many_rooms_and_takes_nothing_of_others,
    what_is_owned_is_listed_in_pages_and_freed_only_as_it_is_held,
    what_is_given_back_unsent_keeps_its_place,
    what_is_postponed_takes_its_age_along,
}

async fn admit(store: &dyn Store, id: &str, name: &str, enqueue: Enqueue) -> Seq {
    let routes: Vec<Route> = vec![route(name, enqueue)];
    let disposition = acteon_store::Disposition::Send {
        conditions: acteon_store::Conditions::default(),
        routes,
    };
    match store
        .admit(with_disposition(id, at(100), disposition))
        .await
        .expect("admitted")
    {
        acteon_store::Admitted::Open { seq, .. } => seq,
        _ => panic!("{id} was there"),
    }
}

fn begins(seq: Seq, owner: OwnerId, late_mark: Option<&str>) -> Settlement {
    let step = Step::Progress { in_flight: true };
    Settlement {
        history: None,
        attempts: 0,
        durable_retries: 0,
        late_mark: late_mark.map(Into::into),
        ..settlement(seq, owner, step)
    }
}

pub(crate) async fn what_may_have_been_sent_is_told_from_what_waited(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let born = admit(&*store, "born", "p", Enqueue::InFlight(owner)).await;
    let begun = admit(&*store, "begun", "p", Enqueue::Claimed(owner)).await;
    admit(&*store, "waited", "p", Enqueue::Claimed(owner)).await;
    let put_off = admit(&*store, "put_off", "p", Enqueue::InFlight(owner)).await;
    assert_eq!(
        store.settle(begins(begun, owner, Some("late"))).await,
        Ok(Settled::Written)
    );
    assert_eq!(
        store.settle(begins(begun, owner, Some("late"))).await,
        Ok(Settled::Written),
        "the owner stays"
    );
    assert_eq!(
        store
            .settle(begins(begun, OwnerId(owner.0 ^ 1), None))
            .await,
        Ok(Settled::Fenced)
    );
    assert_eq!(
        store.settle(settlement(put_off, owner, again(150))).await,
        Ok(Settled::Written)
    );
    assert_eq!(
        (
            store.open_count(),
            find(&*store, "begun").await.in_flight,
            find(&*store, "born").await.seq
        ),
        (4, true, born)
    );
    let beat = store
        .heartbeats()
        .await
        .expect("beats")
        .pop()
        .expect("a process");
    assert_eq!(
        store.take_over(vec![beat], at(120)).await,
        Ok(Freed {
            unsent: 1,
            maybe_sent: 2
        })
    );
    for (id, count, late_mark) in [
        ("born", 1, None),
        ("begun", 1, Some("late")),
        ("waited", 0, None),
        ("put_off", 0, None),
    ] {
        let found = find(&*store, id).await;
        assert_eq!(
            (
                found.takeovers,
                found.possible_duplicate,
                found.late_mark.as_deref()
            ),
            (count, count == 1, late_mark),
            "{id}"
        );
        assert!(!found.owned && !found.in_flight, "{id}");
    }
}

pub(crate) async fn a_claim_serves_many_rooms_and_takes_nothing_of_others(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    for (number, name) in ["p", "q", "r", "s", "p", "q", "r", "s"]
        .into_iter()
        .enumerate()
    {
        admit(
            &*store,
            &format!("{name}{number}"),
            name,
            Enqueue::DueAt(at(110 + number as i64)),
        )
        .await;
    }
    let room =
        |names: &[&str], limit| Room::of(names.iter().map(|name| provider(name)).collect(), limit);
    let rows = ClaimRows::Due(vec![room(&["r"], 10), room(&["p", "q"], 3)]);
    let ids = |records: &[acteon_store::Record]| {
        records
            .iter()
            .map(|record| record.action.id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids(&claim_rows(&*store, owner, 500, rows).await),
        ["r2", "r6", "p0", "q1", "p4"],
        "a room is shared, the oldest due first"
    );
    assert_eq!(
        store.next_due(&[provider("q"), provider("s")]).await,
        Ok(Some(at(113)))
    );
    assert_eq!(store.next_due(&[provider("r")]).await, Ok(None));
    assert!(
        claim(&*store, owner, 500).await.is_empty(),
        "nothing of p is left"
    );
}

pub(crate) async fn what_is_owned_is_listed_in_pages_and_freed_only_as_it_is_held(engine: &Engine) {
    let store = engine.open().await;
    let (owner, other) = (
        store.register().await.expect("an owner"),
        store.register().await.expect("an owner"),
    );
    let mut seqs = Vec::new();
    for number in 0..5 {
        seqs.push(admit(&*store, &format!("a{number}"), "p", Enqueue::Claimed(owner)).await);
    }
    admit(&*store, "other", "p", Enqueue::Claimed(other)).await;
    let first = store.owned(owner, Seq(i64::MIN), 3).await.expect("a page");
    let rest = store.owned(owner, first[2].seq, 3).await.expect("a page");
    assert_eq!(
        first
            .iter()
            .chain(&rest)
            .map(|hold| hold.seq)
            .collect::<Vec<_>>(),
        seqs
    );
    store
        .settle(begins(seqs[1], owner, None))
        .await
        .expect("settled");
    let wrong = [
        Hold {
            owner: other,
            ..first[0]
        },
        Hold {
            fence: 77,
            ..first[2]
        },
    ];
    let freed = store
        .free([wrong[0], wrong[1], first[0], first[1]].to_vec(), at(130))
        .await;
    assert_eq!(
        freed,
        Ok(Freed {
            unsent: 1,
            maybe_sent: 1
        })
    );
    let claimed = claim(&*store, other, 130).await;
    let marked: Vec<(Seq, bool)> = claimed
        .iter()
        .map(|found| (found.seq, found.possible_duplicate))
        .collect();
    assert_eq!(marked, [(seqs[0], false), (seqs[1], true)]);
    assert_eq!(
        store.free(vec![first[0]], at(140)).await,
        Ok(Freed::default()),
        "another holds it by now"
    );
}

pub(crate) async fn what_is_given_back_unsent_keeps_its_place(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let sent = admit(&*store, "sent", "p", Enqueue::DueAt(at(105))).await;
    admit(&*store, "old", "p", Enqueue::DueAt(at(110))).await;
    let due = async |id: &str| find(&*store, id).await.due_at;
    for round in 0..3 {
        // Whoever claims.
        let holder = store.register().await.expect("an owner");
        let holds: Vec<Hold> = claim(&*store, holder, 200)
            .await
            .iter()
            .map(|found| Hold {
                seq: found.seq,
                owner: holder,
                fence: found.fence,
            })
            .collect();
        let begun = holds.iter().find(|hold| hold.seq == sent).expect("claimed");
        let step = Step::Progress { in_flight: true };
        let begins = Settlement {
            history: None,
            late_mark: None,
            ..settlement(sent, holder, step)
        };
        assert_eq!(
            store
                .settle(Settlement {
                    hold: *begun,
                    ..begins
                })
                .await,
            Ok(Settled::Written),
            "{round}"
        );
        match round {
            0 => drop(store.free(holds, at(300)).await.expect("freed")),
            1 => store.retire(holder, at(300)).await.expect("retired"),
            _ => {
                let beats = store.heartbeats().await.expect("beats");
                let dead = beats
                    .into_iter()
                    .filter(|beat| beat.owner == holder)
                    .collect();
                assert_eq!(
                    store.take_over(dead, at(300)).await,
                    Ok(Freed {
                        unsent: 1,
                        maybe_sent: 1
                    })
                );
            }
        }
        assert_eq!(
            (due("old").await, due("sent").await),
            (at(110), at(300)),
            "{round}"
        );
        // As it was, for the next round.
        let first = claim(&*store, owner, 400).await;
        assert_eq!(
            first
                .first()
                .map(|found| found.action.id.to_string())
                .as_deref(),
            Some("old"),
            "{round}"
        );
        for found in first {
            let hold = Hold {
                seq: found.seq,
                owner,
                fence: found.fence,
            };
            let due_at = if found.seq == sent { at(105) } else { at(110) };
            let step = Step::PutOff {
                due_at,
                so_far: "{}".into(),
                age: None,
            };
            store
                .settle(Settlement {
                    hold,
                    ..settlement(found.seq, owner, step)
                })
                .await
                .expect("put off");
        }
    }
}

pub(crate) async fn what_is_postponed_takes_its_age_along(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let postponed = admit(&*store, "postponed", "p", Enqueue::Claimed(owner)).await;
    let again = admit(&*store, "again", "p", Enqueue::Claimed(owner)).await;
    let before = find(&*store, "again").await;
    for (seq, age) in [
        (
            postponed,
            Some(Age {
                not_before: at(5000),
                give_up_at: at(9000),
            }),
        ),
        (again, None),
    ] {
        let step = Step::PutOff {
            due_at: at(5000),
            so_far: "{}".into(),
            age,
        };
        assert_eq!(
            store.settle(settlement(seq, owner, step)).await,
            Ok(Settled::Written)
        );
    }
    let ages = async |id: &str| {
        let found = find(&*store, id).await;
        (found.due_at, found.not_before, found.give_up_at)
    };
    assert_eq!(ages("postponed").await, (at(5000), at(5000), at(9000)));
    assert_eq!(
        ages("again").await,
        (at(5000), before.not_before, before.give_up_at)
    );
}
