//! Sweeps: what is over goes, in steps that are bounded in rows, and nothing else does.

use std::time::Duration;

use acteon_store::{Admitted, Conditions, DedupCheck, Disposition, Enqueue, ThrottleCheck};

use crate::{Engine, at, route, with_disposition};

on_every_engine!(a_sweep_goes_in_steps_of_rows_and_leaves_what_is_not_over);

/// More than a step deletes.
const MANY: usize = 1100;

fn with_conditions(id: &str, conditions: Conditions) -> acteon_store::Admission {
    with_disposition(
        id,
        at(100),
        Disposition::Send {
            conditions,
            routes: vec![route("p", Enqueue::DueAt(at(500)))],
        },
    )
}

pub(crate) async fn a_sweep_goes_in_steps_of_rows_and_leaves_what_is_not_over(engine: &Engine) {
    let store = engine.open().await;
    let throttle = || ThrottleCheck {
        key: "one".into(),
        max_count: 5000,
        window: Duration::from_mins(1),
        rule: "r".into(),
    };
    let slots = (0..MANY).map(|number| {
        let conditions = Conditions {
            throttle: Some(throttle()),
            ..Conditions::default()
        };
        store.admit(with_conditions(&format!("t{number}"), conditions))
    });
    let keys = (0..MANY + 10).map(|number| {
        let until = if number % 110 == 0 { at(6000) } else { at(600) };
        let dedup = Some(DedupCheck {
            key: format!("k{number:05}"),
            until,
        });
        store.admit(with_conditions(
            &format!("k{number}"),
            Conditions {
                dedup,
                throttle: None,
            },
        ))
    });
    for admitted in futures_util::future::join_all(slots)
        .await
        .into_iter()
        .chain(futures_util::future::join_all(keys).await)
    {
        assert!(matches!(admitted, Ok(Admitted::Open { .. })));
    }
    let (mut cursor, mut left) = (None, engine.rows(&["dedup_keys", "throttles"]).await);
    loop {
        cursor = store.sweep(at(1000), cursor).await.expect("swept");
        let now = engine.rows(&["dedup_keys", "throttles"]).await;
        if let (Some(before), Some(now)) = (left, now) {
            assert!(before - now <= 1000, "a step deleted {} rows", before - now);
        }
        left = now;
        if cursor.is_none() {
            break;
        }
    }
    assert!(left.is_none_or(|left| left == 11), "{left:?} rows are left");
    let again = Some(DedupCheck {
        key: "k00110".into(),
        until: at(6000),
    });
    let again = store
        .admit(with_conditions(
            "again",
            Conditions {
                dedup: again,
                throttle: None,
            },
        ))
        .await;
    assert!(
        matches!(
            again,
            Ok(Admitted::Ended(acteon_core::Outcome::Deduplicated { .. }))
        ),
        "what is not over holds"
    );
}
