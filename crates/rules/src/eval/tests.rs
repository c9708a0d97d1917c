//! The truth table of `docs/adr/0003`, and what conditions come to.

use std::collections::BTreeMap;

use acteon_core::{Action, Timestamp};

use super::{Truth, truth};
use crate::cel;
use crate::facts::Facts;
use crate::zone::Zone;

fn action() -> Action {
    let text = r#"{"id":"a-1","namespace":"incidents","tenant":"acme","provider":"log","action_type":"notify","created_at":"2026-01-01T00:00:00Z",
        "metadata":{"severity":"critical","team-name":"pay"},
        "payload":{"severity":"critical","count":3,"ratio":2.5,"none":null,"flag":true,"big":9007199254740993,"tags":["db","eu"],"host":{"name":"db-1"}}}"#;
    serde_json::from_str(text).expect("an action")
}

fn check(expression: &str, expected: &Truth) {
    let compiled = cel::compile(
        expression,
        &BTreeMap::from([("STAGE".to_owned(), "prod".to_owned())]),
    );
    let compiled = compiled.unwrap_or_else(|error| panic!("{expression}: {error}"));
    let action = action();
    let now = Timestamp::parse("2026-01-03T02:30:00Z").expect("a time");
    let found = truth(&compiled, &Facts::new(&action, now), &Zone::utc());
    let same = match (&found, expected) {
        (Truth::Error(_), Truth::Error(_)) => true,
        (found, expected) => found == expected,
    };
    assert!(same, "{expression}: {found:?}, expected {expected:?}");
}

fn error() -> Truth {
    Truth::Error(String::new())
}

#[test]
fn the_truth_table_holds_in_both_orders() {
    let (t, f) = ("action.payload.flag", "!action.payload.flag");
    let unknown = "action.payload.missing == 1";
    let fails = "1 / 0 == 1";
    let table = [
        (t, t, Truth::True, Truth::True),
        (t, f, Truth::False, Truth::True),
        (f, f, Truth::False, Truth::False),
        (t, unknown, Truth::Unknown, Truth::True),
        (f, unknown, Truth::False, Truth::Unknown),
        (unknown, unknown, Truth::Unknown, Truth::Unknown),
        (t, fails, error(), Truth::True),
        (f, fails, Truth::False, error()),
        (unknown, fails, Truth::Unknown, Truth::Unknown),
        (fails, fails, error(), error()),
    ];
    for (left, right, and, or) in table {
        for (left, right) in [(left, right), (right, left)] {
            check(&format!("({left}) && ({right})"), &and);
            check(&format!("({left}) || ({right})"), &or);
        }
    }
    for (operand, not) in [
        (t, Truth::False),
        (f, Truth::True),
        (unknown, Truth::Unknown),
        (fails, error()),
    ] {
        check(&format!("!({operand})"), &not);
    }
    for comparison in ["==", "!=", "<", "<=", ">", ">="] {
        check(
            &format!("action.payload.missing {comparison} 1"),
            &Truth::Unknown,
        );
        check(
            &format!("1 {comparison} action.payload.missing"),
            &Truth::Unknown,
        );
    }
    check(&format!("{unknown} ? true : true"), &Truth::Unknown);
    check(&format!("{fails} ? true : true"), &error());
}

#[test]
fn values_compare_by_kind_and_worth() {
    for holds in [
        "action.payload.severity == 'critical'",
        "action.payload.count == 3.0 && action.payload.count < 3.5 && action.payload.ratio > 2",
        "action.payload.big != 9007199254740992.0",
        "action.payload.severity != 3",
        "action.payload.none == null && action.payload.severity != null",
        "action.payload.tags == ['db', 'eu']",
        "action.payload['host']['name'] == 'db-1' && action.payload.tags[1] == 'eu'",
        "action.metadata['team-name'] == 'pay' && 'severity' in action.metadata",
        "'db' in action.payload.tags && !('us' in action.payload.tags) && 'name' in action.payload.host",
        "has(action.payload.none) && !has(action.payload.host.ip) && !has(action.dedup_key)",
        "size(action.payload.tags) == 2 && action.payload.severity.size() == 8 && len(action.payload.host) == 1",
        "action.payload.severity.startsWith('crit') && action.payload.severity.matches('^c.*l$') && contains(action.payload.severity, 'tic')",
        "action.payload.tags.exists(tag, tag == 'eu') && action.payload.tags.all(tag, size(tag) == 2)",
        "action.payload.tags.filter(tag, tag != 'db') == ['eu'] && action.payload.tags.map(tag, upper(tag)) == ['DB', 'EU']",
        "action.payload.tags.exists_one(tag, tag == 'db')",
        "env.STAGE == 'prod' && now == 1767407400 && time.hour == 2 && time.weekday == 'Saturday' && time.weekday_num == 6",
        "int('7') + 1 == 8 && double(1) == 1.0 && string(5) == '5' && abs(-2) == 2 && min(1, 2) == 1 && max(1, 2) == 2 && -5 % 3 == -2",
        "(action.payload.count > 2 ? 'many' : 'few') == 'many'",
        "action.created_at < '2026-06-01T00:00:00Z'",
    ] {
        check(holds, &Truth::True);
    }
    for fails in [
        "action.payload.severity > 3",
        "action.payload.severity",
        "action.payload.count.startsWith('3')",
        "-9223372036854775807 - 2 == 0",
        "action.payload.host + 1 == 2",
        "int(action.payload.severity) == 1",
    ] {
        check(fails, &error());
    }
    for unknown in [
        "action.payload.none > 3",
        "action.payload.none.contains('x')",
        "action.payload.severity.name == 1",
        "action.payload.tags[9] == 'x'",
    ] {
        check(unknown, &Truth::Unknown);
    }
}

#[test]
fn work_is_bounded() {
    let list = format!("[{}]", ["1"; 200].join(","));
    check(&format!("{list}.all(x, {list}.all(y, x == y))"), &error());
    check(&format!("{list}.map(x, {list}).size() == 200"), &error());
}

#[test]
fn what_cannot_be_meant_is_refused_when_it_is_compiled() {
    for (expression, says) in [
        ("action.payload.severity ==", "not a CEL expression"),
        ("action.colour == 'red'", "there is no field action.colour"),
        ("severity == 'critical'", "begins with action"),
        ("env.NOWHERE == 'x'", "env.NOWHERE"),
        ("action.payload.a.matches('(')", "regular expression"),
        ("action.payload.a.matches(action.payload.b)", "written out"),
        ("frobnicate(1)", "there is no function"),
        ("size(1, 2) == 1", "argument"),
        ("{'a': 1}.a == 1", "not taken"),
        ("[1].all(a, [1].all(b, [1].all(c, true)))", "nest deeper"),
        (&"(".repeat(2000), "not a CEL expression"),
        (&"a".repeat(9000), "bytes long"),
    ] {
        let error = cel::compile(expression, &BTreeMap::new()).expect_err(expression);
        assert!(error.contains(says), "{expression:.60}: {error}");
    }
}

/// Each of 300 objects differs from the one that is looked for in its last member.
#[test]
fn comparing_objects_counts_their_members() {
    let object = |last: usize| {
        let members: Vec<String> = (0..2000)
            .map(|member| {
                let value = if member == 1999 { last } else { 0 };
                format!("\"m{member:04}\":{value}")
            })
            .collect();
        format!("{{{}}}", members.join(","))
    };
    let list = (1..=300).map(object).collect::<Vec<_>>().join(",");
    let mut action = action();
    action.payload = serde_json::from_str(&format!(
        r#"{{"item":{},"list":[{list}],"empty":[{}]}}"#,
        object(0),
        vec!["{}"; 5000].join(",")
    ))
    .expect("a payload");
    for (expression, expected) in [
        ("action.payload.item in action.payload.list", None),
        (
            "action.payload.list.exists(one, one == action.payload.item)",
            None,
        ),
        ("action.payload.item in action.payload.empty", Some(false)),
        ("action.payload.item == action.payload.item", Some(true)),
        ("action.payload.list == action.payload.list", None),
    ] {
        let compiled = cel::compile(expression, &BTreeMap::new()).expect("an expression");
        let found = truth(
            &compiled,
            &Facts::new(&action, Timestamp::default()),
            &Zone::utc(),
        );
        let as_expected = match (&found, expected) {
            (Truth::Error(message), None) => message.contains("steps"),
            (Truth::True, Some(true)) | (Truth::False, Some(false)) => true,
            _ => false,
        };
        assert!(as_expected, "{expression}: {found:?}");
    }
}
