//! Whatever the engine has registered pays for what it looks at, also what it gets tomorrow.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use minijinja::State;
use minijinja::value::{Enumerator, Kwargs, Object, ObjectRepr};

use super::*;

/// Steps of a rendering, of which there are few here.
const FUEL: u64 = 1_000;

/// Most items that they pay for: the engine takes half a step for one.
const MAX_READ: usize = 2 * FUEL as usize + 100;

/// Items of a list that nobody can pay for.
const ITEMS: usize = 20_000;

/// Bytes of a long text.
const TEXT_BYTES: usize = 64_000;

/// Filters that hand on what they are given beside their value, or look at none of it.
const FILTERS_AT_ONCE: &[&str] = &[
    "-list", "-map", "batch", "bool", "count", "d", "default", "first", "float", "int", "items",
    "last", "length", "list", "reverse", "round", "slice", "abs",
];

/// Filters and tests that tell a text from all else at once.
const COMPARING: &[&str] = &[
    "!=",
    "<",
    "<=",
    "==",
    ">",
    ">=",
    "eq",
    "equalto",
    "ge",
    "greaterthan",
    "gt",
    "le",
    "lessthan",
    "lt",
    "ne",
];

/// Tests that know the kind of a value from its outside.
const TESTS_AT_ONCE: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "escaped",
    "even",
    "false",
    "filter",
    "float",
    "int",
    "integer",
    "iterable",
    "mapping",
    "none",
    "number",
    "odd",
    "safe",
    "sequence",
    "string",
    "test",
    "true",
    "undefined",
];

/// List or map that counts how often it was read.
#[derive(Debug)]
struct Counted {
    kind: ObjectRepr,
    read: Arc<AtomicUsize>,
}

impl Object for Counted {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        self.kind
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.read.fetch_add(1, Ordering::Relaxed);
        key.as_usize().filter(|key| *key < ITEMS).map(Value::from)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let read = Arc::clone(&self.read);
        match self.kind {
            ObjectRepr::Seq => Enumerator::Seq(ITEMS),
            _ => Enumerator::Iter(Box::new((0..ITEMS).map(move |at| {
                read.fetch_add(1, Ordering::Relaxed);
                Value::from(at)
            }))),
        }
    }
}

/// Names that the engine has registered, as it tells them.
fn registered(what: &str) -> Vec<String> {
    let told = format!("{:?}", *BARE);
    let (_, behind) = told.split_once(&format!("{what}: [")).expect(what);
    let (names, _) = behind.split_once(']').expect(what);
    let names = names
        .split(", ")
        .map(|name| name.trim_matches('"').to_owned());
    let names: Vec<String> = names.collect();
    assert!(names.len() > 20, "{told}");
    names
}

/// What is called with a value in each place, beside others that most filters and tests take.
fn calls(value: &Value) -> Vec<Vec<Value>> {
    let [text, form, one] = [Value::from("a"), Value::from("%(a)s%s"), Value::from(1)];
    let list = Value::from(vec![1]);
    let named = |name: &str| Value::from(Kwargs::from_iter([(name, value.clone())]));
    let mut calls = vec![
        vec![value.clone()],
        vec![value.clone(), value.clone()],
        vec![value.clone(), one.clone()],
        vec![value.clone(), text.clone()],
        vec![value.clone(), text.clone(), text.clone()],
        vec![list.clone(), one.clone(), value.clone()],
    ];
    for first in [&text, &form, &list] {
        calls.push(vec![first.clone(), value.clone()]);
        calls.push(vec![first.clone(), value.clone(), text.clone()]);
        calls.push(vec![first.clone(), text.clone(), value.clone()]);
        for name in ["attribute", "d", "default", "start", "a", "count", "indent"] {
            calls.push(vec![first.clone(), named(name)]);
        }
    }
    for name in ["upper", "eq", "string", "default"] {
        calls.push(vec![list.clone(), Value::from(name), value.clone()]);
        calls.push(vec![value.clone(), Value::from(name), value.clone()]);
    }
    calls
}

#[test]
fn no_more_items_are_read_than_are_paid_for() {
    let mut engine = BARE.clone();
    engine.set_fuel(Some(FUEL));
    for kind in [ObjectRepr::Seq, ObjectRepr::Iterable, ObjectRepr::Map] {
        let read = Arc::new(AtomicUsize::new(0));
        let value = Value::from_object(Counted {
            kind,
            read: Arc::clone(&read),
        });
        let check = |name: &str, call: &[Value], run: &mut dyn FnMut(&[Value])| {
            read.store(0, Ordering::Relaxed);
            run(call);
            let read = read.load(Ordering::Relaxed);
            assert!(
                read <= MAX_READ,
                "{name} read {read} of {kind:?} in {}",
                call.len()
            );
        };
        for call in calls(&value) {
            for name in registered("filters") {
                check(&name, &call, &mut |call| {
                    let _ = engine.empty_state().apply_filter(&name, call);
                });
            }
            for name in registered("tests") {
                check(&name, &call, &mut |call| {
                    let _ = engine.empty_state().perform_test(&name, call);
                });
            }
        }
    }
}

#[test]
fn texts_are_paid_for_before_they_are_read() {
    let text = Value::from("x".repeat(TEXT_BYTES));
    let least = TEXT_BYTES as u64 / 64;
    for call in calls(&text) {
        let places = call.iter().map(|value| *value == text);
        let places: Vec<bool> = places.collect();
        let is_one_of_two = call.len() == 2 && call.iter().any(|value| value.as_str().is_none());
        let check = |name: &str, state: &State, is_ok: bool| {
            let (used, _) = state.fuel_levels().expect("fuel");
            let is_at_once = is_one_of_two && COMPARING.contains(&name);
            assert!(
                !is_ok || is_at_once || used >= least,
                "{name} took {used} steps "
            );
        };
        for name in registered("filters") {
            // The engine has the first value of a filter paid for.
            if places[1..].contains(&true) && !FILTERS_AT_ONCE.contains(&name.as_str()) {
                let mut state = BARE.empty_state();
                let is_ok = state.apply_filter(&name, &call).is_ok();
                check(&name, &state, is_ok);
            }
        }
        for name in registered("tests") {
            if places.contains(&true) && !TESTS_AT_ONCE.contains(&name.as_str()) {
                let mut state = BARE.empty_state();
                let is_ok = state.perform_test(&name, &call).is_ok();
                check(&name, &state, is_ok);
            }
        }
    }
}

#[test]
fn what_breaks_off_is_an_error_as_any_other() {
    let error = or_broken_off::<()>(|| panic!("a fault of the engine")).expect_err("an error");
    assert!(error.to_string().contains("broke off"), "{error}");
}
