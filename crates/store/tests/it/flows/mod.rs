//! Flows: what an advance writes, who works on what, and what is listed.

mod actions;
mod advances;
mod begins;
mod claims;
mod copies;
mod crashes;
pub(crate) mod damage;
mod hastened;
mod lists;
mod model;
mod pokes;

use std::sync::Arc;

use acteon_core::{Namespace, Outcome, Tenant};
use acteon_store::{
    Admission, Admitted, Advance, Advanced, Begin, Enqueue, Expect, Flow, FlowClaim, FlowKey,
    FlowState, Hold, OwnerId, Poke, Record, Settled, Settlement, Store,
};

use crate::{admission, at, end, settlement};

fn key(id: &str) -> FlowKey {
    FlowKey::new("chain", id)
}

fn namespace() -> Namespace {
    Namespace::parse("n").expect("a name")
}

fn tenant(name: &str) -> Tenant {
    Tenant::parse(name).expect("a name")
}

/// State of a flow that waits, until an instant or for a poke.
pub(crate) fn waits(due: Option<i64>) -> FlowState {
    FlowState {
        status: "waits".into(),
        body: r#"{"step":"一"}"#.into(),
        due_at: due.map(at),
        is_over: false,
    }
}

pub(crate) fn over() -> FlowState {
    FlowState {
        status: "done".into(),
        body: "{}".into(),
        due_at: None,
        is_over: true,
    }
}

fn advance(id: &str, expect: Expect, state: Option<FlowState>) -> Advance {
    Advance {
        key: key(id),
        expect,
        at: at(200),
        // The two clocks are apart, so that one in the place of the other is found out.
        due: at(190),
        state,
        admissions: Vec::new(),
        begins: Vec::new(),
        cancels: Vec::new(),
        pokes: Vec::new(),
        events: Vec::new(),
    }
}

pub(crate) fn begins(id: &str, state: FlowState) -> Advance {
    advance(id, Expect::New(namespace(), tenant("t")), Some(state))
}

/// Advance of a flow as it was read.
pub(crate) fn changes(flow: &Flow, state: FlowState) -> Advance {
    Advance {
        key: flow.key.clone(),
        ..advance("", Expect::Version(flow.version), Some(state))
    }
}

fn begin(id: &str, due: Option<i64>) -> Begin {
    Begin {
        key: key(id),
        namespace: namespace(),
        tenant: tenant("t"),
        state: waits(due),
    }
}

fn poke(id: &str, due: i64) -> Poke {
    Poke {
        flow: key(id),
        due_at: at(due),
    }
}

/// Action that a flow wants, which waits for whoever claims it.
pub(crate) fn child(id: &str, parent: &str) -> Admission {
    Admission {
        parent: Some(key(parent)),
        ..admission(id, Enqueue::DueAt(at(105)))
    }
}

/// What an advance wrote: the flow's version, and what came of actions.
pub(crate) struct Written {
    pub(crate) version: i64,
    pub(crate) admitted: Vec<Admitted>,
    pub(crate) cancelled: Vec<Settled>,
}

pub(crate) async fn write(store: &dyn Store, advance: Advance) -> Written {
    let key = advance.key.clone();
    match store.advance(advance).await.expect("an answer") {
        Advanced::Written {
            version,
            admitted,
            cancelled,
        } => Written {
            version,
            admitted,
            cancelled,
        },
        Advanced::Changed(found) => panic!("{key} was {found:?}"),
    }
}

/// Begins a flow, and reads it.
async fn begun(store: &dyn Store, id: &str, state: FlowState) -> Flow {
    write(store, begins(id, state)).await;
    flow(store, id).await
}

async fn changed(store: &dyn Store, advance: Advance) -> Option<Flow> {
    match store.advance(advance).await.expect("an answer") {
        Advanced::Changed(found) => found,
        Advanced::Written { version, .. } => panic!("it was written as {version}"),
    }
}

pub(crate) async fn flow(store: &dyn Store, id: &str) -> Flow {
    find_flow(store, id).await.expect("a flow")
}

async fn find_flow(store: &dyn Store, id: &str) -> Option<Flow> {
    store.flow(&key(id)).await.expect("an answer")
}

/// Claims due flows of the kind.
pub(crate) async fn claim(store: &dyn Store, owner: OwnerId, now: i64) -> Vec<Flow> {
    let claim = FlowClaim {
        owner,
        now: at(now),
        kinds: vec!["chain".into()],
        limit: 10,
    };
    store.claim_flows(claim).await.expect("claimed")
}

fn ids(flows: &[Flow]) -> Vec<&str> {
    flows.iter().map(|flow| &*flow.key.id).collect()
}

/// Settlement that calls off an action as it was read.
pub(crate) fn cancel(record: &Record) -> Settlement {
    let outcome = Outcome::Cancelled {
        by: "chain:a".into(),
        at: at(200),
    };
    Settlement {
        hold: Hold {
            seq: record.seq,
            owner: OwnerId::NOBODY,
            fence: record.fence,
        },
        attempts: record.attempts,
        durable_retries: record.durable_retries,
        history: None,
        ..settlement(record.seq, OwnerId::NOBODY, end(outcome))
    }
}

/// End of an action by its owner, which pokes a flow.
fn ends_poking(record: &Record, owner: OwnerId, poke: Poke, outcome: Outcome) -> Settlement {
    Settlement {
        hold: Hold {
            seq: record.seq,
            owner,
            fence: record.fence,
        },
        poke: Some(poke),
        ..settlement(record.seq, owner, end(outcome))
    }
}

fn kinds(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}
