//! Flows for tests of lost answers.

use acteon_core::{Namespace, Tenant};
use acteon_store::postgres::PostgresStore;
use acteon_store::{
    Admission, Advance, Advanced, Begin, Enqueue, Expect, Flow, FlowKey, FlowState, Flows as _,
    OwnerId, Poke, StoreError,
};

use super::charged;
use crate::at;

pub(crate) fn key(id: &str) -> FlowKey {
    FlowKey::new("k", id)
}

pub(crate) fn state(status: &str, due: Option<i64>) -> FlowState {
    FlowState {
        status: status.into(),
        body: format!(r#"{{"step":"{status}"}}"#).into(),
        due_at: due.map(at),
        is_over: false,
    }
}

/// Version of a flow that an advance begins.
pub(crate) const FIRST: i64 = first(300);

/// Version of a flow that begins at an instant.
pub(crate) const fn first(seconds: i64) -> i64 {
    seconds * 1000 * 1024
}

pub(crate) fn new() -> Expect {
    Expect::New(
        Namespace::parse("n").expect("a name"),
        Tenant::parse("t").expect("a name"),
    )
}

/// An advance that changes nothing but its flow.
pub(crate) fn advance(id: &str, expect: Expect, state: Option<FlowState>) -> Advance {
    Advance {
        key: key(id),
        expect,
        at: at(300),
        due: at(310),
        state,
        admissions: Vec::new(),
        begins: Vec::new(),
        cancels: Vec::new(),
        pokes: Vec::new(),
        events: Vec::new(),
    }
}

pub(crate) fn begin(id: &str) -> Begin {
    Begin {
        key: key(id),
        namespace: Namespace::parse("n").expect("a name"),
        tenant: Tenant::parse("t").expect("a name"),
        state: state("begun", None),
    }
}

pub(crate) fn poke(id: &str, due: i64) -> Poke {
    Poke {
        flow: key(id),
        due_at: at(due),
    }
}

/// Begins flows that wait.
pub(crate) async fn begun(store: &PostgresStore, ids: &[&str]) {
    for id in ids {
        let told = store
            .advance(advance(id, new(), Some(state("waits", None))))
            .await;
        assert_eq!(version(told), Ok(Some(FIRST)));
    }
}

pub(crate) async fn flow(store: &PostgresStore, id: &str) -> Flow {
    store.flow(&key(id)).await.expect("read").expect("a flow")
}

/// Version that an advance was told; `None` where the flow had changed.
pub(crate) fn version(told: Result<Advanced, StoreError>) -> Result<Option<i64>, StoreError> {
    told.map(|advanced| match advanced {
        Advanced::Written { version, .. } => Some(version),
        Advanced::Changed(_) => None,
    })
}

/// An unowned action that is charged to a quota which is used up and warns.
pub(crate) fn over_its_quota(id: &str) -> Admission {
    let mut admission = charged(id, OwnerId::NOBODY, 0);
    if let acteon_store::Disposition::Send { routes, .. } = &mut admission.disposition {
        for route in routes {
            route.enqueue = Enqueue::DueAt(at(320));
        }
    }
    admission
}
