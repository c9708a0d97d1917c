//! What a change and a look cost where there are many documents.

use std::time::Duration;

use acteon_flows::chain::Definition;
use serde_json::json;

use super::*;

const MANY: usize = 20_000;

fn silence(number: usize, matchers: &serde_json::Value) -> Document {
    let body = json!({ "id": format!("s{number:06}"), "namespace": "n", "tenant": if number.is_multiple_of(2) { "acme" } else { "acme.us" },
        "matchers": matchers, "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z", "created_by": "", "comment": "",
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z" });
    let id = format!("s{number:06}");
    Document {
        kind: DocumentKind::Silence,
        name: id.clone(),
        id,
        body: body.to_string(),
        version: 1,
    }
}

fn quota(number: usize) -> Document {
    let body = json!({ "id": format!("q{number}"), "namespace": "n", "tenant": format!("t{number}"), "per_principal": false, "max_actions": 5,
        "window": "daily", "overage_behavior": "block", "enabled": true, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z" });
    let id = format!("q{number}");
    Document {
        kind: DocumentKind::Quota,
        name: id.clone(),
        id,
        body: body.to_string(),
        version: 1,
    }
}

fn action(labels: &serde_json::Value) -> Action {
    let whole = json!({ "id": "a", "namespace": "n", "tenant": "acme.us", "provider": "log", "action_type": "x", "payload": { "host": "h7" },
        "metadata": labels, "created_at": "2026-06-01T00:00:00Z" });
    serde_json::from_str(&whole.to_string()).expect("an action")
}

fn now() -> Timestamp {
    Timestamp::parse("2026-06-01T00:00:00Z").expect("a time")
}

fn found(policies: &Policies, labels: &serde_json::Value) -> Option<String> {
    let action = action(labels);
    policies
        .silences
        .matching(&Facts::new(&action, now()))
        .map(|silence| silence.id.clone())
}

/// The least of many runs: others use the machine too.
fn least(mut work: impl FnMut()) -> Duration {
    let run = |_| {
        let began = tokio::time::Instant::now();
        work();
        began.elapsed()
    };
    (0..50).map(run).min().unwrap_or_default()
}

#[test]
fn a_change_costs_what_changed_and_a_look_what_fits() {
    let by_service = |number: usize| json!([{ "name": "service", "value": format!("svc-{number}") }, { "name": "level", "value": "warn" }]);
    let documents = (0..MANY)
        .map(|number| silence(number, &by_service(number)))
        .chain((0..MANY).map(quota))
        .collect();
    let everything = DocumentChanges {
        revision: 7,
        whole: true,
        documents,
        deleted: Vec::new(),
    };
    let policies = Policies::default().with(&everything, now());
    assert_eq!(
        (policies.silences.all_count(), policies.revision),
        (MANY, Some(7))
    );
    let labels = json!({ "service": "svc-4711", "level": "warn", "team": "pay" });
    assert_eq!(found(&policies, &labels).as_deref(), Some("s004711"));
    assert_eq!(
        found(
            &policies,
            &json!({ "service": "svc-4711", "level": "info" })
        ),
        None
    );
    let of_warn = silence(
        MANY,
        &json!([{ "name": "level", "value": "warn|error", "op": "regex" }]),
    );
    let one = DocumentChanges {
        revision: 8,
        documents: vec![of_warn, quota(MANY)],
        ..DocumentChanges::default()
    };
    let changed = least(|| drop(policies.with(&one, now())));
    let looked = least(|| drop(found(&policies, &labels)));
    assert!(
        changed < Duration::from_millis(5) && looked < Duration::from_millis(2),
        "{changed:?} {looked:?}"
    );
    let policies = policies.with(&one, now());
    assert_eq!(
        found(&policies, &json!({ "level": "error" })).as_deref(),
        Some("s020000")
    );
    assert_eq!(
        found(&policies, &labels).as_deref(),
        Some("s004711"),
        "of several the first"
    );
    let gone = DocumentChanges {
        revision: 9,
        deleted: vec![(DocumentKind::Silence, "s004711".into())],
        ..DocumentChanges::default()
    };
    let policies = policies.with(&gone, now());
    assert_eq!(found(&policies, &labels).as_deref(), Some("s020000"));
    let ended = Timestamp::parse("2028-01-01T00:00:00Z").expect("a time");
    let policies = policies.with(
        &DocumentChanges {
            revision: 10,
            ..DocumentChanges::default()
        },
        ended,
    );
    assert!(
        policies.silences.is_empty_for(&action(&labels)) && policies.silences.all_count() == MANY,
        "what has ended is kept, and holds nothing back"
    );
}

#[test]
fn many_definitions_of_chains_are_put_together_once() {
    const CHAINS: usize = 4000;
    let definition = |number: usize| {
        let id = format!("c{number:04}");
        let written =
            json!({ "name": id, "steps": [{ "name": "t", "timer": { "duration_seconds": 1 } }] });
        let read = Definition::read(&written.to_string()).expect("a definition");
        Document {
            kind: DocumentKind::Chain,
            name: id.clone(),
            id,
            body: serde_json::to_string(&read).expect("JSON"),
            version: 1,
        }
    };
    let everything = DocumentChanges {
        revision: 7,
        whole: true,
        documents: (0..CHAINS).map(definition).collect(),
        deleted: Vec::new(),
    };
    let policies = Policies::default().with(&everything, now());
    assert_eq!(policies.chains.all().count(), CHAINS);
    let all = (0..CHAINS).map(|number| (DocumentKind::Chain, format!("c{number:04}")));
    let anew = DocumentChanges {
        revision: 8,
        whole: false,
        documents: vec![definition(1)],
        deleted: all.collect(),
    };
    let after = policies.with(&anew, now()).chains;
    let names: Vec<&str> = after.all().map(|chain| &*chain.name).collect();
    assert_eq!(names, ["c0001"]);
    let changed = least(|| drop(policies.with(&anew, now())));
    assert!(changed < Duration::from_millis(100), "{changed:?}");
}

#[test]
fn what_was_deleted_and_made_again_is_there() {
    let interval = json!({ "namespace": "n", "tenant": "acme", "interval": { "name": "nights", "time_ranges": [{ "times": [{ "start": "22:00", "end": "24:00" }] }] },
        "created_by": "", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z" });
    let id = "n\u{1f}acme\u{1f}nights";
    let interval = Document {
        kind: DocumentKind::TimeInterval,
        id: id.into(),
        name: id.into(),
        body: interval.to_string(),
        version: 1,
    };
    let toggle = json!({ "name": "r", "enabled": false }).to_string();
    let toggle = Document {
        kind: DocumentKind::RuleToggle,
        id: "r".into(),
        name: "r".into(),
        body: toggle,
        version: 1,
    };
    let documents = vec![
        interval,
        toggle,
        silence(1, &json!([{ "name": "team", "value": "a" }])),
    ];
    let deleted: Vec<_> = documents
        .iter()
        .map(|document| (document.kind, document.id.clone()))
        .collect();
    let before = DocumentChanges {
        revision: 10,
        whole: true,
        documents: documents.clone(),
        deleted: Vec::new(),
    };
    let before = Policies::default().with(&before, now());
    // What was read since: each was deleted, and then made again under the same id.
    let after = before.with(
        &DocumentChanges {
            revision: 16,
            whole: false,
            documents,
            deleted,
        },
        now(),
    );
    for policies in [before, after] {
        let nights = policies
            .intervals
            .find(&action(&json!({})), "nights")
            .is_some();
        assert_eq!(
            (
                nights,
                policies.toggles.len(),
                policies.silences.all_count()
            ),
            (true, 1, 1),
            "at {:?}",
            policies.revision
        );
    }
}

#[test]
fn what_was_found_of_silences_holds_until_one_begins_or_documents_change() {
    let begins = |text: &str| Timestamp::parse(text).expect("a time");
    let mut later = silence(0, &json!([{ "name": "level", "value": "warn" }]));
    later.body = later.body.replace(
        "2026-01-01T00:00:00Z\",\"tenant",
        "2026-06-01T00:01:00Z\",\"tenant",
    );
    assert!(
        later.body.contains("2026-06-01T00:01:00Z"),
        "{}",
        later.body
    );
    let everything = DocumentChanges {
        revision: 1,
        whole: true,
        documents: vec![later],
        deleted: Vec::new(),
    };
    let policies = Policies::default().with(&everything, now());
    let action = action(&json!({ "level": "warn", "team": "pay" }));
    let mut known = None;
    let mut looks = |policies: &Policies, now| {
        policies
            .hold_back(&action, &action.provider, None, now, &mut known)
            .is_some()
    };
    assert!(!looks(&policies, now()));
    assert!(!looks(&policies, begins("2026-06-01T00:00:59.999Z")));
    assert!(
        looks(&policies, begins("2026-06-01T00:01:00Z")),
        "it has begun"
    );
    assert!(!looks(&policies, now()), "the clock was set back");
    let another = DocumentChanges {
        revision: 2,
        documents: vec![silence(2, &json!([{ "name": "team", "value": "pay" }]))],
        ..everything
    };
    let another = DocumentChanges {
        whole: false,
        ..another
    };
    assert!(
        looks(&policies.with(&another, now()), now()),
        "it was made meanwhile"
    );
}

#[test]
fn a_silence_that_is_changed_keeps_its_compiled_patterns_and_one_far_beyond_the_limit_is_left_out()
{
    let of = |number: usize, pattern: &str| {
        silence(
            number,
            &json!([{ "name": "level", "value": pattern, "op": "regex" }]),
        )
    };
    let change = |documents| DocumentChanges {
        revision: 1,
        documents,
        ..DocumentChanges::default()
    };
    let policies = Policies::default().with(&change(vec![of(0, "w.*")]), now());
    let compiled = std::cell::Cell::new(0);
    let known = |_: &str| {
        compiled.set(compiled.get() + 1);
        None
    };
    let policies = policies.with_compiled(&change(vec![of(0, "w.*"), of(1, "w.*")]), now(), &known);
    assert_eq!(compiled.get(), 0, "neither was compiled again");
    // Each takes almost a megabyte.
    let many = (2..200)
        .map(|number| of(number, &format!(r"\w{{45}}{number}")))
        .collect();
    let policies = policies.with(&change(many), now());
    assert!(
        policies.silences.patterns_bytes() <= 128 * 1024 * 1024,
        "{}",
        policies.silences.patterns_bytes()
    );
    assert_eq!(policies.silences.all_count(), 200);
    assert_eq!(
        found(&policies, &json!({ "level": "warn" })).as_deref(),
        Some("s000000")
    );
}

#[test]
fn all_searches_of_a_decision_have_a_bound_together() {
    let spec = acteon_rules::MatcherSpec {
        name: "action.payload.host".into(),
        value: ".*id-7.*".into(),
        op: acteon_rules::MatchOp::Regex,
    };
    let matcher = Matcher::compile(&spec).expect("a matcher");
    let mut action = action(&json!({}));
    action.payload =
        serde_json::value::to_raw_value(&json!({ "host": "h".repeat(64 * 1024) })).expect("JSON");
    let facts = Facts::new(&action, now());
    let answers: Vec<_> = (0..1100).map(|_| matcher.matches(&facts)).collect();
    assert_eq!(answers[0], Some(false));
    assert_eq!(answers[1099], None);
}
