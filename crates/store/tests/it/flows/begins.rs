//! Flows that begin with an action, or with another flow.

use acteon_core::Outcome;
use acteon_store::{
    Admission, Admitted, Advance, Conditions, Disposition, Enqueue, Overage, QuotaCheck, Route,
};

use super::{begin, begins, begun, child, find_flow, flow, tenant, waits, write};
use crate::{Engine, admission, at, executed, route, with_disposition};

on_every_engine! {
    a_flow_begins_in_the_commit_of_a_new_action,
    an_action_that_is_there_begins_nothing,
    an_action_that_the_gate_refuses_begins_nothing,
    flows_begin_with_an_advance_and_with_its_actions,
}

fn ended(id: &str) -> Admission {
    with_disposition(id, at(100), Disposition::Ended(executed()))
}

fn beginning(admission: Admission, ids: &[&str]) -> Admission {
    Admission {
        begins: ids.iter().map(|id| begin(id, Some(300))).collect(),
        ..admission
    }
}

pub(crate) async fn a_flow_begins_in_the_commit_of_a_new_action(engine: &Engine) {
    let store = engine.open().await;
    let open = admission("open", Enqueue::DueAt(at(105)));
    let both = ["of-open", "of-open-2"];
    for admission in [
        beginning(open, &both),
        beginning(ended("ended"), &["of-ended"]),
    ] {
        store.admit(admission).await.map(drop).expect("admitted");
    }
    for id in ["of-open", "of-open-2", "of-ended"] {
        let found = flow(&*store, id).await;
        assert_eq!(
            (
                found.state,
                found.tenant,
                found.created_at,
                found.updated_at
            ),
            (waits(Some(300)), tenant("t"), at(100), at(100)),
            "{id}"
        );
    }
}

pub(crate) async fn an_action_that_is_there_begins_nothing(engine: &Engine) {
    let store = engine.open().await;
    let first = begun(&*store, "there", waits(None)).await;
    let open = || admission("open", Enqueue::DueAt(at(105)));
    store
        .admit(beginning(open(), &["there"]))
        .await
        .map(drop)
        .expect("admitted");
    assert_eq!(
        flow(&*store, "there").await,
        first,
        "what is there goes on as it is"
    );
    for admission in [
        beginning(open(), &["late"]),
        beginning(ended("open"), &["late"]),
    ] {
        let again = store.admit(admission).await.expect("an answer");
        assert!(matches!(again, Admitted::Existing(_)));
    }
    assert_eq!(find_flow(&*store, "late").await, None);
}

pub(crate) async fn an_action_that_the_gate_refuses_begins_nothing(engine: &Engine) {
    let store = engine.open().await;
    let none = QuotaCheck {
        counter: "q".into(),
        id: "q".into(),
        tenant: tenant("t"),
        max_actions: 0,
        resets_at: at(3600),
        overage: Overage::Block,
    };
    let route = Route {
        quotas: vec![none],
        ..route("p", Enqueue::DueAt(at(105)))
    };
    let send = Disposition::Send {
        conditions: Conditions::default(),
        routes: vec![route],
    };
    let refused = with_disposition("refused", at(100), send);
    let told = store
        .admit(beginning(refused, &["late"]))
        .await
        .expect("an answer");
    assert!(matches!(
        told,
        Admitted::Ended(Outcome::QuotaExceeded { .. })
    ));
    assert_eq!(find_flow(&*store, "late").await, None);
    // The same request is decided again, and goes.
    let goes = admission("refused", Enqueue::DueAt(at(105)));
    store
        .admit(beginning(goes, &["late"]))
        .await
        .map(drop)
        .expect("admitted");
    assert!(find_flow(&*store, "late").await.is_some());
}

pub(crate) async fn flows_begin_with_an_advance_and_with_its_actions(engine: &Engine) {
    let store = engine.open().await;
    let first = begun(&*store, "there", waits(None)).await;
    let step = Advance {
        begins: vec![
            begin("there", Some(300)),
            begin("beside", Some(300)),
            begin("beside", None),
        ],
        admissions: vec![
            beginning(child("c", "a"), &["of-child"]),
            beginning(child("c", "a"), &["of-nobody"]),
        ],
        ..begins("a", waits(None))
    };
    let written = write(&*store, step).await;
    assert!(matches!(written.admitted[1], Admitted::Existing(_)));
    assert_eq!(flow(&*store, "there").await, first);
    let beside = flow(&*store, "beside").await;
    assert_eq!(
        (beside.state, beside.created_at),
        (waits(Some(300)), at(200)),
        "the first of a name"
    );
    assert_eq!(flow(&*store, "of-child").await.created_at, at(100));
    assert_eq!(find_flow(&*store, "of-nobody").await, None);
}
