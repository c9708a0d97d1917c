//! Lists of flows, and their numbers.

use std::sync::Arc;

use acteon_core::{Grant, Namespace, Scope, Tenant};
use acteon_store::{
    Advance, Expect, Flow, FlowCount, FlowFilter, FlowKey, FlowPage, FlowState, Order, Store,
};

use super::{advance, changes, ids, namespace, over, tenant, waits, write};
use crate::Engine;

on_every_engine! {
    a_list_has_what_its_filter_covers_in_the_order_of_ids,
    a_list_goes_on_in_pages,
    a_page_ends_by_its_bytes,
    a_list_has_what_grants_cover,
    flows_are_counted_by_kind_tenant_and_status,
}

fn all_of(kind: &str) -> FlowFilter {
    FlowFilter {
        kind: kind.into(),
        scope: Scope::everything(),
        status: None,
        after: None,
        order: Order::OldestFirst,
        limit: 100,
        max_bytes: usize::MAX,
    }
}

fn newest(filter: FlowFilter) -> FlowFilter {
    FlowFilter {
        order: Order::NewestFirst,
        ..filter
    }
}

async fn add(store: &dyn Store, kind: &str, id: &str, of: (&str, Tenant), status: &str) {
    let namespace = acteon_core::Namespace::parse(of.0).expect("a name");
    let state = FlowState {
        status: status.into(),
        ..waits(None)
    };
    let begins = Advance {
        key: FlowKey::new(kind, id),
        ..advance(id, Expect::New(namespace, of.1), Some(state))
    };
    write(store, begins).await;
}

async fn filled(store: &dyn Store) {
    for (id, of, status) in [
        ("b", ("n", "t"), "waits"),
        ("B", ("n", "t"), "done"),
        ("a", ("n", "u"), "waits"),
        ("é", ("m", "t"), "waits"),
        ("a-1", ("n", "t"), "waits"),
    ] {
        add(store, "x", id, (of.0, tenant(of.1)), status).await;
    }
    add(store, "y", "a", ("n", tenant("t")), "waits").await;
}

async fn listed(store: &dyn Store, filter: FlowFilter) -> Vec<Flow> {
    let counted = store.count_flows(filter.clone()).await.expect("a count");
    let page = store.flows(filter).await.expect("a page");
    assert_eq!(counted, page.flows.len());
    page.flows
}

/// Of a scope, what lies in one namespace and tenant, where they are asked for.
fn asked_for(mut scope: Scope, namespace: Option<Namespace>, tenant: Option<Tenant>) -> Scope {
    scope.namespace = namespace;
    scope.tenant = tenant;
    scope
}

pub(crate) async fn a_list_has_what_its_filter_covers_in_the_order_of_ids(engine: &Engine) {
    let store = engine.open().await;
    assert!(listed(&*store, all_of("x")).await.is_empty());
    filled(&*store).await;
    let x = || all_of("x");
    let within = |namespace, tenant| asked_for(Scope::everything(), namespace, tenant);
    let (n, t) = (Some(namespace()), Some(tenant("t")));
    let status = |status: &str| Some(status.into());
    for (filter, expected) in [
        (x(), &["B", "a", "a-1", "b", "é"][..]),
        (all_of("y"), &["a"]),
        (all_of("z"), &[]),
        (
            FlowFilter {
                scope: within(n.clone(), None),
                ..x()
            },
            &["B", "a", "a-1", "b"],
        ),
        (
            FlowFilter {
                scope: within(None, t.clone()),
                ..x()
            },
            &["B", "a-1", "b", "é"],
        ),
        (
            FlowFilter {
                scope: within(n.clone(), t.clone()),
                ..x()
            },
            &["B", "a-1", "b"],
        ),
        (
            FlowFilter {
                status: status("waits"),
                ..x()
            },
            &["a", "a-1", "b", "é"],
        ),
        (
            FlowFilter {
                scope: within(n.clone(), t.clone()),
                status: status("waits"),
                after: Some("a".into()),
                ..x()
            },
            &["a-1", "b"],
        ),
        (
            FlowFilter {
                status: status("gone"),
                ..x()
            },
            &[],
        ),
        (FlowFilter { limit: 0, ..x() }, &[]),
        (newest(x()), &["é", "b", "a-1", "a", "B"]),
        (
            FlowFilter {
                limit: 2,
                after: Some("b".into()),
                ..newest(x())
            },
            &["a-1", "a"],
        ),
        (
            FlowFilter {
                scope: within(n.clone(), t.clone()),
                ..newest(x())
            },
            &["b", "a-1", "B"],
        ),
    ] {
        let flows = listed(&*store, filter.clone()).await;
        assert_eq!(ids(&flows), expected, "{filter:?}");
    }
    let whole = listed(&*store, all_of("y")).await;
    let found = store
        .flow(&FlowKey::new("y", "a"))
        .await
        .expect("an answer");
    assert_eq!(
        Some(&whole[0]),
        found.as_ref(),
        "a list shows all of a flow"
    );
}

pub(crate) async fn a_list_goes_on_in_pages(engine: &Engine) {
    let store = engine.open().await;
    filled(&*store).await;
    for of_tenant in [None, Some(tenant("t"))] {
        let filter = FlowFilter {
            scope: asked_for(
                Scope::everything(),
                of_tenant.as_ref().map(|_| namespace()),
                of_tenant,
            ),
            ..all_of("x")
        };
        let all = listed(&*store, filter.clone()).await;
        let mut pages = Vec::new();
        let mut after = None;
        loop {
            let filter = FlowFilter {
                limit: 2,
                after,
                ..filter.clone()
            };
            let page = store.flows(filter).await.expect("a page");
            pages.extend(page.flows);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(pages, all);
    }
}

pub(crate) async fn a_page_ends_by_its_bytes(engine: &Engine) {
    let store = engine.open().await;
    filled(&*store).await;
    let all = listed(&*store, all_of("x")).await;
    let bytes = |flows: &[Flow]| {
        flows
            .iter()
            .map(|flow| flow.state.body.len())
            .sum::<usize>()
    };
    for (max_bytes, expected) in [
        (1, 1),
        (bytes(&all[..2]) - 1, 2),
        (bytes(&all[..2]), 2),
        (bytes(&all[..2]) + 1, 3),
    ] {
        let filter = FlowFilter {
            max_bytes,
            ..all_of("x")
        };
        let FlowPage { flows, next } = store.flows(filter).await.expect("a page");
        assert_eq!(flows, all[..expected], "{max_bytes}");
        assert_eq!(next.as_ref(), Some(&all[expected - 1].key.id));
    }
    let whole = store.flows(all_of("x")).await.expect("a page");
    assert_eq!((whole.flows, whole.next), (all, None));
}

pub(crate) async fn a_list_has_what_grants_cover(engine: &Engine) {
    let store = engine.open().await;
    for (id, of) in [
        ("a", ("n", "t")),
        ("b", ("n", "t.u")),
        ("c", ("n", "tt")),
        ("d", ("m", "t")),
        ("e", ("m", "v")),
    ] {
        add(&*store, "x", id, (of.0, tenant(of.1)), "waits").await;
    }
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let grant = |tenants: &[&str], namespaces: &[&str]| Grant {
        tenants: words(tenants),
        namespaces: words(namespaces),
        // What a flow sends the store does not know.
        providers: words(&["p"]),
        actions: words(&["y"]),
    };
    let of_tenant = |grants: &[Grant], of: Option<&str>| {
        asked_for(Scope::of(&Arc::from(grants)), None, of.map(tenant))
    };
    for (grants, of, expected) in [
        (vec![grant(&["t"], &["*"])], None, &["a", "b", "d"][..]),
        (vec![grant(&["t"], &["n"])], None, &["a", "b"]),
        (
            vec![grant(&["tt"], &["n"]), grant(&["*"], &["m"])],
            None,
            &["c", "d", "e"],
        ),
        (vec![grant(&["t"], &["*"])], Some("t"), &["a", "d"]),
        (vec![grant(&["t"], &["*"])], Some("v"), &[]),
        (vec![], None, &[]),
    ] {
        let filter = FlowFilter {
            scope: of_tenant(&grants, of),
            ..all_of("x")
        };
        let flows = listed(&*store, filter.clone()).await;
        assert_eq!(ids(&flows), expected, "{filter:?}");
        // Those of others take no place on the page.
        let page = FlowFilter {
            limit: 1,
            ..filter.clone()
        };
        assert_eq!(listed(&*store, page).await.len(), expected.len().min(1));
    }
}

pub(crate) async fn flows_are_counted_by_kind_tenant_and_status(engine: &Engine) {
    let store = engine.open().await;
    assert_eq!(store.flow_counts().await, Ok(Vec::new()));
    filled(&*store).await;
    let count = |kind: &str, tenant: &str, status: &str, count| FlowCount {
        kind: kind.into(),
        tenant: tenant.into(),
        status: status.into(),
        count,
    };
    let counts = async || {
        let mut counts = store.flow_counts().await.expect("counts");
        counts.sort_by_key(|count| {
            [&count.kind, &count.tenant, &count.status].map(ToString::to_string)
        });
        counts
    };
    assert_eq!(
        counts().await,
        [
            count("x", "t", "done", 1),
            count("x", "t", "waits", 3),
            count("x", "u", "waits", 1),
            count("y", "t", "waits", 1)
        ]
    );
    let key = FlowKey::new("y", "a");
    let found = store.flow(&key).await.expect("an answer").expect("a flow");
    write(&*store, changes(&found, over())).await;
    let found = store
        .flow(&FlowKey::new("x", "b"))
        .await
        .expect("an answer")
        .expect("a flow");
    let gone = Advance {
        key: found.key.clone(),
        ..advance("b", Expect::Version(found.version), None)
    };
    write(&*store, gone).await;
    assert_eq!(
        counts().await,
        [
            count("x", "t", "done", 1),
            count("x", "t", "waits", 2),
            count("x", "u", "waits", 1),
            count("y", "t", "done", 1)
        ]
    );
}
