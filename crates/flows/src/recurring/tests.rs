//! Steps of recurring actions, as a table of what is stored, what time it is, and what follows.

use std::collections::BTreeMap;

use acteon_core::{ActionType, Namespace, Priority, ProviderName, Tenant, Timestamp};
use acteon_schedule::Calendars;
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;
use crate::kind::Child;

mod outages;

const MINUTE: i64 = 60_000;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("an instant")
}

fn definition(cron: &str) -> Definition {
    Definition {
        name: Some("standup".into()),
        description: None,
        labels: BTreeMap::new(),
        cron_expression: cron.into(),
        timezone: "Asia/Shanghai".into(),
        end_date: None,
        max_executions: None,
        overlap_policy: OverlapPolicy::AllowAll,
        missed_runs: MissedRuns::RunOnce,
        calendar: None,
        provider: ProviderName::parse("p").expect("a name"),
        action_type: ActionType::parse("reminder").expect("a name"),
        payload: RawValue::from_string(r#"{"content":"standup"}"#.into()).expect("JSON"),
        metadata: BTreeMap::from([("team".into(), "ops".into())]),
        template: None,
        dedup_key: Some("{{recurring_id}}-{{execution_time}}".into()),
        priority: Priority::High,
    }
}

fn begun(definition: Definition, now: &str) -> Recurring {
    Recurring::begin(definition, at(now), &Calendars::default()).expect("it begins")
}

#[test]
fn of_one_that_an_older_version_made_nobody_knows_who_did() {
    let mut recurring = begun(definition("0 9 * * *"), "2026-03-02T08:00:00Z");
    let body = recurring.to_json().expect("JSON");
    let kept = Recurring::parse(&body).expect("a body").requester;
    assert!(kept.is_empty(), "nobody asked, as was written");
    recurring.requester = "ci".into();
    let mut body: serde_json::Value =
        serde_json::from_str(&recurring.to_json().expect("JSON")).expect("JSON");
    body.as_object_mut().expect("an object").remove("requester");
    let older = Recurring::parse(&body.to_string()).expect("a body");
    assert!(older.requester.lost().is_some());
}

/// The step at an instant, and the body that it leaves.
fn step(recurring: &Recurring, now: &str, children: &[Child]) -> (Step, Recurring) {
    step_at(recurring, at(now), children)
}

fn step_at(recurring: &Recurring, now: Timestamp, children: &[Child]) -> (Step, Recurring) {
    let namespace = Namespace::parse("n").expect("a name");
    let tenant = Tenant::parse("t").expect("a name");
    let body = recurring.to_json().expect("JSON");
    let looked = Looked {
        reply: None,
        id: "r",
        namespace: &namespace,
        tenant: &tenant,
        body: &body,
        now,
        due_now: now,
        children,
        flows: &[],
        calendars: &Calendars::default(),
    };
    let step = RecurringFlow.step(&looked).expect("a step");
    let left = Recurring::parse(&step.body).expect("a body");
    (step, left)
}

fn admitted(step: &Step) -> Vec<String> {
    let id = |effect: &Effect| match effect {
        Effect::Admit { action, .. } => Some(action.id.to_string()),
        Effect::Cancel(_) | Effect::Begin { .. } | Effect::Poke(_) | Effect::Bury { .. } => None,
    };
    step.effects.iter().filter_map(id).collect()
}

/// All actions that are sent by steps at one instant, and the body that they leave.
fn run_at(recurring: &Recurring, now: &str) -> (Vec<String>, Vec<String>, Recurring) {
    let (mut sent, mut notices, mut recurring) = (Vec::new(), Vec::new(), recurring.clone());
    loop {
        let (step, left) = step(&recurring, now, &[]);
        assert!(admitted(&step).len() <= 1, "one a step");
        sent.extend(admitted(&step));
        notices.extend(step.notice);
        recurring = left;
        match recurring.next {
            Some(next) if next <= at(now) => {}
            _ => return (sent, notices, recurring),
        }
    }
}

fn id(occurrence: &str) -> String {
    format!("rec:r:{}", at(occurrence).as_millis() / 1000)
}

#[test]
fn an_occurrence_is_one_action_with_all_that_the_definition_says() {
    let recurring = begun(definition("0 9 * * MON-FRI"), "2026-11-27T00:00:00Z");
    assert_eq!(recurring.next, Some(at("2026-11-27T01:00:00Z")));
    let (step, left) = step(&recurring, "2026-11-27T01:00:01Z", &[]);
    let [Effect::Admit { action, since, .. }] = &step.effects[..] else {
        panic!("{step:?}");
    };
    assert_eq!(action.id.as_str(), id("2026-11-27T01:00:00Z"));
    assert_eq!(*since, at("2026-11-27T01:00:00Z"));
    assert_eq!(action.metadata, recurring.definition.metadata);
    assert_eq!(action.priority, Priority::High);
    assert_eq!(
        action.dedup_key.as_deref(),
        Some("r-2026-11-27T01:00:00.000Z"),
        "both places are filled"
    );
    assert_eq!(step.due, Due::At(at("2026-11-30T01:00:00Z")), "Monday");
    assert_eq!((left.executions, left.skipped), (1, 0));
    let again = step_at(&recurring, at("2026-11-27T01:00:30Z"), &[]).0;
    assert_eq!(admitted(&again), admitted(&step), "the same once more");
}

#[test]
fn what_was_missed_goes_by_its_policy() {
    let sent_after_an_hour = |policy| {
        let minutely = Definition {
            missed_runs: policy,
            ..definition("* * * * *")
        };
        let recurring = begun(minutely, "2026-11-27T00:00:30Z");
        let (sent, notices, left) = run_at(&recurring, "2026-11-27T01:00:10Z");
        assert_eq!(left.next, Some(at("2026-11-27T01:01:00Z")));
        assert_eq!(left.executions + left.skipped, 60, "each counts");
        assert_eq!(notices.is_empty(), left.skipped == 0, "it is told");
        sent
    };
    let on_time = [id("2026-11-27T00:59:00Z"), id("2026-11-27T01:00:00Z")];
    assert_eq!(sent_after_an_hour(MissedRuns::Skip), on_time);
    assert_eq!(sent_after_an_hour(MissedRuns::RunOnce), on_time[1..]);
    assert_eq!(sent_after_an_hour(MissedRuns::RunAll).len(), 60);
}

#[test]
fn a_long_time_is_made_up_for_within_bounds() {
    let minutely = Definition {
        missed_runs: MissedRuns::RunAll,
        ..definition("* * * * *")
    };
    let recurring = begun(minutely, "2025-01-01T00:00:30Z");
    let (sent, notices, left) = run_at(&recurring, "2026-11-27T01:00:10Z");
    assert_eq!(sent.len(), catch_up::MOST_MADE_UP);
    assert_eq!(sent.last(), Some(&id("2026-11-27T01:00:00Z")));
    assert!(notices[0].starts_with("more than"), "too many to count");
    assert_eq!(left.next, Some(at("2026-11-27T01:01:00Z")));
}

#[test]
fn overlaps_go_by_their_policy() {
    let run = |policy, state| {
        let mut recurring = begun(
            Definition {
                overlap_policy: policy,
                ..definition("* * * * *")
            },
            "2026-11-27T00:00:30Z",
        );
        let before = occurrence_id("r", at("2026-11-27T00:00:00Z")).expect("an id");
        recurring.last_action = Some(before.clone());
        let child = Child {
            possible_duplicate: false,
            id: before,
            state,
            outcome: None,
        };
        let (step, left) = step(&recurring, "2026-11-27T00:01:00Z", &[child]);
        let cancels = step
            .effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Cancel(_)))
            .count();
        (admitted(&step).len(), cancels, left.skipped)
    };
    assert_eq!(run(OverlapPolicy::Skip, ChildState::Open), (0, 0, 1));
    assert_eq!(run(OverlapPolicy::Skip, ChildState::Ended), (1, 0, 0));
    assert_eq!(run(OverlapPolicy::CancelOther, ChildState::Open), (1, 1, 0));
    assert_eq!(
        run(OverlapPolicy::CancelOther, ChildState::Ended),
        (1, 0, 0)
    );
    assert_eq!(run(OverlapPolicy::AllowAll, ChildState::Open), (1, 0, 0));
}

#[test]
fn it_ends_with_its_date_or_its_number() {
    let until = Definition {
        end_date: Some(at("2026-11-27T00:02:00Z")),
        ..definition("* * * * *")
    };
    let mut recurring = begun(until, "2026-11-27T00:00:30Z");
    for minute in ["2026-11-27T00:01:00Z", "2026-11-27T00:02:00Z"] {
        let (step, left) = step(&recurring, minute, &[]);
        assert_eq!(admitted(&step), [id(minute)]);
        recurring = left;
    }
    assert_eq!(
        (recurring.status, recurring.next),
        (Status::Completed, None)
    );
    let once = Definition {
        max_executions: Some(1),
        ..definition("* * * * *")
    };
    let recurring = begun(once, "2026-11-27T00:00:30Z");
    let (step, left) = step(&recurring, "2026-11-27T00:01:00Z", &[]);
    assert_eq!((admitted(&step).len(), step.due), (1, Due::Never));
    assert_eq!(left.status, Status::Completed);
}

#[test]
fn it_occurs_on_the_days_of_its_calendar() {
    let workdays = Definition {
        calendar: Some(OnDays {
            name: acteon_schedule::CN_HOLIDAYS.into(),
            workdays: true,
        }),
        ..definition("0 9 * * *")
    };
    let next = |from: &str| {
        let calendars = Calendars::default();
        let timetable = workdays.timetable(&calendars).expect("it can be read");
        timetable.after(at(from))
    };
    // National Day: the first to the seventh are holidays, and the tenth, a Saturday, is a workday in their place.
    assert_eq!(
        next("2026-09-30T02:00:00Z"),
        Some(at("2026-10-08T01:00:00Z"))
    );
    assert_eq!(
        next("2026-10-09T02:00:00Z"),
        Some(at("2026-10-10T01:00:00Z"))
    );
}

#[test]
fn without_its_calendar_it_waits_and_passes_nothing_over() {
    let on = |name: &str| {
        let name = name.into();
        let workdays = true;
        Some(OnDays { name, workdays })
    };
    let daily = Definition {
        calendar: on(acteon_schedule::CN_HOLIDAYS),
        ..definition("0 9 * * *")
    };
    let mut recurring = begun(daily, "2026-11-26T02:00:00Z");
    recurring.definition.calendar = on("company");
    let (ahead, left) = step(&recurring, "2026-11-26T03:00:00Z", &[]);
    assert_eq!(ahead.due, Due::At(at("2026-11-27T01:00:00Z")));
    let (waits, mut left) = step(&left, "2026-11-28T02:00:00Z", &[]);
    assert_eq!((waits.effects.len(), waits.status), (0, "active"));
    assert_eq!(waits.due, Due::After(std::time::Duration::from_secs(30)));
    assert_eq!((left.next, left.skipped), (recurring.next, 0));
    left.definition.calendar = on(acteon_schedule::CN_HOLIDAYS);
    let (sent, _) = step(&left, "2026-11-28T03:00:00Z", &[]);
    assert_eq!(admitted(&sent), [id("2026-11-27T01:00:00Z")], "Friday's");
}

#[test]
fn another_definition_with_the_same_times_keeps_what_is_due() {
    let mut recurring = begun(definition("0 9 * * *"), "2026-11-27T00:00:00Z");
    let now = at("2026-11-27T01:30:00Z");
    let mut other = definition("0 9 * * *");
    other.description = Some("another".into());
    let lost = recurring.redefine(other, now, &Calendars::default());
    assert_eq!(lost, Ok(false));
    assert_eq!(recurring.next, Some(at("2026-11-27T01:00:00Z")));
    let lost = recurring.redefine(definition("0 10 * * *"), now, &Calendars::default());
    assert_eq!((lost, recurring.skipped), (Ok(true), 1), "it is counted");
    assert_eq!(recurring.next, Some(at("2026-11-27T02:00:00Z")));
}

#[test]
fn a_clock_that_was_set_back_counts_nothing_twice() {
    let mut recurring = begun(definition("* * * * *"), "2026-11-27T00:00:30Z");
    for minute in ["2026-11-27T00:01:00Z", "2026-11-27T00:02:00Z"] {
        recurring = step(&recurring, minute, &[]).1;
    }
    let (step, left) = step(&recurring, "2026-11-26T23:30:00Z", &[]);
    assert!(step.effects.is_empty());
    assert_eq!(
        left.next,
        Some(at("2026-11-27T00:03:00Z")),
        "not those that were sent"
    );
}

#[test]
fn a_clock_that_was_set_back_brings_it_forward() {
    let recurring = begun(definition("0 9 * * *"), "2027-11-27T00:00:00Z");
    let (step, left) = step(&recurring, "2026-11-27T00:00:00Z", &[]);
    assert!(step.effects.is_empty());
    assert_eq!(left.next, Some(at("2026-11-27T01:00:00Z")));
}

proptest! {
    /// Whenever it is looked at, each occurrence is sent at most once, and in their order.
    #[test]
    fn whenever_it_is_looked_at_nothing_is_sent_twice(
        looks in prop::collection::vec(0..30 * MINUTE, 1..40),
        policy in 0..3_usize,
        cron in prop::sample::select(vec!["* * * * *", "*/7 * * * *", "13 * * * *"]),
    ) {
        let policies = [MissedRuns::Skip, MissedRuns::RunOnce, MissedRuns::RunAll];
        let begins = at("2026-11-27T00:00:30Z");
        let definition = Definition { missed_runs: policies[policy], ..definition(cron) };
        let mut recurring = Recurring::begin(definition, begins, &Calendars::default())
            .expect("it begins");
        let mut now = begins;
        let mut sent: Vec<String> = Vec::new();
        for look in looks {
            now = now + std::time::Duration::from_millis(look as u64);
            let (step, left) = step_at(&recurring, now, &[]);
            sent.extend(admitted(&step));
            recurring = left;
        }
        let mut sorted = sent.clone();
        sorted.sort();
        sorted.dedup();
        prop_assert_eq!(&sorted, &sent);
        prop_assert_eq!(recurring.executions, sent.len() as u64);
    }
}
